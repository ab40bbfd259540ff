"""What a link does once its owner says so: it sets a password or confirms an address, and signs nobody in."""

from dataclasses import dataclass

from idp.account import links
from idp.account.links import Found
from idp.account.password import NewPasswords
from idp.events.catalogue import Event
from idp.events.log import emit
from idp.login.steps import Message
from idp.outbound.letters import Letters
from idp.outbound.notices import Notice
from idp.policy.passwords import minimum_length
from idp.realm.schema import Realm
from idp.store import users
from idp.store.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Gone:
    """The link is not good: used, too old, replaced by a newer one, or never made."""


class Following:
    """Follows the links of all realms. Whoever sets a password still signs in, second factor and all."""

    def __init__(self, *, database: Database, letters: Letters, new_passwords: NewPasswords) -> None:
        self._database = database
        self._letters = letters
        self._new_passwords = new_passwords

    def look(self, realm: Realm, key: str, now: int) -> Found | Gone:
        """What the link would do; nothing changes."""
        with self._database.read() as tx:
            found = links.look(tx, realm.name, key=key, now=now)
        return found or _gone(realm)

    def shortest(self, realm: Realm, found: Found, now: int) -> int:
        """How many characters the password of its person has at least."""
        return minimum_length(realm, found.known.person(realm), now)

    def set_password(
        self, realm: Realm, found: Found, *, key: str, password: str, repeated: str, locale: str, now: int
    ) -> Found | Gone | Message:
        """The new password, by which everything that rests on the old one ends; or what is wrong with it.

        Raises Overloaded.
        """
        hashed = self._new_passwords.hashed(password, repeated=repeated, realm=realm, known=found.known, now=now)
        if isinstance(hashed, Message):
            return hashed
        with self._database.write() as tx:
            used = self._use_up(tx, realm, found, key=key, now=now)
            if used is None:
                return _gone(realm)
            user = used.known.user
            users.set_password(tx, user.id, hashed)
            who = {"realm": realm.name, "user_id": user.id, "username": user.username}
            tx.emit(Event.USER_PASSWORD_SET, **who, by=f"link: {used.link.purpose}")
            self._confirm(tx, realm, used, now=now)
            if used.link.purpose == "reset":
                self._letters.notice(tx, realm, user, Notice.PASSWORD_CHANGED, now=now, locale=locale)
            return used

    def verify_address(self, realm: Realm, found: Found, *, key: str, now: int) -> Found | Gone:
        """The address is the person's."""
        with self._database.write() as tx:
            used = self._use_up(tx, realm, found, key=key, now=now)
            if used is None:
                return _gone(realm)
            self._confirm(tx, realm, used, now=now)
            return used

    def _use_up(self, tx: Transaction, realm: Realm, found: Found, *, key: str, now: int) -> Found | None:
        # Nobody disables or changes the person between the look at the link and what it does.
        users.lock(tx, found.known.user.id)
        return links.use_up(tx, realm.name, key=key, now=now)

    def _confirm(self, tx: Transaction, realm: Realm, used: Found, *, now: int) -> None:
        user = used.known.user
        if used.proves_address and not user.email_verified:
            users.set_email_verified(tx, user.id, now=now)
            who = {"realm": realm.name, "user_id": user.id, "username": user.username}
            tx.emit(Event.EMAIL_VERIFIED, **who, by=f"link: {used.link.purpose}")


def _gone(realm: Realm) -> Gone:
    emit(Event.LINK_REFUSED, realm=realm.name, reason="gone")
    return Gone()
