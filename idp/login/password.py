"""The password step: the first proof, which tells who somebody is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.events.catalogue import Event
from idp.events.log import emit
from idp.factors.password import Passwords, is_too_long
from idp.login.browser import is_known_here
from idp.login.identifying import identified
from idp.login.situation import Situation
from idp.login.state import SignIn
from idp.login.steps import Message, Page, PasswordPage
from idp.login.webauthn import PasskeyStep
from idp.policy.lockout import password_wait
from idp.policy.proofs import Proof
from idp.store import guesses, people, users
from idp.store.database import Transaction
from idp.store.people import Known
from idp.tokens.sealing import Sealer

_LONGEST_NAME = 255


@dataclass(slots=True)
class PasswordAttempt:
    """A password for a person, or for nobody. `subject`: by which its guesses are counted, where they are.

    `rehashed` is set when its hash was made under older parameters.
    """

    realm: str
    known: Known | None
    subject: str | None
    password: str = field(repr=False)
    rehashed: str | None = field(default=None, repr=False)


class PasswordStep:
    """Slowed per person and network, never shut; not slowed from a browser that the person has signed in with."""

    def __init__(self, passwords: Passwords, sealer: Sealer, passkeys: PasskeyStep) -> None:
        self._passwords = passwords
        self._sealer = sealer
        self._passkeys = passkeys

    def page(self, situation: Situation, common: dict[str, Any]) -> Page:
        """Name and password; a browser offers passkeys in the field of the name."""
        options = self._passkeys.options(situation) if "webauthn" in situation.demand.ask else None
        return PasswordPage(**common, is_fixed=situation.known is not None, passkey=options)

    def begin(self, tx: Transaction, situation: Situation, form: Mapping[str, str]) -> PasswordAttempt | Message:
        """Who it is, and that a guess was made. An unknown name is counted like that of a person."""
        realm, identifier, password = situation.realm.name, form.get("username", ""), form.get("password", "")
        if not password or (situation.state.user_id is None and not identifier.strip()):
            return Message("error.empty")
        if is_too_long(password) or len(identifier) > _LONGEST_NAME:
            return Message("error.too-long")
        known = situation.known
        if situation.state.user_id is None:
            known = people.by_identifier(tx, realm, identifier)
        subject = self._subject(situation, known, identifier)
        if subject is not None and guesses.count(tx, subject, now=situation.now, wait=password_wait) is None:
            tx.emit(Event.PASSWORD_REFUSED, realm=realm, **_who(known), reason="slowed")
            return Message("error.slowed", {"seconds": guesses.blocked_for(tx, subject, situation.now)})
        return PasswordAttempt(realm, known, subject, password)

    def evaluate(self, attempt: PasswordAttempt) -> Message | None:
        """The same answer after the same time, whether the name, the password or the account is not right."""
        user = attempt.known.user if attempt.known else None
        right = self._passwords.verify(user.password_hash if user else None, attempt.password)
        if user is None or not right or not user.enabled:
            reason = "unknown" if user is None else "disabled" if right else "wrong"
            emit(Event.PASSWORD_REFUSED, realm=attempt.realm, **_who(attempt.known), reason=reason)
            return Message("error.credentials")
        if user.password_hash and self._passwords.is_outdated(user.password_hash):
            attempt.rehashed = self._passwords.hash(attempt.password)
        return None

    def refused(self, tx: Transaction, attempt: PasswordAttempt) -> None:
        """Nothing."""

    def apply(self, tx: Transaction, situation: Situation, attempt: PasswordAttempt) -> SignIn | Message:
        """The person is known; a session of theirs in this browser may be raised."""
        known, realm, state = attempt.known, situation.realm, situation.state
        if known is None:
            raise AssertionError("nobody's password was right")
        if attempt.subject is not None:
            guesses.clear(tx, attempt.subject)
        if attempt.rehashed and known.user.password_hash:
            users.rehash_password(tx, known.user.id, old=known.user.password_hash, new=attempt.rehashed)
        tx.emit(
            Event.PASSWORD_ACCEPTED,
            realm=realm.name,
            user_id=known.user.id,
            username=known.user.username,
            client_id=state.request.client_id,
        )
        return identified(tx, situation, known, state.with_proof(Proof("password", situation.now)))

    def _subject(self, situation: Situation, known: Known | None, identifier: str) -> str | None:
        """None for a person in a browser that they have signed in with before: nothing is counted there."""
        realm, browser, key = situation.realm.name, situation.browser, users.identifier_key(identifier)
        # One count of a name and an address would tell a stranger that they are one person's, and that there is one.
        where = f"{'address' if users.is_email(key) else 'name'}:{browser.network}"
        if known is None:
            return guesses.password_subject(self._sealer.mac("unknown name", f"{realm}:{key}"), where)
        user = known.user
        is_known = is_known_here(self._sealer, realm, browser, user_id=user.id, epoch=user.epoch)
        return None if is_known else guesses.password_subject(user.id, where)


def _who(known: Known | None) -> dict[str, str]:
    """A name that nobody has may be a password typed into the wrong field: it is not logged."""
    return {} if known is None else {"user_id": known.user.id, "username": known.user.username}
