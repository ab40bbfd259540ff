"""Access tokens without a grant that were revoked before they expired."""

from sqlalchemy import insert, select

from idp.store.database import Transaction
from idp.store.tables import revoked_tokens


def add(tx: Transaction, *, jti: str, expires_at: int) -> None:
    """Remembered until the token would have expired."""
    if not contains(tx, jti):
        tx.execute(insert(revoked_tokens).values(jti=jti, expires_at=expires_at))


def contains(tx: Transaction, jti: str) -> bool:
    """Whether the token of that `jti` was revoked."""
    return tx.execute(select(revoked_tokens.c.jti).where(revoked_tokens.c.jti == jti)).first() is not None
