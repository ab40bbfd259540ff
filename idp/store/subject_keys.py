"""The key of a realm's pairwise subjects, sealed. A realm has one, whichever process makes it, for ever."""

from sqlalchemy import insert, select, update

from idp.store.database import Transaction
from idp.store.tables import subject_keys
from idp.tokens.sealing import Sealer


def load(tx: Transaction, sealer: Sealer, realm: str) -> bytes | None:
    """The key, or None while there is none."""
    sealed = tx.execute(select(subject_keys.c.key).where(subject_keys.c.realm == realm)).scalar_one_or_none()
    return None if sealed is None else sealer.open(sealed, _context(realm))


def add(tx: Transaction, sealer: Sealer, realm: str, key: bytes) -> None:
    """The key; raises IntegrityError when another process was first."""
    tx.execute(insert(subject_keys), {"realm": realm, "key": sealer.seal(key, _context(realm))})


def reseal(tx: Transaction, sealer: Sealer) -> int:
    """Seal those of every realm by the sealer's first key: how many there are."""
    rows = tx.execute(select(subject_keys)).all()
    for row in rows:
        key = sealer.again(row.key, _context(row.realm))
        tx.execute(update(subject_keys).where(subject_keys.c.realm == row.realm).values(key=key))
    return len(rows)


def _context(realm: str) -> str:
    return f"subject key:{realm}"
