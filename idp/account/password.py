"""A new password, chosen by its owner."""

from collections.abc import Mapping
from dataclasses import dataclass

from idp.account.account import Account, Change, Over, Result
from idp.events.catalogue import Event
from idp.factors.breached import Breached
from idp.factors.password import Passwords
from idp.login.steps import Message
from idp.outbound.letters import Letters
from idp.outbound.notices import Notice
from idp.policy.passwords import minimum_length, unacceptable
from idp.realm.schema import Realm
from idp.store import users
from idp.store.database import Transaction
from idp.store.people import Known


@dataclass(frozen=True, slots=True)
class NewPasswords:
    """What becomes of a new password that somebody typed twice."""

    passwords: Passwords
    breached: Breached

    def hashed(self, password: str, *, repeated: str, realm: Realm, known: Known, now: int) -> str | Message:
        """What is to be stored, or what is wrong with it. Slow; raises Overloaded."""
        if not password:
            return Message("error.empty")
        person, named, breached = known.person(realm), known.user, self.breached
        if wrong := unacceptable(password, realm=realm, person=person, named=named, breached=breached, now=now):
            return Message(wrong.message, dict(wrong.values))
        if password != repeated:
            return Message("error.password-differs")
        return self.passwords.hash(password)


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """How many characters at least, and whose it is: password managers look for the name."""

    shortest: int
    username: str


class ChangePassword(Change):
    """It ends every session and grant, this session too: whoever knew the old one is out, and the new one is tried."""

    page, section = "account/password.html", "security"

    def __init__(self, letters: Letters, new_passwords: NewPasswords) -> None:
        super().__init__(letters)
        self._new_passwords = new_passwords

    def shown(self, tx: Transaction, account: Account, of: str) -> PasswordRules:
        """What is asked of it."""
        return PasswordRules(minimum_length(account.realm, account.person, account.now), account.known.user.username)

    def prepare(self, account: Account, form: Mapping[str, str]) -> Mapping[str, str] | Message:
        """Checked and hashed. Raises Overloaded."""
        password, repeated = form.get("new_password", ""), form.get("repeated", "")
        hashed = self._new_passwords.hashed(
            password, repeated=repeated, realm=account.realm, known=account.known, now=account.now
        )
        return hashed if isinstance(hashed, Message) else {"hash": hashed}

    def apply(self, tx: Transaction, account: Account, of: str, form: Mapping[str, str]) -> Result | None:
        """Set it."""
        users.set_password(tx, account.known.user.id, form["hash"])
        tx.emit(Event.USER_PASSWORD_SET, **account.who, by="owner")
        self.tell(tx, account, Notice.PASSWORD_CHANGED)
        return Over("account/password-changed.html")
