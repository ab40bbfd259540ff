"""Setting up an authenticator app within the sign-in that demands one."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from idp.events.catalogue import Event
from idp.factors import recovery_codes, totp
from idp.factors.answers import ConsumeStep, Wrong
from idp.login import gate
from idp.login.second_factor import secret_context
from idp.login.situation import Situation
from idp.login.state import Enrolling, SignIn
from idp.login.steps import Message
from idp.policy.proofs import Proof
from idp.store import factors, guesses, people, users
from idp.store.database import Transaction
from idp.tokens.sealing import Sealer

_LONGEST_LABEL = 100
_LONGEST_CODE = 100


def begin_enrolling(factor: str) -> Enrolling:
    """A secret of our own making, new for every sign-in, of no use until a code proves it."""
    return Enrolling(factor, str(uuid.uuid4()), totp.new_secret())


def issuer_and_account(situation: Situation) -> tuple[str, str]:
    """What the app shows: whose account, and which."""
    configured = situation.realm.factors.totp
    user = situation.known.user if situation.known else None
    return (configured and configured.issuer) or situation.realm.title, (user and (user.email or user.username)) or ""


@dataclass(slots=True)
class EnrolmentAttempt:
    """The first code of a new app, and the name that its owner gives it."""

    situation: Situation
    code: str = field(repr=False)
    label: str
    step: int | None = None


class TotpEnrolment:
    """The code must be of the secret that this sign-in showed; it is used up by enrolling."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def begin(self, tx: Transaction, situation: Situation, form: Mapping[str, str]) -> EnrolmentAttempt | Message:
        """Nothing is counted: the secret stands on the page."""
        code, label = form.get("code", ""), " ".join(form.get("label", "").split())
        if not code.strip():
            return Message("error.empty")
        if len(code) > _LONGEST_CODE or len(label) > _LONGEST_LABEL:
            return Message("error.too-long")
        printable = "".join(c for c in label if c.isprintable())
        return EnrolmentAttempt(situation, code, printable)

    def evaluate(self, attempt: EnrolmentAttempt) -> Message | None:
        """Whether app and server agree."""
        enrolling, configured = attempt.situation.state.enrolling, attempt.situation.realm.factors.totp
        if enrolling is None or configured is None:
            return Message("error.stale-form")
        app = totp.Authenticator(enrolling.credential_id, enrolling.secret, last_step=0)
        answer = totp.verify([app], attempt.code, now=attempt.situation.now, window=configured.window)
        if isinstance(answer, Wrong):
            return Message(answer.message)
        if isinstance(answer.consume, ConsumeStep):
            attempt.step = answer.consume.step
        return None

    def apply(self, tx: Transaction, situation: Situation, attempt: EnrolmentAttempt) -> SignIn | Message:
        """Add the app, unless the person came to own a factor meanwhile: whoever owns one proves it first."""
        state, realm, now = situation.state, situation.realm, situation.now
        enrolling = state.enrolling
        if state.user_id is None or enrolling is None or attempt.step is None:
            return Message("error.stale-form")
        users.lock(tx, state.user_id)
        known = people.by_id(tx, realm.name, state.user_id)
        earlier = situation.session.proofs if situation.session else ()
        demand = gate.demand(
            realm,
            known=known,
            client=situation.client,
            request=state.request,
            earlier=earlier,
            given=state.given,
            now=now,
        )
        if known is None or known.user.epoch != state.epoch or enrolling.factor not in demand.enrol:
            return Message("error.stale-form")
        factors.add(
            tx,
            known.user.id,
            credential_id=enrolling.credential_id,
            factor=enrolling.factor,
            label=attempt.label,
            secret=self._sealer.seal(enrolling.secret.encode(), secret_context(known.user.id, enrolling.credential_id)),
            last_step=attempt.step,
            now=now,
        )
        # Recovery codes alone may have been shut by wrong guesses: what is enrolled anew is not shut.
        guesses.clear(tx, guesses.second_factor_subject(known.user.id))
        who = {"realm": realm.name, "user_id": known.user.id, "username": known.user.username}
        tx.emit(Event.FACTOR_ENROLLED, **who, factor=enrolling.factor, credential_id=enrolling.credential_id)
        codes = None
        if realm.factors.recovery_codes and not known.recovery_left:
            codes = recovery_codes.new_codes(realm.factors.recovery_codes.count)
            digests = [recovery_codes.stored(code, user_id=known.user.id) for code in codes]
            factors.replace_recovery_codes(tx, known.user.id, digests)
            tx.emit(Event.RECOVERY_CODES_MADE, **who, count=len(codes))
        proof = Proof(enrolling.factor, now, enrolling.credential_id)
        return replace(state.with_proof(proof), enrolling=None, notice=codes)
