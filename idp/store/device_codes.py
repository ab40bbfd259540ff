"""Devices that wait for somebody to approve them (RFC 8628): asked for, approved or denied, redeemed once."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from idp.store.database import Transaction
from idp.store.tables import device_codes
from idp.tokens.bearer import digest

SLOWER_BY = 5  # seconds, RFC 8628 section 3.5


@dataclass(frozen=True, slots=True)
class Device:
    """What a device asked for. `grant_id` is set once somebody approved it; `interval` in seconds."""

    id: str
    client_id: str
    scope: str
    grant_id: str | None
    denied: bool
    expires_at: int
    interval: int
    polled_at: int


def add(
    tx: Transaction,
    *,
    realm: str,
    client_id: str,
    asked_by: str,
    scope: str,
    device_code: str,
    user_code: str,
    interval: int,
    expires_at: int,
) -> None:
    """A device that waits; raises IntegrityError where the user code is taken."""
    values = {
        "id": str(uuid.uuid4()),
        "realm": realm,
        "client_id": client_id,
        "asked_by": asked_by,
        "scope": scope,
        "digest": digest(device_code),
        "user_code": _user_code(realm, user_code),
        "grant_id": None,
        "denied": False,
        "interval": interval,
        "polled_at": 0,
        "expires_at": expires_at,
    }
    tx.execute(insert(device_codes), values)


def unexpired(tx: Transaction, realm: str, *, asked_by: str, now: int) -> int:
    """How many of somebody's have neither expired nor been redeemed."""
    where = (_in(realm), device_codes.c.asked_by == asked_by, device_codes.c.expires_at > now)
    count: int = tx.execute(select(func.count()).select_from(device_codes).where(*where)).scalar_one()
    return count


def find(tx: Transaction, realm: str, device_code: str) -> Device | None:
    """The device of that code, whatever its state."""
    row = tx.execute(_FIND.where(device_codes.c.digest == digest(device_code), _in(realm))).first()
    return None if row is None else _as_device(row)


def waiting(tx: Transaction, realm: str, now: int, *, user_code: str = "", device_id: str = "") -> Device | None:
    """The device that waits for its approval under that code, or of that identifier."""
    which = device_codes.c.user_code == _user_code(realm, user_code) if user_code else device_codes.c.id == device_id
    row = tx.execute(_FIND.where(which, *_is_waiting(realm, now))).first()
    return None if row is None else _as_device(row)


def approve(tx: Transaction, realm: str, *, device_id: str, grant_id: str, now: int) -> bool:
    """False when it does not wait any more: somebody was first, or too late."""
    where = (device_codes.c.id == device_id, *_is_waiting(realm, now))
    return tx.execute(update(device_codes).where(*where).values(grant_id=grant_id)).rowcount == 1


def deny(tx: Transaction, realm: str, *, device_id: str, now: int) -> bool:
    """False when it does not wait any more."""
    where = (device_codes.c.id == device_id, *_is_waiting(realm, now))
    return tx.execute(update(device_codes).where(*where).values(denied=True)).rowcount == 1


def poll(tx: Transaction, device: Device, now: int) -> bool:
    """Note that the device asked; false, and a longer interval, when it asked too early."""
    is_early = now < device.polled_at + device.interval
    interval = device.interval + (SLOWER_BY if is_early else 0)
    tx.execute(update(device_codes).where(device_codes.c.id == device.id).values(polled_at=now, interval=interval))
    return not is_early


def consume(tx: Transaction, device_id: str) -> bool:
    """Use an approval up; false when another request did so first."""
    where = (device_codes.c.id == device_id, device_codes.c.grant_id.is_not(None))
    return tx.execute(delete(device_codes).where(*where)).rowcount == 1


def _is_waiting(realm: str, now: int) -> tuple[Any, ...]:
    columns = device_codes.c
    return _in(realm), columns.grant_id.is_(None), columns.denied.is_(False), columns.expires_at > now


def _in(realm: str) -> Any:
    return device_codes.c.realm == realm


def _user_code(realm: str, user_code: str) -> bytes:
    return digest(f"{realm}:{user_code}")


_FIND = select(device_codes)


def _as_device(row: Any) -> Device:
    return Device(
        id=row.id,
        client_id=row.client_id,
        scope=row.scope,
        grant_id=row.grant_id,
        denied=row.denied,
        expires_at=row.expires_at,
        interval=row.interval,
        polled_at=row.polled_at,
    )
