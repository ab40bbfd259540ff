"""Sign-ins under way. The state is sealed; comparing it in the update keeps two tabs from overwriting each other."""

from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select, update

from idp.store.database import Transaction
from idp.store.tables import transactions
from idp.tokens.bearer import digest


@dataclass(frozen=True, slots=True)
class StoredTransaction:
    """A sign-in as stored: its sealed state, and the digest of the browser that it belongs to."""

    browser: bytes
    state: str
    expires_at: int


_of_handle = transactions.c.digest == bindparam("of_handle")
_ADD = insert(transactions)
_FIND = select(transactions).where(_of_handle, transactions.c.realm == bindparam("in_realm"))
_is_there = (_of_handle, transactions.c.state == bindparam("old"), transactions.c.expires_at > 0)
_IS_AT = select(transactions.c.expires_at).where(*_is_there)
_ADVANCE = update(transactions).where(*_is_there).values(state=bindparam("new"), expires_at=bindparam("until"))
_UNDER_WAY = select(transactions.c.digest).where(
    transactions.c.browser == bindparam("of_browser"), transactions.c.expires_at > bindparam("now")
)
_MOVE_BROWSER = update(transactions).where(transactions.c.browser == bindparam("old")).values(browser=bindparam("new"))


def add(tx: Transaction, *, handle: str, realm: str, browser: str, user_id: str, state: str, expires_at: int) -> None:
    """A sign-in that this browser has begun."""
    values = {
        "digest": digest(handle),
        "realm": realm,
        "browser": digest(browser),
        "user_id": user_id,
        "state": state,
        "expires_at": expires_at,
    }
    tx.execute(_ADD, values)


def find(tx: Transaction, *, handle: str, realm: str) -> StoredTransaction | None:
    """The sign-in of that handle, whatever its state."""
    row = tx.execute(_FIND, {"of_handle": digest(handle), "in_realm": realm}).first()
    return None if row is None else StoredTransaction(bytes(row.browser), row.state, row.expires_at)


def advance(tx: Transaction, *, handle: str, old: str, new: str, expires_at: int) -> bool:
    """Replace the state; false when another request replaced it first."""
    values = {"of_handle": digest(handle), "old": old, "new": new, "until": expires_at}
    return tx.execute(_ADVANCE, values).rowcount == 1


def consume(tx: Transaction, *, handle: str, state: str) -> bool:
    """End the sign-in; false when another request ended or changed it first.

    Its row stays until it is swept out, so that a form posted twice can be told where to go.
    """
    return advance(tx, handle=handle, old=state, new=state, expires_at=0)


def is_at(tx: Transaction, *, handle: str, state: str) -> bool:
    """Whether the sign-in has neither ended nor gone on from this state."""
    return tx.execute(_IS_AT, {"of_handle": digest(handle), "old": state}).first() is not None


def is_any_under_way(tx: Transaction, *, browser: str, now: int) -> bool:
    """Whether this browser has a sign-in with a first proof that has not ended."""
    return tx.execute(_UNDER_WAY, {"of_browser": digest(browser), "now": now}).first() is not None


def move_browser(tx: Transaction, *, old: str, new: str) -> None:
    """The browser got another secret: its other sign-ins under way go on under the new one."""
    tx.execute(_MOVE_BROWSER, {"old": digest(old), "new": digest(new)})
