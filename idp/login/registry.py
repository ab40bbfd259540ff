"""The steps of a sign-in, a line each."""

from typing import Any

from idp.factors.password import Passwords
from idp.login.consent import ConsentStep
from idp.login.enrolment import ChooseFactor, Enrolment
from idp.login.invitation import InvitationStep
from idp.login.password import PasswordStep
from idp.login.recovery_codes import FewCodes, NewCodes, RecoveryCodeStep
from idp.login.sent_codes import Sender, SentCodeEnrolment, SentCodeStep
from idp.login.situation import CHOOSE, CONSENT, ENROL, FEW_CODES, INVITATION, NEW_CODES, StepHandler
from idp.login.totp import TotpEnrolment, TotpStep
from idp.login.webauthn import PasskeyEnrolment, PasskeyStep
from idp.outbound.codes import Codes
from idp.outbound.letters import Letters
from idp.tokens.sealing import Sealer


class Steps:
    """`by_name`: every step by the name that its form sends. `enrolments`: how each factor is set up."""

    def __init__(
        self, *, passwords: Passwords, sealer: Sealer, codes: Codes, letters: Letters, public_url: str
    ) -> None:
        sms, email = Sender("sms", codes), Sender("email", codes)
        enrolments: tuple[Enrolment, ...] = (
            PasskeyEnrolment(sealer, letters, public_url),
            TotpEnrolment(sealer, letters),
            SentCodeEnrolment(sms, sealer, letters),
            SentCodeEnrolment(email, sealer, letters),
        )
        passkeys = PasskeyStep(sealer, letters, public_url)
        self.enrolments = {enrolment.factor: enrolment for enrolment in enrolments}
        self.by_name: dict[str, StepHandler[Any]] = {
            "password": PasswordStep(passwords, sealer, passkeys),
            "webauthn": passkeys,
            "totp": TotpStep(sealer, letters),
            "sms": SentCodeStep(sms, sealer, letters),
            "email": SentCodeStep(email, sealer, letters),
            "recovery-codes": RecoveryCodeStep(letters),
            CHOOSE: ChooseFactor(self.enrolments),
            **{ENROL[factor]: enrolment for factor, enrolment in self.enrolments.items()},
            NEW_CODES: NewCodes(),
            FEW_CODES: FewCodes(),
            INVITATION: InvitationStep(),
            CONSENT: ConsentStep(),
        }
