"""Authenticator apps at the sign-in: a code, and setting one up."""

from typing import Any

from idp.factors import totp
from idp.factors.answers import Answer, ConsumeStep, Proven
from idp.login.enrolment import Enrolment, EnrolmentAttempt, NewCredential
from idp.login.second_factor import FactorAttempt, SecondFactorStep, secret_context
from idp.login.situation import Situation
from idp.login.state import Enrolling
from idp.login.steps import EnrolPage, Message, Page
from idp.outbound.letters import Letters
from idp.tokens.sealing import Sealer


class TotpStep(SecondFactorStep):
    """The code of one of the person's apps."""

    factor = "totp"

    def __init__(self, sealer: Sealer, letters: Letters) -> None:
        super().__init__(letters)
        self._sealer = sealer

    def verify(self, attempt: FactorAttempt) -> Answer:
        """Look for an app whose code it is."""
        known, configured = attempt.known, attempt.situation.realm.factors.totp
        apps = [
            totp.Authenticator(
                f.id, self._sealer.open(f.secret, secret_context(known.user.id, f.id)).decode(), f.counter
            )
            for f in known.of_factor("totp")
        ]
        window = configured.window if configured else 0
        return totp.verify(apps, attempt.answer, now=attempt.situation.now, window=window)


class TotpEnrolment(Enrolment):
    """The code must be of the secret that this sign-in showed; it is used up by enrolling."""

    factor = "totp"

    def prepare(self, now: int) -> str:
        """A secret of our own making, new for every sign-in."""
        return totp.new_secret()

    def page(self, situation: Situation, common: dict[str, Any]) -> Page:
        """The QR code, and all that it says."""
        configured = situation.realm.factors.totp
        user = situation.known.user if situation.known else None
        issuer = (configured and configured.issuer) or situation.realm.title
        account = (user and (user.email or user.username)) or ""
        secret = enrolling(situation).secret
        uri = totp.key_uri(secret, issuer=issuer, account=account)
        return EnrolPage(**common, secret=secret, uri=uri, issuer=issuer, account=account)

    def prove(self, attempt: EnrolmentAttempt) -> NewCredential | Message:
        """Whether app and server agree."""
        situation, under_way = attempt.situation, enrolling(attempt.situation)
        configured = situation.realm.factors.totp
        if configured is None:
            return Message("error.stale-form")
        app = totp.Authenticator(under_way.credential_id, under_way.secret, counter=0)
        answer = totp.verify([app], attempt.answer, now=situation.now, window=configured.window)
        if not isinstance(answer, Proven):
            return Message(answer.message)
        step = answer.consume.step if isinstance(answer.consume, ConsumeStep) else 0
        return NewCredential(secret=under_way.secret, counter=step)


def enrolling(situation: Situation) -> Enrolling:
    """What is being set up."""
    if situation.state.enrolling is None:
        raise AssertionError("nothing is being set up")
    return situation.state.enrolling
