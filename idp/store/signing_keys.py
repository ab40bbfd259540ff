"""Signing keys, sealed. A realm never has two keys of one algorithm and generation, whichever process makes them."""

from sqlalchemy import delete, insert, select, update

from idp.store.database import Transaction
from idp.store.tables import signing_keys
from idp.tokens.jose import Algorithm, PrivateKey, export_private, import_private
from idp.tokens.keys import SigningKey
from idp.tokens.sealing import Sealer


def load(tx: Transaction, sealer: Sealer, realm: str) -> list[SigningKey]:
    """All keys of the realm."""
    rows = tx.execute(select(signing_keys).where(signing_keys.c.realm == realm))
    return [
        SigningKey(
            kid=row.kid,
            alg=row.alg,
            generation=row.generation,
            active_at=row.active_at,
            private=import_private(sealer.open(row.private, _context(realm, row.kid)), kid=row.kid, alg=row.alg),
        )
        for row in rows
    ]


def add(
    tx: Transaction,
    sealer: Sealer,
    realm: str,
    *,
    alg: Algorithm,
    generation: int,
    private: PrivateKey,
    active_at: int,
    now: int,
) -> None:
    """A new key; raises IntegrityError when another process was first."""
    kid = str(private.kid)
    values = {
        "kid": kid,
        "realm": realm,
        "alg": alg,
        "generation": generation,
        "private": sealer.seal(export_private(private), _context(realm, kid)),
        "created_at": now,
        "active_at": active_at,
    }
    tx.execute(insert(signing_keys).values(values))


def activate(tx: Transaction, realm: str, kid: str, at: int) -> None:
    """Have the key sign from then on."""
    which = signing_keys.c.realm == realm, signing_keys.c.kid == kid
    tx.execute(update(signing_keys).where(*which).values(active_at=at))


def remove(tx: Transaction, realm: str, kid: str) -> None:
    """Forget the key, with its private half."""
    tx.execute(delete(signing_keys).where(signing_keys.c.realm == realm, signing_keys.c.kid == kid))


def reseal(tx: Transaction, sealer: Sealer) -> int:
    """Seal those of every realm by the sealer's first key: how many there are."""
    rows = tx.execute(select(signing_keys.c.realm, signing_keys.c.kid, signing_keys.c.private)).all()
    for row in rows:
        private = sealer.again(row.private, _context(row.realm, row.kid))
        tx.execute(update(signing_keys).where(signing_keys.c.kid == row.kid).values(private=private))
    return len(rows)


def _context(realm: str, kid: str) -> str:
    return f"signing key:{realm}:{kid}"
