"""The outbox of back-channel logout: whom to tell that a session has ended. Durable, and shared by all processes."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, delete, literal, select, update

from idp.store.database import Transaction
from idp.store.tables import grants, logout_notices, sessions, users
from idp.store.upsert import insert_into

_AT_ONCE = 0


@dataclass(frozen=True, slots=True)
class LogoutNotice:
    """One client to be told that one session has ended; `attempts` were in vain."""

    realm: str
    client_id: str
    user_id: str
    session_id: str
    attempts: int


def queue(tx: Transaction, session_id: str) -> None:
    """Every client that has a grant of this session is to be told."""
    _add(tx, _clients.where(grants.c.session_id == session_id))


def queue_of_person(tx: Transaction, user_id: str) -> None:
    """The same for every session of a person, before what they rest on changes."""
    are_open = (
        select(sessions.c.id)
        .join(users)
        .where(sessions.c.user_id == user_id, sessions.c.ended_at.is_(None), sessions.c.epoch == users.c.epoch)
    )
    _add(tx, _clients.where(grants.c.session_id.in_(are_open)))


_COLUMNS = ("session_id", "client_id", "realm", "user_id", "due_at", "attempts")
_clients = select(
    grants.c.session_id, grants.c.client_id, grants.c.realm, grants.c.user_id, literal(_AT_ONCE), literal(0)
).distinct()


def _add(tx: Transaction, found: Select[Any]) -> None:
    adding = insert_into(logout_notices, tx.connection.dialect.name).from_select(_COLUMNS, found)
    tx.execute(adding.on_conflict_do_nothing())


_this = (
    logout_notices.c.session_id == bindparam("of_session"),
    logout_notices.c.client_id == bindparam("of_client"),
)
_CLAIM = (
    update(logout_notices)
    .where(*_this, logout_notices.c.due_at <= bindparam("now"))
    .values(due_at=bindparam("until"), attempts=logout_notices.c.attempts + 1)
)
_REMOVE = delete(logout_notices).where(*_this)


def due(tx: Transaction, *, now: int, besides: Collection[tuple[str, str]], limit: int) -> list[LogoutNotice]:
    """Some that are to be told now, one for each client; none for the clients `besides`, (realm, client_id) each."""
    query = select(logout_notices).where(logout_notices.c.due_at <= now).order_by(logout_notices.c.due_at)
    for realm, client_id in besides:
        query = query.where((logout_notices.c.realm != realm) | (logout_notices.c.client_id != client_id))
    found = (
        LogoutNotice(row.realm, row.client_id, row.user_id, row.session_id, row.attempts)
        for row in tx.execute(query.limit(limit))
    )
    one_each: dict[tuple[str, str], LogoutNotice] = {}
    for notice in found:
        one_each.setdefault((notice.realm, notice.client_id), notice)
    return list(one_each.values())


def claim(tx: Transaction, notice: LogoutNotice, *, now: int, until: int) -> bool:
    """Make it this process's until then; false when another one was first."""
    return tx.execute(_CLAIM, {**_values(notice), "now": now, "until": until}).rowcount == 1


def remove(tx: Transaction, notice: LogoutNotice) -> None:
    """Told, or not worth trying again."""
    tx.execute(_REMOVE, _values(notice))


def _values(notice: LogoutNotice) -> dict[str, str]:
    return {"of_session": notice.session_id, "of_client": notice.client_id}
