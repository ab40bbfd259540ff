"""Clients that registered themselves, and the tokens by which they may (RFC 7591, RFC 7592)."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from idp.store import consents, grants
from idp.store.database import Transaction
from idp.store.tables import LONGEST_ORIGIN, registered_clients, registered_origins, registration_tokens
from idp.tokens.bearer import digest


@dataclass(frozen=True, slots=True)
class Stored:
    """A client as stored; `registered` is its metadata as JSON has it."""

    client_id: str
    registered: dict[str, Any]
    secret_digest: bytes | None = field(repr=False)
    enabled: bool
    created_at: int


_of = (registered_clients.c.client_id == bindparam("of_client"), registered_clients.c.realm == bindparam("in_realm"))
_FIND = select(registered_clients).where(*_of)
_FIND_BY_TOKEN = _FIND.where(registered_clients.c.token_digest == bindparam("of_token"), registered_clients.c.enabled)
# Whoever may register may name an origin that others have named before.
_MOST_AT_ORIGIN = 20
_AT_ORIGIN = (
    select(registered_clients.c.client_id)
    .join(registered_origins)
    .where(
        registered_origins.c.origin == bindparam("of_origin"),
        registered_clients.c.realm == bindparam("in_realm"),
        registered_clients.c.enabled,
    )
    .limit(_MOST_AT_ORIGIN)
)
_USABLE = (
    registration_tokens.c.digest == bindparam("of_token"),
    registration_tokens.c.realm == bindparam("in_realm"),
    registration_tokens.c.uses_left > 0,
    registration_tokens.c.expires_at > bindparam("now"),
)
_IS_USABLE = select(registration_tokens.c.digest).where(*_USABLE)
_USE = update(registration_tokens).where(*_USABLE).values(uses_left=registration_tokens.c.uses_left - 1)


def add_token(tx: Transaction, realm: str, *, token: str, uses: int, expires_at: int) -> None:
    """An initial access token."""
    values = {"digest": digest(token), "realm": realm, "uses_left": uses, "expires_at": expires_at}
    tx.execute(insert(registration_tokens), values)


def is_usable(tx: Transaction, realm: str, *, token: str, now: int) -> bool:
    """Whether a client may be registered by this initial access token."""
    return tx.execute(_IS_USABLE, {"of_token": digest(token), "in_realm": realm, "now": now}).first() is not None


def use_token(tx: Transaction, realm: str, *, token: str, now: int) -> bool:
    """Use it up once; false when others have used it up."""
    return tx.execute(_USE, {"of_token": digest(token), "in_realm": realm, "now": now}).rowcount == 1


def add(
    tx: Transaction,
    realm: str,
    *,
    client_id: str,
    registered: dict[str, Any],
    origins: Collection[str] = (),
    secret: str | None,
    token: str,
    now: int,
) -> None:
    """A new client with its secret, if it can keep one, and its registration access token. `origins`: of its pages."""
    values = {
        "client_id": client_id,
        "realm": realm,
        "registered": registered,
        "secret_digest": None if secret is None else digest(secret),
        "token_digest": digest(token),
        "enabled": True,
        "created_at": now,
    }
    tx.execute(insert(registered_clients), values)
    _add_origins(tx, client_id, origins)


def find(tx: Transaction, realm: str, client_id: str) -> Stored | None:
    """The client, enabled or not."""
    row = tx.execute(_FIND, {"of_client": client_id, "in_realm": realm}).first()
    return None if row is None else _stored(row)


def find_by_token(tx: Transaction, realm: str, *, client_id: str, token: str) -> Stored | None:
    """The enabled client that this registration access token is of."""
    values = {"of_client": client_id, "in_realm": realm, "of_token": digest(token)}
    row = tx.execute(_FIND_BY_TOKEN, values).first()
    return None if row is None else _stored(row)


def listed(tx: Transaction, realm: str) -> list[Stored]:
    """All of a realm, the oldest first."""
    query = select(registered_clients).where(registered_clients.c.realm == realm)
    return [_stored(row) for row in tx.execute(query.order_by("created_at", "client_id"))]


def enabled_ids(tx: Transaction, realm: str) -> list[str]:
    """The identifiers of those that may be used."""
    where = (registered_clients.c.realm == realm, registered_clients.c.enabled)
    return list(tx.execute(select(registered_clients.c.client_id).where(*where)).scalars())


def at_origin(tx: Transaction, realm: str, origin: str) -> list[str]:
    """The identifiers of enabled clients with pages there."""
    return list(tx.execute(_AT_ORIGIN, {"in_realm": realm, "of_origin": origin}).scalars())


def replace(
    tx: Transaction,
    realm: str,
    *,
    client_id: str,
    registered: dict[str, Any],
    origins: Collection[str],
    secret_digest: bytes | None,
) -> bool:
    """Other metadata; whether the client is enabled is not among them. False when it is gone or disabled."""
    where = (
        registered_clients.c.client_id == client_id,
        registered_clients.c.realm == realm,
        registered_clients.c.enabled,
    )
    changed = update(registered_clients).where(*where)
    if tx.execute(changed.values(registered=registered, secret_digest=secret_digest)).rowcount != 1:
        return False
    tx.execute(delete(registered_origins).where(registered_origins.c.client_id == client_id))
    _add_origins(tx, client_id, origins)
    return True


def _add_origins(tx: Transaction, client_id: str, origins: Collection[str]) -> None:
    # No browser knows a longer one: a host name ends after 253 letters.
    rows = [{"client_id": client_id, "origin": origin} for origin in origins if len(origin) <= LONGEST_ORIGIN]
    if rows:
        tx.execute(insert(registered_origins), rows)


def set_enabled(tx: Transaction, realm: str, *, client_id: str, enabled: bool, now: int) -> bool:
    """Disabling ends its grants. False when there is no such client."""
    where = (registered_clients.c.client_id == client_id, registered_clients.c.realm == realm)
    found = tx.execute(update(registered_clients).where(*where).values(enabled=enabled)).rowcount == 1
    if found and not enabled:
        grants.end_of_every_person(tx, realm, client_id=client_id, now=now)
    return found


def remove(tx: Transaction, realm: str, *, client_id: str, now: int) -> bool:
    """With what people allowed it. False when there is no such client."""
    where = (registered_clients.c.client_id == client_id, registered_clients.c.realm == realm)
    if tx.execute(delete(registered_clients).where(*where)).rowcount != 1:
        return False
    grants.end_of_every_person(tx, realm, client_id=client_id, now=now)
    consents.forget(tx, client_id=client_id)
    return True


def _stored(row: Any) -> Stored:
    return Stored(row.client_id, dict(row.registered), row.secret_digest, row.enabled, row.created_at)
