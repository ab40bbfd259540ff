"""What may be seen once: identifiers of assertions, of proofs, of challenges. Whoever inserts one was first."""

from functools import cache
from typing import Any

from idp.store.database import Transaction
from idp.store.tables import used_identifiers
from idp.store.upsert import insert_into
from idp.tokens.bearer import digest


def is_first_use(tx: Transaction, purpose: str, *whose: str, expires_at: int) -> bool:
    """Remember it until then; false when it was here before, in whichever process.

    `whose` ends with the identifier and says before that to whom it belongs: nobody can use up another's.
    """
    # Each part by itself, or the parts of one could be read as those of another.
    value = "".join(digest(part).hex() for part in (purpose, *whose))
    values = {"digest": digest(value), "expires_at": expires_at}
    return tx.execute(_adding(tx.connection.dialect.name), values).first() is not None


@cache
def _adding(dialect: str) -> Any:
    # Asked for, because PostgreSQL's driver does not count what an insertion with a conflict has inserted.
    return insert_into(used_identifiers, dialect).on_conflict_do_nothing().returning(used_identifiers.c.digest)
