"""Single sign-on sessions. The cookie holds a secret that changes whenever the session is raised; `id` is the `sid`."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, insert, select, update

from idp.policy.proofs import Proof
from idp.realm.schema import Sessions
from idp.store import proofs as proofs_json
from idp.store.database import Transaction
from idp.store.tables import sessions, users
from idp.tokens.bearer import digest


@dataclass(frozen=True, slots=True)
class SsoSession:
    """A session that is alive: not ended, not idle too long, not too old, its person enabled and unchanged."""

    id: str
    user_id: str
    proofs: tuple[Proof, ...]


def start(
    tx: Transaction, realm: str, *, user_id: str, epoch: int, secret: str, given: Iterable[Proof], now: int
) -> str:
    """The `sid` of the new session."""
    session_id = str(uuid.uuid4())
    values = {
        "id": session_id,
        "realm": realm,
        "digest": digest(secret),
        "user_id": user_id,
        "epoch": epoch,
        "proofs": proofs_json.dump(given),
        "created_at": now,
        "used_at": now,
    }
    tx.execute(_START, values)
    return session_id


_START = insert(sessions)
_not_ended = (
    select(sessions)
    .join(users)
    .where(
        sessions.c.ended_at.is_(None),
        users.c.enabled,
        users.c.epoch == sessions.c.epoch,
        sessions.c.realm == bindparam("in_realm"),
    )
)
_of_cookie = sessions.c.digest == bindparam("of")
_FIND = _not_ended.where(
    _of_cookie, sessions.c.used_at > bindparam("used_after"), sessions.c.created_at > bindparam("created_after")
)
_TO_END = _not_ended.where(_of_cookie)
_TO_END_BY_ID = _not_ended.where(sessions.c.id == bindparam("of"))
_of_session = sessions.c.id == bindparam("session_id")
_TOUCH = update(sessions).where(_of_session).values(used_at=bindparam("now"))
_RAISE = (
    update(sessions)
    .where(_of_session, sessions.c.ended_at.is_(None))
    .values(digest=bindparam("new_digest"), proofs=bindparam("all_proofs"), used_at=bindparam("now"))
)
_END = update(sessions).where(_of_session, sessions.c.ended_at.is_(None)).values(ended_at=bindparam("now"))


def find(tx: Transaction, realm: str, *, secret: str, limits: Sessions, now: int) -> SsoSession | None:
    """The live session of a cookie."""
    since = {"used_after": now - limits.idle, "created_after": now - limits.max}
    return _found(tx, _FIND, {"of": digest(secret), "in_realm": realm, **since})


def to_end(tx: Transaction, realm: str, *, secret: str) -> SsoSession | None:
    """The session of a cookie for signing out of it, however long unused: its grants may still be alive."""
    return _found(tx, _TO_END, {"of": digest(secret), "in_realm": realm})


def to_end_by_id(tx: Transaction, realm: str, *, session_id: str) -> SsoSession | None:
    """The session of a `sid` for signing out of it, however long unused."""
    return _found(tx, _TO_END_BY_ID, {"of": session_id, "in_realm": realm})


def _found(tx: Transaction, query: Select[Any], values: Mapping[str, Any]) -> SsoSession | None:
    row = tx.execute(query, values).first()
    if row is None:
        return None
    return SsoSession(row.id, row.user_id, proofs_json.load(row.proofs))


def touch(tx: Transaction, session_id: str, now: int) -> None:
    """Used without being raised."""
    tx.execute(_TOUCH, {"session_id": session_id, "now": now})


def raise_(tx: Transaction, session_id: str, *, secret: str, all_proofs: Iterable[Proof], now: int) -> bool:
    """More was proven: new proofs and a new secret; the old secret is dead. False when the session has ended."""
    values = {"new_digest": digest(secret), "all_proofs": proofs_json.dump(all_proofs), "now": now}
    return tx.execute(_RAISE, {"session_id": session_id, **values}).rowcount == 1


def end(tx: Transaction, session_id: str, now: int) -> bool:
    """Sign out: the grants of the session end with it."""
    return tx.execute(_END, {"session_id": session_id, "now": now}).rowcount == 1
