"""What people allowed clients: codes and refresh tokens, each consumed by one conditional update."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from idp.policy.decide import Outcome
from idp.policy.proofs import Proof
from idp.store import proofs as proofs_json
from idp.store.database import Transaction
from idp.store.tables import grants, refresh_tokens, sessions, users
from idp.tokens.bearer import digest


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant that is alive. `acr`, `amr` and `auth_time` were fixed when it was made."""

    id: str
    realm: str
    client_id: str
    user_id: str
    session_id: str
    scope: str
    proofs: tuple[Proof, ...]
    acr: str | None
    amr: tuple[str, ...]
    auth_time: int
    nonce: str | None
    redirect_uri: str
    code_challenge: str | None
    expires_at: int


def add(
    tx: Transaction,
    *,
    realm: str,
    client_id: str,
    user_id: str,
    epoch: int,
    session_id: str,
    scope: str,
    outcome: Outcome,
    nonce: str | None,
    code: str,
    code_expires_at: int,
    redirect_uri: str,
    code_challenge: str | None,
    now: int,
    expires_at: int,
) -> str:
    """A grant, to be redeemed once by its code."""
    grant_id = str(uuid.uuid4())
    values = {
        "id": grant_id,
        "realm": realm,
        "client_id": client_id,
        "user_id": user_id,
        "session_id": session_id,
        "epoch": epoch,
        "scope": scope,
        "proofs": proofs_json.dump(outcome.proofs),
        "acr": outcome.acr,
        "amr": list(outcome.amr),
        "auth_time": outcome.auth_time,
        "nonce": nonce,
        "code_digest": digest(code),
        "code_expires_at": code_expires_at,
        "redirect_uri": redirect_uri,
        "code_challenge": code_challenge,
        "created_at": now,
        "expires_at": expires_at,
    }
    tx.execute(_ADD, values)
    return grant_id


_ADD = insert(grants)
_with_code = (
    grants.c.code_digest == bindparam("of_code"),
    grants.c.realm == bindparam("in_realm"),
    grants.c.client_id == bindparam("of_client"),
)
_CONSUME_CODE = (
    update(grants)
    .where(*_with_code, grants.c.code_used_at.is_(None), grants.c.code_expires_at > bindparam("now"))
    .values(code_used_at=bindparam("now"))
    .returning(grants.c.id)
)
_END_OF_USED_CODE = (
    update(grants)
    .where(*_with_code, grants.c.code_used_at.is_not(None), grants.c.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
    .returning(grants.c.id)
)


def consume_code(tx: Transaction, realm: str, *, client_id: str, code: str, now: int) -> str | None:
    """The identifier of the grant whose code this is, which no other request will get."""
    values = {"of_code": digest(code), "in_realm": realm, "of_client": client_id, "now": now}
    return tx.execute(_CONSUME_CODE, values).scalar_one_or_none()


def end_of_used_code(tx: Transaction, realm: str, *, client_id: str, code: str, now: int) -> str | None:
    """End what was made from a code that is presented again (RFC 6749 section 4.1.2); the grant's identifier."""
    values = {"of_code": digest(code), "in_realm": realm, "of_client": client_id, "now": now}
    return tx.execute(_END_OF_USED_CODE, values).scalar_one_or_none()


_ALIVE = (
    select(grants)
    .join(users, users.c.id == grants.c.user_id)
    .join(sessions, sessions.c.id == grants.c.session_id)
    .where(
        grants.c.ended_at.is_(None),
        sessions.c.ended_at.is_(None),
        users.c.enabled,
        users.c.epoch == grants.c.epoch,
        grants.c.id == bindparam("grant_id"),
        grants.c.realm == bindparam("in_realm"),
        grants.c.expires_at > bindparam("now"),
    )
)
_END = (
    update(grants)
    .where(grants.c.id == bindparam("grant_id"), grants.c.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
)


def alive(tx: Transaction, realm: str, *, grant_id: str, now: int) -> Grant | None:
    """The grant, unless it, its session or what its person had when it was made has ended."""
    row = tx.execute(_ALIVE, {"grant_id": grant_id, "in_realm": realm, "now": now}).first()
    return None if row is None else _as_grant(row)


def end(tx: Transaction, grant_id: str, now: int) -> bool:
    """With every token made from it."""
    return tx.execute(_END, {"grant_id": grant_id, "now": now}).rowcount == 1


def end_of_other_clients(tx: Transaction, realm: str, *, client_ids: Collection[str], now: int) -> int:
    """End the grants of clients that the realm does not have (any more); how many there were."""
    has = select(grants.c.client_id).where(grants.c.realm == realm, grants.c.ended_at.is_(None)).distinct()
    gone = sorted(set(tx.execute(has).scalars()) - set(client_ids))
    if not gone:
        return 0
    where = (grants.c.realm == realm, grants.c.ended_at.is_(None), grants.c.client_id.in_(gone))
    return tx.execute(update(grants).where(*where).values(ended_at=now)).rowcount


@dataclass(frozen=True, slots=True)
class StoredRefreshToken:
    """A refresh token as stored, used or not."""

    grant_id: str
    client_id: str
    scope: str
    expires_at: int
    used: bool


_FIND_REFRESH_TOKEN = (
    select(refresh_tokens, grants.c.client_id, grants.c.scope)
    .join(grants)
    .where(refresh_tokens.c.digest == bindparam("of_token"), grants.c.realm == bindparam("in_realm"))
)
_ADD_REFRESH_TOKEN = insert(refresh_tokens)
_CONSUME_REFRESH_TOKEN = (
    update(refresh_tokens)
    .where(refresh_tokens.c.digest == bindparam("of_token"), refresh_tokens.c.used_at.is_(None))
    .values(used_at=bindparam("now"))
)


def find_refresh_token(tx: Transaction, realm: str, token: str) -> StoredRefreshToken | None:
    """The refresh token of that value in this realm, whatever its state."""
    row = tx.execute(_FIND_REFRESH_TOKEN, {"of_token": digest(token), "in_realm": realm}).first()
    if row is None:
        return None
    return StoredRefreshToken(row.grant_id, row.client_id, row.scope, row.expires_at, row.used_at is not None)


def add_refresh_token(tx: Transaction, grant_id: str, *, token: str, expires_at: int) -> None:
    """The next of the family; the digest is unique."""
    values = {"digest": digest(token), "grant_id": grant_id, "expires_at": expires_at}
    tx.execute(_ADD_REFRESH_TOKEN, values)


def consume_refresh_token(tx: Transaction, token: str, now: int) -> bool:
    """Use it up; false when another request did so first."""
    return tx.execute(_CONSUME_REFRESH_TOKEN, {"of_token": digest(token), "now": now}).rowcount == 1


def _as_grant(row: Any) -> Grant:
    return Grant(
        id=row.id,
        realm=row.realm,
        client_id=row.client_id,
        user_id=row.user_id,
        session_id=row.session_id,
        scope=row.scope,
        proofs=proofs_json.load(row.proofs),
        acr=row.acr,
        amr=tuple(row.amr),
        auth_time=row.auth_time,
        nonce=row.nonce,
        redirect_uri=row.redirect_uri,
        code_challenge=row.code_challenge,
        expires_at=row.expires_at,
    )
