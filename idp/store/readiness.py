"""Whether the database takes what a sign-in writes."""

import secrets

from sqlalchemy import delete, insert
from sqlalchemy.exc import SQLAlchemyError

from idp.errors import Overloaded
from idp.store.database import Database, reason
from idp.store.tables import revoked_tokens


def trouble(database: Database) -> str | None:
    """Why nobody can be signed in now, or None.

    A row is written and taken out in one transaction that is committed: nobody ever sees it, and a disk that is full
    shows at the commit, not before.
    """
    jti = secrets.token_hex(32)
    try:
        with database.write() as tx:
            tx.execute(insert(revoked_tokens), {"jti": jti, "expires_at": 0})
            tx.execute(delete(revoked_tokens).where(revoked_tokens.c.jti == jti))
    except (SQLAlchemyError, Overloaded) as error:
        return reason(error)
    return None
