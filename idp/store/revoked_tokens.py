"""Access tokens that were revoked before they expired, and not with their grant."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import bindparam, select

from idp.store.database import Transaction
from idp.store.tables import revoked_tokens
from idp.store.upsert import insert_into

_CONTAINS = select(revoked_tokens.c.jti).where(revoked_tokens.c.jti.in_(bindparam("of", expanding=True)))


def add(tx: Transaction, *, jti: str, expires_at: int) -> None:
    """Remembered until the token would have expired."""
    tx.execute(_adding(tx.connection.dialect.name), {"jti": jti, "expires_at": expires_at})


def contains(tx: Transaction, jtis: Sequence[str]) -> bool:
    """Whether a token of any such `jti` was revoked."""
    return tx.execute(_CONTAINS, {"of": jtis}).first() is not None


@cache
def _adding(dialect: str) -> Any:
    # Whoever revokes it second, even in the same moment, has nothing to add.
    return insert_into(revoked_tokens, dialect).on_conflict_do_nothing()
