"""Whose account is open, and what a change of it comes to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.login.steps import Message
from idp.outbound.letters import Letters
from idp.outbound.notices import Notice
from idp.policy.question import Person
from idp.realm.schema import Realm
from idp.store.database import Transaction
from idp.store.people import Known
from idp.tokens.sealing import Sealer

CONFIRM_WITHIN = 300
"""Seconds: how fresh the proof of a factor must be for any change."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account that its owner has open in the session `session_id`, and the language that they read.

    `sealer` opens where codes are sent, of which pages show a part.
    """

    realm: Realm
    known: Known
    session_id: str
    locale: str
    now: int
    sealer: Sealer = field(repr=False)

    @property
    def person(self) -> Person:
        """What policy sees."""
        return self.known.person(self.realm)

    @property
    def who(self) -> dict[str, str]:
        """Whom an event is about."""
        user = self.known.user
        return {"realm": self.realm.name, "user_id": user.id, "username": user.username}


@dataclass(frozen=True, slots=True)
class Done:
    """It is done: the key of what the owner is told."""

    message: str


@dataclass(frozen=True, slots=True)
class Over:
    """It is done, and has ended this session too; `page` says so."""

    page: str


@dataclass(frozen=True, slots=True)
class NewCodes:
    """New recovery codes, to be shown once."""

    codes: tuple[str, ...] = field(repr=False)


Result = Done | Over | NewCodes | Message


class Change:
    """A change of the account, on a page of its own. `of` names what it changes, empty where there is but one.

    `page`: its template. `section`: the page of the account that it leads back to. `kept`: the fields of its form that
    need not be filled in again; nothing secret.
    """

    page: str
    section: str
    kept: tuple[str, ...] = ()

    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    def credential(self, of: str) -> str:
        """The second factor that it removes or makes anew, so that more must be proven for it; empty where none."""
        return ""

    def shown(self, tx: Transaction, account: Account, of: str) -> Any:
        """What the page says of it; None where this person has nothing of that name."""
        raise NotImplementedError

    def prepare(self, account: Account, form: Mapping[str, str]) -> Mapping[str, str] | Message:
        """What `apply` gets in place of the form, or what is wrong with it. In no transaction: may be slow."""
        return form

    def apply(self, tx: Transaction, account: Account, of: str, form: Mapping[str, str]) -> Result | None:
        """Do it, with its event and its letter; None where this person has nothing of that name.

        In a transaction that nobody else changes this account in.
        """
        raise NotImplementedError

    def tell(self, tx: Transaction, account: Account, notice: Notice, **values: Any) -> None:
        """Have the owner told by mail."""
        user = account.known.user
        self._letters.notice(tx, account.realm, user, notice, now=account.now, locale=account.locale, **values)
