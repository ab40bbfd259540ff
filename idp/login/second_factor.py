"""What every second-factor step shares: a guess is counted, evaluated, and what it proves is used up, in that order."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from idp.events.catalogue import Event
from idp.events.log import emit
from idp.factors.answers import (
    Answer,
    ConsumeCounter,
    ConsumeRecoveryCode,
    ConsumeStep,
    Proven,
    Wrong,
)
from idp.login.handles import Handles, Overtaken
from idp.login.situation import Situation
from idp.login.state import SignIn
from idp.login.steps import Message, Page
from idp.outbound.letters import Letters
from idp.outbound.notices import Notice
from idp.policy.lockout import SECOND_FACTOR_SHUT_AT, second_factor_wait
from idp.policy.proofs import Proof
from idp.store import factors, guesses
from idp.store.database import Transaction
from idp.store.people import Known

TRUST = "trust"


def secret_context(user_id: str, credential_id: str) -> str:
    """What a sealed factor secret is bound to: copied to another person's row it does not open."""
    return f"factor:{user_id}:{credential_id}"


@dataclass(slots=True)
class FactorAttempt:
    """An answer, which guess it is since the last right one, and, once evaluated, what it proves.

    `trust`: whether the person wants this browser to be trusted. `is_guess`: false where nobody could evaluate it.
    """

    situation: Situation
    known: Known
    answer: str = field(repr=False)
    counted: int
    trust: bool
    proven: Proven | None = None
    is_guess: bool = True


class Counted(Protocol):
    """An answer that was counted as a guess; `is_guess`: false where nobody could evaluate it."""

    situation: Situation
    counted: int
    is_guess: bool


class SecondFactorStep:
    """One factor; the guesses of all of them are counted together, per person."""

    factor: str
    form_field = "code"
    longest_answer = 100
    empty = "error.empty"
    used = "error.code-used"
    """What a right answer is told that another request used up first."""

    def __init__(self, letters: Letters) -> None:
        self.letters = letters

    def page(self, situation: Situation, common: dict[str, Any]) -> Page:
        """A form with one field."""
        return Page(**common)

    def begin(self, tx: Transaction, situation: Situation, form: Mapping[str, str]) -> Any:
        """Count the guess before anybody looks at it: an attempt, or a message. Other steps begin otherwise."""
        known, answer = situation.known, form.get(self.form_field, "")
        if known is None:
            raise AssertionError("a second factor is asked for after the first proof only")
        if not answer.strip():
            return Message(self.empty)
        if len(answer) > self.longest_answer:
            return Message("error.too-long")
        counted = count(tx, situation, known, self.factor)
        if isinstance(counted, Message):
            return counted
        return FactorAttempt(situation, known, answer, counted, trust=form.get(TRUST) == "yes")

    def evaluate(self, attempt: FactorAttempt) -> Message | None:
        """Compare; what is right counts only once it was used up."""
        answer = self.verify(attempt)
        if isinstance(answer, Proven):
            attempt.proven = answer
            return None
        attempt.is_guess = isinstance(answer, Wrong)
        return self.refuse(attempt, answer.message)

    def refused(self, tx: Transaction, attempt: Any) -> None:
        """The guess has its consequences."""
        after_wrong(tx, self.letters, attempt, attempt.known, self.factor)

    def apply(self, tx: Transaction, situation: Situation, attempt: FactorAttempt) -> SignIn | Message:
        """Use the answer up; of many requests with one answer, one goes on. Raises Overtaken."""
        known, proven = attempt.known, attempt.proven
        if proven is None:
            raise AssertionError("only a right answer is applied")
        if problem := self.consume(tx, attempt, proven):
            if Handles.is_overtaken(tx, situation.under):
                raise Overtaken
            tell_shut(tx, self.letters, situation, known, attempt.counted)
            return self.refuse(attempt, problem)
        guesses.forgive_second_factor(tx, known.user.id, self.factor)
        accepted = {"factor": self.factor, "credential_id": proven.credential_id}
        tx.emit(Event.FACTOR_ACCEPTED, **who(situation, known), **accepted)
        proof = Proof(self.factor, situation.now, proven.credential_id, proven.verified, proven.synced)
        return self.accepted(tx, attempt, replace(situation.state.with_proof(proof), trust=attempt.trust))

    def verify(self, attempt: FactorAttempt) -> Answer:
        """Whether the answer is right, if it can still be used up. May be slow."""
        raise NotImplementedError

    def consume(self, tx: Transaction, attempt: FactorAttempt, proven: Proven) -> str | None:
        """Use up what was proven; what to say when another request did so first."""
        now = attempt.situation.now
        match proven.consume:
            case ConsumeStep() as used:
                is_ours = factors.consume_step(tx, used.credential_id, step=used.step, now=now)
            case ConsumeRecoveryCode() as used:
                is_ours = factors.consume_recovery_code(tx, attempt.known.user.id, digest=used.digest, now=now)
            case ConsumeCounter() as used:
                is_ours = factors.consume_counter(tx, used.credential_id, counter=used.counter, now=now)
            case _:
                is_ours = factors.use(tx, proven.credential_id, now)
        return None if is_ours else self.used

    def accepted(self, tx: Transaction, attempt: FactorAttempt, state: SignIn) -> SignIn:
        """What else follows from it."""
        return state

    def refuse(self, attempt: FactorAttempt, message: str) -> Message:
        """A wrong answer, with its event."""
        reason = message.removeprefix("error.")
        emit(Event.FACTOR_REFUSED, **who(attempt.situation, attempt.known), factor=self.factor, reason=reason)
        # That warning is worth more than how long to wait.
        is_waiting = attempt.is_guess and message != "error.passkey-copied"
        return (waiting(attempt.counted) if is_waiting else None) or Message(message)


def count(tx: Transaction, situation: Situation, known: Known, factor: str) -> int | Message:
    """Count a guess against the person, over all second factors: which one it is, or how long it has to wait.

    Raises Overtaken, and nothing is counted or evaluated, where this sign-in has gone on meanwhile. Whatever is counted
    waits for a right answer that forgives, so each copy of that answer is either forgiven with it or comes to this.
    """
    now = situation.now
    counted = guesses.count_second_factor(tx, known.user.id, factor, now=now, wait=second_factor_wait)
    if Handles.is_overtaken(tx, situation.under):
        raise Overtaken
    if counted is None:
        tx.emit(Event.FACTOR_REFUSED, **who(situation, known), factor=factor, reason="slowed")
        seconds = guesses.blocked_for(tx, guesses.second_factor_subject(known.user.id), now)
        return Message("error.second-factor-wait", {"seconds": seconds})
    return counted


def waiting(counted: int) -> Message | None:
    """What whoever has guessed wrong is told, where the next guess has to wait."""
    if counted >= SECOND_FACTOR_SHUT_AT:
        return Message("error.second-factor-shut")
    seconds = second_factor_wait(counted)
    return Message("error.second-factor-wait", {"seconds": seconds}) if seconds else None


def after_wrong(tx: Transaction, letters: Letters, attempt: Counted, known: Known, factor: str) -> None:
    """After the last of too many guesses, nothing is evaluated any more; what was none is counted no more."""
    if attempt.is_guess:
        tell_shut(tx, letters, attempt.situation, known, attempt.counted)
    else:
        guesses.uncount_second_factor(tx, known.user.id, factor, counted=attempt.counted)


def tell_shut(tx: Transaction, letters: Letters, situation: Situation, known: Known, counted: int) -> None:
    """Tell the person, who may not be the one who guessed, where this wrong guess was the last."""
    if counted == SECOND_FACTOR_SHUT_AT:
        tx.emit(Event.FACTORS_SHUT, **who(situation, known))
        letters.notice(tx, situation.realm, known.user, Notice.FACTORS_SHUT, now=situation.now)


def who(situation: Situation, known: Known) -> dict[str, str]:
    """Whom an event is about."""
    return {
        "realm": situation.realm.name,
        "user_id": known.user.id,
        "username": known.user.username,
        "client_id": situation.client.client_id,
    }
