"""Sign-ins under way. The state is sealed; comparing it in the update keeps two tabs from overwriting each other."""

from dataclasses import dataclass

from sqlalchemy import insert, select, update

from idp.store.database import Transaction
from idp.store.tables import transactions
from idp.tokens.bearer import digest


@dataclass(frozen=True, slots=True)
class StoredTransaction:
    """A sign-in as stored."""

    user_id: str
    state: str
    expires_at: int


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
    tx.execute(insert(transactions).values(values))


def find(tx: Transaction, *, handle: str, realm: str) -> tuple[StoredTransaction, bytes] | None:
    """The sign-in of that handle, and the digest of the browser that it belongs to."""
    where = (transactions.c.digest == digest(handle), transactions.c.realm == realm)
    row = tx.execute(select(transactions).where(*where)).first()
    return None if row is None else (StoredTransaction(row.user_id, row.state, row.expires_at), bytes(row.browser))


def advance(tx: Transaction, *, handle: str, old: str, new: str, expires_at: int) -> bool:
    """Replace the state; false when another request replaced it first."""
    where = (transactions.c.digest == digest(handle), transactions.c.state == old, transactions.c.expires_at > 0)
    return tx.execute(update(transactions).where(*where).values(state=new, expires_at=expires_at)).rowcount == 1


def consume(tx: Transaction, *, handle: str, state: str) -> bool:
    """End the sign-in; false when another request ended or changed it first.

    Its row stays until it is swept out, so that a form posted twice can be told where to go.
    """
    return advance(tx, handle=handle, old=state, new=state, expires_at=0)


def move_browser(tx: Transaction, *, old: str, new: str) -> None:
    """The browser got another secret: its other sign-ins under way go on under the new one."""
    where = transactions.c.browser == digest(old)
    tx.execute(update(transactions).where(where).values(browser=digest(new)))
