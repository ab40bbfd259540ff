"""Takes out what has expired. Nothing depends on it: every query looks at the times itself."""

from sqlalchemy import delete, select

from idp.store.database import Transaction
from idp.store.tables import grants, guesses, refresh_tokens, revoked_tokens, sessions, transactions

_DAY = 86400


def remove_expired(tx: Transaction, *, now: int, longest: int) -> None:
    """Rows that no query finds alive any more, and the wrong passwords of more than a day ago.

    `longest`: how many seconds a grant lives, or a session without use, in any realm. The row of a session stays as
    long as a grant may need to know that it ended.
    """
    tx.execute(delete(transactions).where(transactions.c.expires_at <= now))
    tx.execute(delete(refresh_tokens).where(refresh_tokens.c.expires_at <= now))
    tx.execute(delete(grants).where(grants.c.expires_at <= now))
    in_use = select(grants.c.session_id).where(grants.c.session_id == sessions.c.id).exists()
    tx.execute(delete(sessions).where(sessions.c.used_at <= now - longest - _DAY, ~in_use))
    tx.execute(delete(revoked_tokens).where(revoked_tokens.c.expires_at <= now))
    slow = guesses.c.subject.startswith("password:")
    tx.execute(delete(guesses).where(slow, guesses.c.last_at <= now - _DAY))
