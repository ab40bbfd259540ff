"""The outbox of letters: what people are still to be told. Durable, and shared by all processes."""

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import bindparam, delete, insert, select, update

from idp.store.database import Transaction
from idp.store.tables import letters


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A letter to one person, `sealed` with its address and words; `attempts` were in vain."""

    id: str
    realm: str
    user_id: str
    username: str
    kind: str
    sealed: str = field(repr=False)
    written_at: int
    due_at: int
    attempts: int


_this = letters.c.id == bindparam("of_letter")
_CLAIM = (
    update(letters)
    .where(_this, letters.c.due_at <= bindparam("now"))
    .values(due_at=bindparam("until"), attempts=letters.c.attempts + 1)
)
_REMOVE = delete(letters).where(_this)


def add(
    tx: Transaction, *, letter_id: str, realm: str, user_id: str, username: str, kind: str, sealed: str, now: int
) -> None:
    """A letter that is due at once."""
    who = {"id": letter_id, "realm": realm, "user_id": user_id, "username": username, "kind": kind}
    tx.execute(insert(letters).values(**who, sealed=sealed, written_at=now, due_at=now, attempts=0))


def due(tx: Transaction, *, now: int, besides: Collection[str], limit: int) -> list[StoredLetter]:
    """Some that are to be sent now, those that wait for longest first; none of the realms `besides`."""
    is_due = (letters.c.due_at <= now, letters.c.realm.not_in(besides))
    query = select(letters).where(*is_due).order_by(letters.c.due_at).limit(limit)
    return [StoredLetter(**row) for row in tx.execute(query).mappings()]


def claim(tx: Transaction, letter_id: str, *, now: int, until: int) -> bool:
    """Make it this process's until then; false when another one was first."""
    return tx.execute(_CLAIM, {"of_letter": letter_id, "now": now, "until": until}).rowcount == 1


def remove(tx: Transaction, letter_id: str) -> None:
    """Sent, or given up."""
    tx.execute(_REMOVE, {"of_letter": letter_id})
