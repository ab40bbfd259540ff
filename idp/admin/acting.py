"""Who changes people, and what every change has in common: one transaction, one audit event, one letter."""

from collections.abc import Callable, Sequence
from typing import Any

from idp.events.catalogue import Event
from idp.outbound.notices import Notice
from idp.store import people, users
from idp.store.database import Database, Transaction
from idp.store.people import Known
from idp.store.users import User

Tell = Callable[..., object]
"""`tell(tx, user, notice, **values)`: a letter once `tx` is committed, to whoever has an address."""


class Refused(Exception):
    """It cannot be done like this; the text says why."""


class Acting:
    """An administrator among the people of one realm. `by`: who that is, for the audit log.

    `tell`: left out where the realm sends no mail.
    """

    def __init__(self, database: Database, realm_name: str, *, by: str, now: int, tell: Tell | None = None) -> None:
        self._database = database
        self._realm = realm_name
        self._by = by
        self._now = now
        self._tells = tell

    def known(self, tx: Transaction, identifier: str) -> Known:
        """The person of a user name or an e-mail address; raises Refused."""
        known = people.by_identifier(tx, self._realm, identifier)
        if known is None:
            raise Refused(f"nobody in realm {self._realm!r} has the user name or e-mail address {identifier!r}")
        return known

    def locked(self, tx: Transaction, identifier: str) -> Known:
        """The same; what it says of them stays true until the transaction ends."""
        users.lock(tx, self.known(tx, identifier).user.id)
        return self.known(tx, identifier)

    def reaches(self, user: User) -> bool:
        """Whether a letter can be sent to this person."""
        return self._tells is not None and bool(user.email)

    def tell(self, tx: Transaction, user: User, notice: Notice, **values: Any) -> None:
        """Have the person told what was done to them, if they can be."""
        if self._tells is not None:
            self._tells(tx, user, notice, **values)

    def audit(self, tx: Transaction, event: Event, user: User, **fields: str | Sequence[str]) -> None:
        """Put on record who did it."""
        tx.emit(event, realm=self._realm, user_id=user.id, username=user.username, by=self._by, **fields)
