"""Single sign-on sessions. The cookie holds a secret that changes whenever the session is raised; `id` is the `sid`."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, insert, select, update

from idp.policy.proofs import Proof
from idp.realm.schema import Sessions
from idp.store import grants, logout_notices
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


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in as its owner sees it: from where, with what, and whether it is still good."""

    id: str
    address: str
    agent: str
    created_at: int
    used_at: int
    proofs: tuple[Proof, ...]
    is_alive: bool


def start(
    tx: Transaction,
    realm: str,
    *,
    user_id: str,
    epoch: int,
    secret: str,
    given: Iterable[Proof],
    address: str,
    agent: str,
    now: int,
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
        "address": address,
        "agent": agent,
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
_TOUCH = update(sessions).where(_of_session, sessions.c.ended_at.is_(None)).values(used_at=bindparam("now"))
_RAISE = (
    update(sessions)
    .where(_of_session, _of_cookie, sessions.c.ended_at.is_(None))
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


def listed(
    tx: Transaction, user_id: str, *, limits: Sessions, now: int, most: int = 20, is_alive: bool = False
) -> list[SignedIn]:
    """The newest sessions of a person, ended ones too: the recent sign-ins. `is_alive`: only those still good."""
    alive = (
        sessions.c.ended_at.is_(None)
        & (sessions.c.epoch == users.c.epoch)
        & users.c.enabled
        & (sessions.c.used_at > now - limits.idle)
        & (sessions.c.created_at > now - limits.max)
    )
    query = (
        select(sessions, alive.label("is_alive"))
        .join(users)
        .where(sessions.c.user_id == user_id, *((alive,) if is_alive else ()))
        .order_by(sessions.c.created_at.desc(), sessions.c.id)
        .limit(most)
    )
    return [
        SignedIn(
            id=row.id,
            address=row.address,
            agent=row.agent,
            created_at=row.created_at,
            used_at=row.used_at,
            proofs=proofs_json.load(row.proofs),
            is_alive=bool(row.is_alive),
        )
        for row in tx.execute(query)
    ]


def end_all(tx: Transaction, user_id: str, *, but: str = "", now: int) -> list[str]:
    """Sign out everywhere, but in the session of that identifier; the identifiers of those that ended."""
    where = (sessions.c.user_id == user_id, sessions.c.id != but, sessions.c.ended_at.is_(None))
    open_ = tx.execute(select(sessions.c.id).where(*where)).scalars().all()
    return [session_id for session_id in open_ if end(tx, session_id, now)]


def _found(tx: Transaction, query: Select[Any], values: Mapping[str, Any]) -> SsoSession | None:
    row = tx.execute(query, values).first()
    if row is None:
        return None
    return SsoSession(row.id, row.user_id, proofs_json.load(row.proofs))


def touch(tx: Transaction, session_id: str, now: int) -> bool:
    """Used without being raised; false when it has ended meanwhile."""
    return tx.execute(_TOUCH, {"session_id": session_id, "now": now}).rowcount == 1


def raise_(tx: Transaction, session_id: str, *, old: str, secret: str, all_proofs: Iterable[Proof], now: int) -> bool:
    """More was proven: new proofs and a new secret; the old secret is dead.

    False when it has ended, or was raised meanwhile: whoever holds a stolen cookie does not win over its owner.
    """
    values = {"of": digest(old), "new_digest": digest(secret), "all_proofs": proofs_json.dump(all_proofs), "now": now}
    return tx.execute(_RAISE, {"session_id": session_id, **values}).rowcount == 1


def end(tx: Transaction, session_id: str, now: int) -> bool:
    """Sign out: the grants of the session end with it, and their clients are to be told."""
    if tx.execute(_END, {"session_id": session_id, "now": now}).rowcount != 1:
        return False
    grants.end_codes(tx, session_id, now)
    logout_notices.queue(tx, session_id)
    return True
