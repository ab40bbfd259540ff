"""Second factors of people: enrolled, used once and only forward, removed."""

import uuid
from collections.abc import Sequence

from sqlalchemy import bindparam, delete, insert, update

from idp.store import guesses
from idp.store.database import Transaction
from idp.store.tables import credentials, recovery_codes, users


def add(
    tx: Transaction, user_id: str, *, credential_id: str, factor: str, label: str, secret: str, last_step: int, now: int
) -> None:
    """A new credential. `last_step` is that of the code which proved it, so that it is accepted nowhere else."""
    values = {
        "id": credential_id,
        "user_id": user_id,
        "factor": factor,
        "label": label,
        "secret": secret,
        "last_step": last_step,
        "created_at": now,
        "last_used_at": now if last_step else None,
    }
    tx.execute(insert(credentials).values(values))


_CONSUME_STEP = (
    update(credentials)
    .where(credentials.c.id == bindparam("credential_id"), credentials.c.last_step < bindparam("step"))
    .values(last_step=bindparam("step"), last_used_at=bindparam("now"))
)


def consume_step(tx: Transaction, credential_id: str, *, step: int, now: int) -> bool:
    """Use up a TOTP step and all before it; false when it was used already (RFC 6238 section 5.2)."""
    return tx.execute(_CONSUME_STEP, {"credential_id": credential_id, "step": step, "now": now}).rowcount == 1


def consume_recovery_code(tx: Transaction, user_id: str, *, digest: bytes, now: int) -> bool:
    """Use up a recovery code of this person; false when it is not theirs or was used."""
    where = (
        recovery_codes.c.digest == digest,
        recovery_codes.c.user_id == user_id,
        recovery_codes.c.used_at.is_(None),
    )
    return tx.execute(update(recovery_codes).where(*where).values(used_at=now)).rowcount == 1


def replace_recovery_codes(tx: Transaction, user_id: str, digests: Sequence[bytes]) -> None:
    """New codes; all old ones are dead."""
    tx.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
    batch = str(uuid.uuid4())
    rows = [{"digest": d, "user_id": user_id, "batch": batch, "used_at": None} for d in digests]
    tx.execute(insert(recovery_codes), rows)


def reset(tx: Transaction, user_id: str) -> None:
    """Remove every second factor and the guesses against them; everything that rests on them ends."""
    tx.execute(delete(credentials).where(credentials.c.user_id == user_id))
    tx.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
    tx.execute(update(users).where(users.c.id == user_id).values(epoch=users.c.epoch + 1))
    guesses.clear(tx, guesses.second_factor_subject(user_id))
