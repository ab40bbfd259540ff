"""Access tokens without a grant that were revoked before they expired."""

from functools import cache
from typing import Any

from sqlalchemy import bindparam, select

from idp.store.database import Transaction
from idp.store.tables import revoked_tokens
from idp.store.upsert import insert_into

_CONTAINS = select(revoked_tokens.c.jti).where(revoked_tokens.c.jti == bindparam("of"))


def add(tx: Transaction, *, jti: str, expires_at: int) -> None:
    """Remembered until the token would have expired."""
    tx.execute(_adding(tx.connection.dialect.name), {"jti": jti, "expires_at": expires_at})


def contains(tx: Transaction, jti: str) -> bool:
    """Whether the token of that `jti` was revoked."""
    return tx.execute(_CONTAINS, {"of": jti}).first() is not None


@cache
def _adding(dialect: str) -> Any:
    # Whoever revokes it second, even in the same moment, has nothing to add.
    return insert_into(revoked_tokens, dialect).on_conflict_do_nothing()
