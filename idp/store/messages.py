"""Messages to people: that there was one, and how it fared. Neither number nor address nor content is kept."""

from dataclasses import dataclass

from sqlalchemy import delete, insert, or_, select, update

from idp.store.database import Transaction
from idp.store.tables import messages

# How far a status is on its way; equal ones are ends, of which the first reported stays.
_RANKS = {
    "new": 0,
    "unknown": 1,
    "accepted": 2,
    "scheduled": 2,
    "queued": 3,
    "sending": 4,
    "sent": 5,
    "partially_delivered": 6,
    "canceled": 6,
    "failed": 6,
    "undelivered": 6,
    "delivered": 6,
    "read": 7,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A message. `kind`: what it was for; `failure`: the class in which it failed, where it did."""

    id: str
    realm: str
    user_id: str
    credential_id: str | None
    kind: str
    provider_id: str | None
    status: str
    failure: str | None
    created_at: int


def add(
    tx: Transaction, *, message_id: str, realm: str, user_id: str, credential_id: str | None, kind: str, now: int
) -> None:
    """A message that is about to be handed to its provider."""
    values = {"id": message_id, "realm": realm, "user_id": user_id, "credential_id": credential_id, "kind": kind}
    tx.execute(insert(messages).values(**values, status="new", rank=_RANKS["new"], created_at=now))


def handed_over(tx: Transaction, message_id: str, *, provider_id: str | None) -> None:
    """The provider has it. None for a provider that calls several messages the same (Verify)."""
    if provider_id is not None:
        unnamed = (messages.c.id == message_id, messages.c.provider_id.is_(None))
        tx.execute(update(messages).where(*unnamed).values(provider_id=provider_id))
    _advance(tx, message_id, status="accepted", failure=None)


def not_handed_over(tx: Transaction, message_id: str, *, failure: str, is_certain: bool) -> None:
    """The provider does not have it, or (`is_certain` false) may have it; a report can still tell."""
    _advance(tx, message_id, status="failed" if is_certain else "unknown", failure=failure)


def report(
    tx: Transaction, *, realm: str, provider_id: str, reference: str | None, status: str, failure: str | None
) -> Message | None:
    """What a provider told of a message: the message when this is news, None when it is old, unknown, or of no message.

    `reference`: our own identifier, by which a report finds its message before `handed_over` has named it.
    """
    if status not in _RANKS:
        return None
    named = messages.c.provider_id == provider_id
    unnamed = (messages.c.id == (reference or "")) & messages.c.provider_id.is_(None)
    found = tx.execute(select(messages.c.id).where(messages.c.realm == realm, or_(named, unnamed))).scalars().first()
    if found is None:
        return None
    values = {"status": status, "rank": _RANKS[status], "failure": failure, "provider_id": provider_id}
    forward = (messages.c.id == found, messages.c.rank < _RANKS[status], or_(named, messages.c.provider_id.is_(None)))
    if tx.execute(update(messages).where(*forward).values(values)).rowcount != 1:
        return None
    return get(tx, found)


def lost(tx: Transaction, message_id: str) -> str | None:
    """The class in which a message failed of which it is known that it did not get through."""
    is_lost = messages.c.status.in_(("failed", "undelivered", "canceled"))
    found = tx.execute(select(messages.c.failure).where(messages.c.id == message_id, is_lost)).first()
    return None if found is None else found.failure or "transient"


def get(tx: Transaction, message_id: str) -> Message | None:
    """The message of that identifier."""
    row = tx.execute(select(messages).where(messages.c.id == message_id)).mappings().first()
    return None if row is None else Message(**{k: v for k, v in row.items() if k != "rank"})


def remove_before(tx: Transaction, then: int) -> None:
    """Take out messages from before `then`."""
    tx.execute(delete(messages).where(messages.c.created_at < then))


def _advance(tx: Transaction, message_id: str, *, status: str, failure: str | None) -> None:
    forward = (messages.c.id == message_id, messages.c.rank < _RANKS[status])
    tx.execute(update(messages).where(*forward).values(status=status, rank=_RANKS[status], failure=failure))
