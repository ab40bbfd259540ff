"""Passkeys at the sign-in: in place of the password, as the second factor, and setting one up."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from idp.factors import webauthn
from idp.factors.answers import Answer, Proven, Wrong
from idp.factors.webauthn import Party, Passkey
from idp.login.enrolment import Enrolment, EnrolmentAttempt, NewCredential
from idp.login.identifying import identified
from idp.login.second_factor import TRUST, FactorAttempt, SecondFactorStep, secret_context
from idp.login.situation import Situation
from idp.login.state import SignIn
from idp.login.steps import Message, Page, PasskeyPage
from idp.outbound.letters import Letters
from idp.realm.schema import Realm
from idp.store import factors, people, used_identifiers
from idp.store.database import Transaction
from idp.tokens.sealing import Sealer

# Seconds: a page may stand for longer, and gets another challenge then (WebAuthn section 13.4.3 wants them short).
CHALLENGE_LASTS = 300


def party_of(realm: Realm, public_url: str) -> Party:
    """Who asks. Passkeys are bound to the host of the public URL: under another one they are lost."""
    parts = urlsplit(public_url)
    return Party(rp_id=parts.hostname or "", origin=f"{parts.scheme}://{parts.netloc}", name=realm.title)


class PasskeyStep(SecondFactorStep):
    """The answer of one of the person's passkeys; before anybody is known, of anybody's."""

    factor = "webauthn"
    form_field = "credential"
    longest_answer = webauthn.LONGEST_ANSWER
    empty = "error.passkey-none"
    used = "error.passkey-copied"

    def __init__(self, sealer: Sealer, letters: Letters, public_url: str) -> None:
        super().__init__(letters)
        self._sealer = sealer
        self._public_url = public_url

    def page(self, situation: Situation, common: dict[str, Any]) -> Page:
        """What the browser is asked for."""
        return PasskeyPage(**common, options=self.options(situation) or {})

    def options(self, situation: Situation) -> dict[str, Any] | None:
        """For `navigator.credentials.get`: one of the person's passkeys, or any while nobody is known.

        None where the sign-in began before the realm had passkeys, so without a challenge.
        """
        if not situation.state.challenge:
            return None
        passkeys = situation.known.of_factor(self.factor) if situation.known else ()
        return webauthn.request_options(
            party_of(situation.realm, self._public_url),
            challenge=_challenge(situation.state.challenge),
            allowed=[p.handle for p in passkeys if p.handle],
            must_verify=_is_first(situation),
        )

    def begin(self, tx: Transaction, situation: Situation, form: Mapping[str, str]) -> FactorAttempt | Message:
        """As a first proof it names the person, who has made no guess that could be counted."""
        if form.get(self.form_field) and is_outdated(situation.state.challenge, situation.now):
            return Message("error.passkey-late")
        if not _is_first(situation):
            counted: FactorAttempt | Message = super().begin(tx, situation, form)
            return counted
        answer = form.get(self.form_field, "")
        if not answer.strip():
            return Message(self.empty)
        handle = webauthn.handle_of(answer)
        owner = factors.owner_of(tx, situation.realm.name, handle=handle) if handle else None
        known = people.by_id(tx, situation.realm.name, owner[0]) if owner else None
        if known is None or (situation.known and situation.known.user.id != known.user.id):
            return Message("error.passkey-unknown")
        return FactorAttempt(situation, known, answer, counted=0, trust=form.get(TRUST) == "yes")

    def verify(self, attempt: FactorAttempt) -> Answer:
        """Whether the passkey is the person's, and signed this sign-in's challenge."""
        situation, known = attempt.situation, attempt.known
        handle, named = webauthn.handle_of(attempt.answer), webauthn.user_handle_of(attempt.answer)
        stored = next((f for f in known.of_factor(self.factor) if f.handle == handle), None)
        # WebAuthn section 7.2, step 6: a key that names the person says whose it is; one that only answers need not.
        is_theirs = named == known.user.id.encode() or (named is None and situation.known is not None)
        # Who is disabled or shut learns no more than a stranger.
        is_refused = not known.user.enabled or known.is_shut or not is_theirs
        if stored is None or stored.handle is None or is_refused or not situation.state.challenge:
            return Wrong("error.passkey-unknown")
        key = self._sealer.open(stored.secret, secret_context(known.user.id, stored.id))
        return webauthn.verify(
            attempt.answer,
            party_of(situation.realm, self._public_url),
            Passkey(stored.id, stored.handle, urlsafe_b64decode(key), stored.counter),
            challenge=_challenge(situation.state.challenge),
            must_verify=_is_first(situation),
        )

    def consume(self, tx: Transaction, attempt: FactorAttempt, proven: Proven) -> str | None:
        """Its counter goes on. A challenge that lives in its page alone is used up, too."""
        situation, known = attempt.situation, attempt.known
        if situation.under.stored is None:
            whose, until = (situation.realm.name, situation.state.challenge), situation.now + CHALLENGE_LASTS
            if not used_identifiers.is_first_use(tx, "passkey", *whose, expires_at=until):
                return "error.stale-form"
        problem = super().consume(tx, attempt, proven)
        if problem is None:
            return None
        # One that was removed a moment ago is no second key.
        owner = people.by_id(tx, situation.realm.name, known.user.id)
        has_it = owner is not None and any(f.id == proven.credential_id for f in owner.factors)
        return problem if has_it else "error.passkey-unknown"

    def accepted(self, tx: Transaction, attempt: FactorAttempt, state: SignIn) -> SignIn:
        """The next passkey answers another challenge."""
        state = replace(state, challenge="")
        return identified(tx, attempt.situation, attempt.known, state) if _is_first(attempt.situation) else state


class PasskeyEnrolment(Enrolment):
    """A key that the browser has just made for this person and this challenge."""

    factor = "webauthn"
    form_field = "credential"
    longest_answer = webauthn.LONGEST_ANSWER
    empty = "error.passkey-none"

    def __init__(self, sealer: Sealer, letters: Letters, public_url: str) -> None:
        super().__init__(sealer, letters)
        self._public_url = public_url

    def prepare(self, now: int) -> str:
        """The challenge."""
        return new_challenge(now)

    def is_outdated(self, prepared: str, now: int) -> bool:
        """A challenge is good for some minutes."""
        return is_outdated(prepared, now)

    def begin(self, tx: Transaction, situation: Situation, form: Mapping[str, str]) -> Any:
        """What answers a challenge that is too old is not looked at."""
        enrolling = situation.state.enrolling
        if form.get(self.form_field) and enrolling and is_outdated(enrolling.secret, situation.now):
            return Message("error.passkey-late")
        return super().begin(tx, situation, form)

    def page(self, situation: Situation, common: dict[str, Any]) -> Page:
        """What the browser is asked to make; not a second key on the same device."""
        known, enrolling = situation.known, situation.state.enrolling
        if known is None or enrolling is None:
            raise AssertionError("a passkey is made for somebody")
        options = webauthn.creation_options(
            party_of(situation.realm, self._public_url),
            user_handle=known.user.id.encode(),
            username=known.user.username,
            challenge=_challenge(enrolling.secret),
            existing=[p.handle for p in known.of_factor(self.factor) if p.handle],
        )
        return PasskeyPage(**common, options=options)

    def prove(self, attempt: EnrolmentAttempt) -> NewCredential | Message:
        """Whether the key is new and answers the challenge."""
        situation, enrolling = attempt.situation, attempt.situation.state.enrolling
        if enrolling is None:
            return Message("error.stale-form")
        party = party_of(situation.realm, self._public_url)
        made = webauthn.verify_new(attempt.answer, party, challenge=_challenge(enrolling.secret))
        if isinstance(made, Wrong):
            return Message(made.message)
        key = urlsafe_b64encode(made.public_key).decode()
        return NewCredential(key, made.counter, made.handle, made.verified, made.synced)


def new_challenge(now: int) -> str:
    """As the state of a sign-in keeps it: until when it is good (seconds since the epoch), and its bytes."""
    return f"{now + CHALLENGE_LASTS}.{urlsafe_b64encode(webauthn.new_challenge()).decode()}"


def is_outdated(kept: str, now: int) -> bool:
    """Whether what is kept is a challenge that is good no more."""
    return bool(kept) and int(kept.partition(".")[0]) <= now


def _challenge(kept: str) -> bytes:
    return urlsafe_b64decode(kept.partition(".")[2])


def _is_first(situation: Situation) -> bool:
    return "password" in situation.demand.ask
