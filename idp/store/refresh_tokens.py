"""Refresh tokens: the family of a grant, each consumed by one conditional update."""

from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select, update

from idp.store.database import Transaction
from idp.store.tables import grants, refresh_tokens
from idp.tokens.bearer import digest


@dataclass(frozen=True, slots=True)
class StoredRefreshToken:
    """A refresh token as stored, used or not."""

    grant_id: str
    client_id: str
    scope: str
    expires_at: int
    used: bool


_FIND = (
    select(refresh_tokens, grants.c.client_id, grants.c.scope)
    .join(grants)
    .where(refresh_tokens.c.digest == bindparam("of_token"), grants.c.realm == bindparam("in_realm"))
)
_ADD = insert(refresh_tokens)
_PROLONG = (
    update(refresh_tokens).where(refresh_tokens.c.digest == bindparam("of_token")).values(expires_at=bindparam("until"))
)
_CONSUME = (
    update(refresh_tokens)
    .where(refresh_tokens.c.digest == bindparam("of_token"), refresh_tokens.c.used_at.is_(None))
    .values(used_at=bindparam("now"))
)


def find(tx: Transaction, realm: str, token: str) -> StoredRefreshToken | None:
    """The refresh token of that value in this realm, whatever its state."""
    row = tx.execute(_FIND, {"of_token": digest(token), "in_realm": realm}).first()
    if row is None:
        return None
    return StoredRefreshToken(row.grant_id, row.client_id, row.scope, row.expires_at, row.used_at is not None)


def add(tx: Transaction, grant_id: str, *, token: str, expires_at: int) -> None:
    """The next of the family; the digest is unique."""
    values = {"digest": digest(token), "grant_id": grant_id, "expires_at": expires_at}
    tx.execute(_ADD, values)


def consume(tx: Transaction, token: str, now: int) -> bool:
    """Use it up; false when another request did so first."""
    return tx.execute(_CONSUME, {"of_token": digest(token), "now": now}).rowcount == 1


def prolong(tx: Transaction, token: str, expires_at: int) -> None:
    """One that is not rotated lives on by being used."""
    tx.execute(_PROLONG, {"of_token": digest(token), "until": expires_at})
