"""Access tokens without a grant that were revoked before they expired."""

from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from idp.store.database import Transaction
from idp.store.tables import revoked_tokens

_CONTAINS = select(revoked_tokens.c.jti).where(revoked_tokens.c.jti == bindparam("of"))
# Whoever revokes it second, even in the same moment, has nothing to add.
_ADD: dict[str, Any] = {
    "sqlite": sqlite_insert(revoked_tokens).on_conflict_do_nothing(),
    "postgresql": postgresql_insert(revoked_tokens).on_conflict_do_nothing(),
}


def add(tx: Transaction, *, jti: str, expires_at: int) -> None:
    """Remembered until the token would have expired."""
    tx.execute(_ADD[tx.connection.dialect.name], {"jti": jti, "expires_at": expires_at})


def contains(tx: Transaction, jti: str) -> bool:
    """Whether the token of that `jti` was revoked."""
    return tx.execute(_CONTAINS, {"of": jti}).first() is not None
