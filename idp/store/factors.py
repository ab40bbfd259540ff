"""Second factors of people: enrolled, used once and only forward, renamed, removed."""

from collections.abc import Callable, Sequence

from sqlalchemy import and_, bindparam, delete, insert, or_, select, update

from idp.store import guesses, logout_notices, trusted_browsers
from idp.store.database import Transaction
from idp.store.tables import credentials, recovery_codes, users


def add(
    tx: Transaction,
    user_id: str,
    *,
    credential_id: str,
    factor: str,
    label: str,
    secret: str,
    now: int,
    counter: int = 0,
    handle: bytes | None = None,
    is_proven: bool = True,
) -> None:
    """A new credential. `counter` is that of the answer which proved it, so that it is accepted nowhere else.

    A browser is trusted for what its owner proved with, so no longer.
    """
    values = {
        "id": credential_id,
        "user_id": user_id,
        "factor": factor,
        "label": label,
        "secret": secret,
        "handle": handle,
        "counter": counter,
        "created_at": now,
        "last_used_at": now if is_proven else None,
    }
    tx.execute(insert(credentials).values(values))
    trusted_browsers.forget_all(tx, user_id)


def remove(tx: Transaction, user_id: str, *, credential_id: str) -> bool:
    """Remove one; what rests on it ends by itself. False when it is not this person's."""
    where = (credentials.c.id == credential_id, credentials.c.user_id == user_id)
    trusted_browsers.forget_all(tx, user_id)
    return tx.execute(delete(credentials).where(*where)).rowcount == 1


def rename(tx: Transaction, user_id: str, *, credential_id: str, label: str) -> None:
    """What its owner calls it."""
    where = (credentials.c.id == credential_id, credentials.c.user_id == user_id)
    tx.execute(update(credentials).where(*where).values(label=label))


def owner_of(tx: Transaction, realm: str, *, handle: bytes) -> tuple[str, str] | None:
    """The person and the credential of a passkey's handle."""
    found = tx.execute(_OWNER_OF, {"of": handle, "in_realm": realm}).first()
    return None if found is None else (found.user_id, found.id)


def is_known(tx: Transaction, *, handle: bytes) -> bool:
    """Whether a passkey of that identifier is anybody's, in any realm."""
    return tx.execute(select(credentials.c.id).where(credentials.c.handle == handle)).first() is not None


_OWNER_OF = (
    select(credentials.c.user_id, credentials.c.id)
    .join(users)
    .where(credentials.c.handle == bindparam("of"), users.c.realm == bindparam("in_realm"))
)


_CONSUME_STEP = (
    update(credentials)
    .where(credentials.c.id == bindparam("credential_id"), credentials.c.counter < bindparam("step"))
    .values(counter=bindparam("step"), last_used_at=bindparam("now"))
)


def consume_step(tx: Transaction, credential_id: str, *, step: int, now: int) -> bool:
    """Use up a TOTP step and all before it; false when it was used already (RFC 6238 section 5.2)."""
    return tx.execute(_CONSUME_STEP, {"credential_id": credential_id, "step": step, "now": now}).rowcount == 1


_use = update(credentials).where(credentials.c.id == bindparam("credential_id")).values(last_used_at=bindparam("now"))
_USE = _use
_CONSUME_COUNTER = _use.where(
    or_(credentials.c.counter < bindparam("counter"), and_(credentials.c.counter == 0, bindparam("counter") == 0))
).values(counter=bindparam("counter"))


def consume_counter(tx: Transaction, credential_id: str, *, counter: int, now: int) -> bool:
    """Move a passkey's signature counter on; false when it went back or stood still (WebAuthn section 6.1.1).

    A passkey that does not count stays at 0.
    """
    return tx.execute(_CONSUME_COUNTER, {"credential_id": credential_id, "counter": counter, "now": now}).rowcount == 1


def use(tx: Transaction, credential_id: str, now: int) -> bool:
    """Note that it was used; false when it was removed meanwhile."""
    return tx.execute(_USE, {"credential_id": credential_id, "now": now}).rowcount == 1


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
    rows = [{"digest": d, "user_id": user_id, "used_at": None} for d in digests]
    tx.execute(insert(recovery_codes), rows)


def reset(tx: Transaction, user_id: str) -> None:
    """Remove every second factor and the guesses against them; everything that rests on them ends."""
    logout_notices.queue_of_person(tx, user_id)
    tx.execute(delete(credentials).where(credentials.c.user_id == user_id))
    tx.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
    tx.execute(update(users).where(users.c.id == user_id).values(epoch=users.c.epoch + 1))
    trusted_browsers.forget_all(tx, user_id)
    guesses.clear_second_factors(tx, user_id)


def reseal(tx: Transaction, seal_again: Callable[[str, str, str], str], *, after: str, most: int) -> list[str]:
    """Replace the next sealed secrets, `most` at once, by `seal_again(secret, user_id, credential_id)`.

    The identifiers of the credentials, in order; `after` is the last one of those before, empty to begin with.
    """
    columns = (credentials.c.id, credentials.c.user_id, credentials.c.secret)
    rows = tx.execute(select(*columns).where(credentials.c.id > after).order_by(credentials.c.id).limit(most)).all()
    for row in rows:
        secret = seal_again(row.secret, row.user_id, row.id)
        tx.execute(update(credentials).where(credentials.c.id == row.id).values(secret=secret))
    return [row.id for row in rows]
