"""Setting up a second factor within the sign-in that demands or wishes it: chosen, proven, and only then added."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from idp.events.catalogue import Event
from idp.login import gate
from idp.login.recovery_codes import make_codes
from idp.login.second_factor import TRUST, secret_context
from idp.login.situation import Situation
from idp.login.state import Enrolling, SignIn
from idp.login.steps import ChoicePage, Message, Page
from idp.outbound.letters import Letters
from idp.outbound.notices import Notice
from idp.policy.enrolling import shut_gates
from idp.policy.proofs import Proof
from idp.realm.factor_sections import RECOVERY
from idp.store import factors, guesses, people, users
from idp.store.database import Transaction
from idp.tokens.sealing import Sealer

LONGEST_LABEL = 100


@dataclass(frozen=True, slots=True)
class NewCredential:
    """What proved itself. `secret` is sealed and kept, `counter` is where its first answer stands."""

    secret: str = field(repr=False)
    counter: int = 0
    handle: bytes | None = None
    verified: bool = False
    synced: bool = False


@dataclass(slots=True)
class EnrolmentAttempt:
    """The first answer of a new factor, the name that its owner gives it, and which guess it is where those count.

    `is_guess`: false where nobody could evaluate it.
    """

    situation: Situation
    answer: str = field(repr=False)
    label: str
    trust: bool
    counted: int = 0
    is_guess: bool = True
    new: NewCredential | None = None


class Enrolment:
    """One factor. What proves it must fit what this sign-in prepared."""

    factor: str
    form_field = "code"
    longest_answer = 100
    empty = "error.empty"

    def __init__(self, sealer: Sealer, letters: Letters) -> None:
        self.sealer = sealer
        self.letters = letters

    def prepare(self, now: int) -> str:
        """What the new factor will be proven with: kept in the sealed state until then."""
        raise NotImplementedError

    def is_outdated(self, prepared: str, now: int) -> bool:
        """Whether it must be prepared anew."""
        return False

    def page(self, situation: Situation, common: dict[str, Any]) -> Page:
        """How it is set up."""
        raise NotImplementedError

    def prove(self, attempt: EnrolmentAttempt) -> NewCredential | Message:
        """What is to be kept, or what is wrong with the answer. May be slow."""
        raise NotImplementedError

    def begin(self, tx: Transaction, situation: Situation, form: Mapping[str, str]) -> Any:
        """An attempt, or a message. Nothing is counted: what is to be shown stands on the page, or in the device."""
        answer, label = form.get(self.form_field, ""), label_of(form)
        if not answer.strip():
            return Message(self.empty)
        if len(answer) > self.longest_answer or len(label) > LONGEST_LABEL:
            return Message("error.too-long")
        return EnrolmentAttempt(situation, answer, label, trust=form.get(TRUST) == "yes")

    def evaluate(self, attempt: EnrolmentAttempt) -> Message | None:
        """Whether the new factor works."""
        new = self.prove(attempt)
        if isinstance(new, Message):
            return new
        attempt.new = new
        return None

    def refused(self, tx: Transaction, attempt: Any) -> None:
        """Nothing."""

    def apply(self, tx: Transaction, situation: Situation, attempt: EnrolmentAttempt) -> SignIn | Message:
        """Add it, unless the person came to own a factor meanwhile: whoever owns one proves it first."""
        state, realm, now, new = situation.state, situation.realm, situation.now, attempt.new
        enrolling = state.enrolling
        if state.user_id is None or enrolling is None or new is None:
            return Message("error.stale-form")
        users.lock(tx, state.user_id)
        known = people.by_id(tx, realm.name, state.user_id)
        demand = gate.demand(
            realm,
            situation.client,
            known=known,
            session=situation.session,
            trusted=situation.trusted,
            state=state,
            browser=situation.browser,
            now=now,
        )
        if known is None or known.user.epoch != state.epoch or enrolling.factor not in demand.enrol:
            return Message("error.stale-form")
        if any(f.id == enrolling.credential_id for f in known.factors):
            return Message("error.stale-form")
        # Whoever brings the identifier of another person's passkey has made it up (WebAuthn section 7.1, step 26).
        if new.handle is not None and factors.is_known(tx, handle=new.handle):
            return Message("error.passkey")
        factors.add(
            tx,
            known.user.id,
            credential_id=enrolling.credential_id,
            factor=enrolling.factor,
            label=attempt.label,
            secret=self.sealer.seal(new.secret.encode(), secret_context(known.user.id, enrolling.credential_id)),
            counter=new.counter,
            handle=new.handle,
            now=now,
        )
        if known.person(realm).owned:
            guesses.forgive_second_factor(tx, known.user.id, enrolling.factor)
        else:
            # A sheet alone may have been shut by wrong guesses: what is enrolled anew is not shut.
            guesses.clear_second_factors(tx, known.user.id)
        who = {"realm": realm.name, "user_id": known.user.id, "username": known.user.username}
        tx.emit(Event.FACTOR_ENROLLED, **who, factor=enrolling.factor, credential_id=enrolling.credential_id)
        told = {"factor": enrolling.factor, "label": attempt.label}
        self.letters.notice(tx, realm, known.user, Notice.FACTOR_ADDED, now=now, **told)
        # A sheet is not bought by what its rules do not take: neither here nor at the account.
        proofs = (*(situation.session.proofs if situation.session else ()), *state.given)
        shut = shut_gates(realm, known.person(realm), RECOVERY, proofs=proofs, now=now)
        codes = None if known.recovery_left or shut else make_codes(tx, realm, known.user)
        proof = Proof(enrolling.factor, now, enrolling.credential_id, new.verified, new.synced)
        added = replace(state.with_proof(proof), enrolling=None, notice=codes, trust=attempt.trust)
        return replace(added, adding="", added=True) if state.adding == enrolling.factor else added


@dataclass(frozen=True, slots=True)
class Choice:
    """The factor that somebody chose to set up."""

    factor: str


class ChooseFactor:
    """Of several that would do, the person chooses."""

    def __init__(self, enrolments: Mapping[str, Enrolment]) -> None:
        self._enrolments = enrolments

    def page(self, situation: Situation, common: dict[str, Any]) -> Page:
        """What there is to choose from."""
        return ChoicePage(**common, factors=situation.demand.enrol)

    def begin(self, tx: Transaction, situation: Situation, form: Mapping[str, str]) -> Choice | Message:
        """One of those that were offered."""
        factor = form.get("factor", "")
        return Choice(factor) if factor in situation.demand.enrol else Message("error.empty")

    def evaluate(self, attempt: Choice) -> Message | None:
        """None of them is wrong."""
        return None

    def refused(self, tx: Transaction, attempt: Choice) -> None:
        """Nothing."""

    def apply(self, tx: Transaction, situation: Situation, attempt: Choice) -> SignIn | Message:
        """Prepare it."""
        return replace(
            situation.state, enrolling=begin_enrolling(self._enrolments[attempt.factor], situation.now), sent=None
        )


def begin_enrolling(enrolment: Enrolment, now: int) -> Enrolling:
    """A new factor of that kind, of no use before it is proven."""
    return Enrolling(enrolment.factor, str(uuid.uuid4()), enrolment.prepare(now))


def prepared(state: SignIn, enrol: tuple[str, ...], enrolments: Mapping[str, Enrolment], now: int) -> SignIn:
    """What is to be set up: kept while it is still among `enrol`, begun where there is nothing to choose."""
    under_way = state.enrolling
    if under_way and under_way.factor in enrol:
        enrolment = enrolments[under_way.factor]
        if not enrolment.is_outdated(under_way.secret, now):
            return state
        return replace(state, enrolling=replace(under_way, secret=enrolment.prepare(now)))
    if not enrol:
        return state
    only = enrol[0] if len(enrol) == 1 else None
    return replace(state, enrolling=begin_enrolling(enrolments[only], now) if only else None, sent=None)


def label_of(form: Mapping[str, str]) -> str:
    """The name that its owner gives a factor, on one line and without characters that nobody sees."""
    return "".join(c for c in " ".join(form.get("label", "").split()) if c.isprintable())
