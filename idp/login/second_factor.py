"""The second-factor step: a TOTP code or a recovery code of the person whom the first proof has named."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from idp.events.catalogue import Event
from idp.events.log import emit
from idp.factors import recovery_codes, totp
from idp.factors.answers import Answer, ConsumeRecoveryCode, ConsumeStep, Proven, Wrong
from idp.login.situation import Situation
from idp.login.state import SignIn
from idp.login.steps import Message
from idp.policy.lockout import SECOND_FACTOR_SHUT_AT, second_factor_wait
from idp.policy.proofs import Proof
from idp.store import factors, guesses
from idp.store.database import Transaction
from idp.store.people import Known
from idp.tokens.sealing import Sealer

_LONGEST_ANSWER = 100


def secret_context(user_id: str, credential_id: str) -> str:
    """What a sealed factor secret is bound to: copied to another person's row it does not open."""
    return f"factor:{user_id}:{credential_id}"


@dataclass(slots=True)
class FactorAttempt:
    """An answer, which guess it is since the last right one, and, once evaluated, what it proves."""

    situation: Situation
    known: Known
    answer: str = field(repr=False)
    counted: int
    proven: Proven | None = None


class SecondFactorStep:
    """One factor; the guesses of all of them are counted together, per person."""

    def __init__(self, factor: str, form_field: str, sealer: Sealer) -> None:
        self._factor = factor
        self._field = form_field
        self._sealer = sealer

    def begin(self, tx: Transaction, situation: Situation, form: Mapping[str, str]) -> FactorAttempt | Message:
        """Count the guess before anybody looks at it."""
        known, answer = situation.known, form.get(self._field, "")
        if known is None:
            raise AssertionError("a second factor is asked for after the first proof only")
        if not answer.strip():
            return Message("error.empty")
        if len(answer) > _LONGEST_ANSWER:
            return Message("error.too-long")
        subject = guesses.second_factor_subject(known.user.id)
        counted = guesses.count(tx, subject, now=situation.now, wait=second_factor_wait)
        if counted is None:
            seconds = guesses.blocked_for(tx, subject, situation.now)
            return Message("error.second-factor-wait", {"seconds": seconds})
        return FactorAttempt(situation, known, answer, counted)

    def evaluate(self, attempt: FactorAttempt) -> Message | None:
        """Compare; what is right counts only once it was used up."""
        answer = self._verify(attempt)
        if isinstance(answer, Wrong):
            if attempt.counted == SECOND_FACTOR_SHUT_AT:
                emit(Event.FACTORS_SHUT, **_who(attempt.situation, attempt.known))
            return self._refuse(attempt.situation, attempt.known, answer.message)
        attempt.proven = answer
        return None

    def apply(self, tx: Transaction, situation: Situation, attempt: FactorAttempt) -> SignIn | Message:
        """Use the code up; of many requests with one code, one goes on."""
        known, now, proven = attempt.known, situation.now, attempt.proven
        if proven is None:
            raise AssertionError("only a right answer is applied")
        if not _consume(tx, known, proven.consume, now):
            used = "error.code-used" if self._factor == "totp" else "error.recovery-code"
            return self._refuse(situation, known, used)
        guesses.clear(tx, guesses.second_factor_subject(known.user.id))
        tx.emit(
            Event.FACTOR_ACCEPTED,
            **_who(situation, known),
            factor=self._factor,
            credential_id=proven.credential_id,
        )
        state = situation.state.with_proof(Proof(self._factor, now, proven.credential_id))
        configured = situation.realm.factors.recovery_codes
        left = known.recovery_left - 1
        if self._factor == "recovery-codes" and configured and left <= configured.warn_at:
            return replace(state, notice=left)
        return state

    def _verify(self, attempt: FactorAttempt) -> Answer:
        situation, known = attempt.situation, attempt.known
        if self._factor == "recovery-codes":
            return recovery_codes.verify(attempt.answer, user_id=known.user.id)
        window = situation.realm.factors.totp.window if situation.realm.factors.totp else 0
        apps = [
            totp.Authenticator(
                f.id, self._sealer.open(f.secret, secret_context(known.user.id, f.id)).decode(), f.last_step
            )
            for f in known.of_factor("totp")
        ]
        return totp.verify(apps, attempt.answer, now=situation.now, window=window)

    def _refuse(self, situation: Situation, known: Known, message: str) -> Message:
        emit(Event.FACTOR_REFUSED, **_who(situation, known), factor=self._factor, reason=message.removeprefix("error."))
        return Message(message)


def _consume(tx: Transaction, known: Known, used: ConsumeStep | ConsumeRecoveryCode, now: int) -> bool:
    if isinstance(used, ConsumeStep):
        return factors.consume_step(tx, used.credential_id, step=used.step, now=now)
    return factors.consume_recovery_code(tx, known.user.id, digest=used.digest, now=now)


def _who(situation: Situation, known: Known) -> dict[str, str]:
    return {
        "realm": situation.realm.name,
        "user_id": known.user.id,
        "username": known.user.username,
        "client_id": situation.client.client_id,
    }
