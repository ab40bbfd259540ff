"""Single sign-on sessions. The cookie holds a secret that changes whenever the session is raised; `id` is the `sid`."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, insert, select, update

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
    created_at: int
    used_at: int


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
    tx.execute(insert(sessions).values(values))
    return session_id


_alive = (
    select(sessions)
    .join(users)
    .where(sessions.c.ended_at.is_(None), users.c.enabled, users.c.epoch == sessions.c.epoch)
)


def find(tx: Transaction, realm: str, *, secret: str, limits: Sessions, now: int) -> SsoSession | None:
    """The live session of a cookie."""
    return _found(tx, _alive.where(sessions.c.digest == digest(secret)), realm, limits, now)


def by_id(tx: Transaction, realm: str, *, session_id: str, limits: Sessions, now: int) -> SsoSession | None:
    """The live session of a `sid`."""
    return _found(tx, _alive.where(sessions.c.id == session_id), realm, limits, now)


def _found(tx: Transaction, query: Select[Any], realm: str, limits: Sessions, now: int) -> SsoSession | None:
    where = (
        sessions.c.realm == realm,
        sessions.c.used_at > now - limits.idle,
        sessions.c.created_at > now - limits.max,
    )
    row = tx.execute(query.where(*where)).first()
    if row is None:
        return None
    return SsoSession(row.id, row.user_id, proofs_json.load(row.proofs), row.created_at, row.used_at)


def touch(tx: Transaction, session_id: str, now: int) -> None:
    """Used without being raised."""
    tx.execute(update(sessions).where(sessions.c.id == session_id).values(used_at=now))


def raise_(tx: Transaction, session_id: str, *, secret: str, all_proofs: Iterable[Proof], now: int) -> bool:
    """More was proven: new proofs and a new secret; the old secret is dead. False when the session has ended."""
    where = (sessions.c.id == session_id, sessions.c.ended_at.is_(None))
    values = {"digest": digest(secret), "proofs": proofs_json.dump(all_proofs), "used_at": now}
    return tx.execute(update(sessions).where(*where).values(values)).rowcount == 1


def end(tx: Transaction, session_id: str, now: int) -> bool:
    """Sign out: the grants of the session end with it."""
    where = (sessions.c.id == session_id, sessions.c.ended_at.is_(None))
    return tx.execute(update(sessions).where(*where).values(ended_at=now)).rowcount == 1
