"""Pushed authorization requests (RFC 9126): found by the digest of their `request_uri`, used up when a code is issued.

Not when a page is shown: reloading it, or a program that looks at links before a person does, uses nothing up.
"""

from sqlalchemy import bindparam, func, insert, select, update

from idp.store.database import Transaction
from idp.store.tables import pushed_requests
from idp.tokens.bearer import digest

_ADD = insert(pushed_requests)
_of_uri = (
    pushed_requests.c.digest == bindparam("of_uri"),
    pushed_requests.c.realm == bindparam("in_realm"),
    pushed_requests.c.client_id == bindparam("of_client"),
    pushed_requests.c.used_at.is_(None),
)
_FIND = select(pushed_requests.c.parameters).where(*_of_uri, pushed_requests.c.expires_at > bindparam("now"))
_CONSUME = update(pushed_requests).where(*_of_uri).values(used_at=bindparam("now"))
_COUNT = select(func.count()).where(
    pushed_requests.c.realm == bindparam("in_realm"),
    pushed_requests.c.asked_by == bindparam("by"),
    pushed_requests.c.expires_at > bindparam("now"),
    pushed_requests.c.used_at.is_(None),
)


def add(
    tx: Transaction, realm: str, *, client_id: str, asked_by: str, request_uri: str, parameters: str, expires_at: int
) -> None:
    """A request that waits for a browser; `parameters` are sealed."""
    values = {
        "digest": digest(request_uri),
        "realm": realm,
        "client_id": client_id,
        "asked_by": asked_by,
        "parameters": parameters,
        "expires_at": expires_at,
    }
    tx.execute(_ADD, values)


def waiting(tx: Transaction, realm: str, *, asked_by: str, now: int) -> int:
    """How many of somebody's are neither used up nor expired."""
    count: int = tx.execute(_COUNT, {"in_realm": realm, "by": asked_by, "now": now}).scalar_one()
    return count


def find(tx: Transaction, realm: str, *, client_id: str, request_uri: str, now: int) -> str | None:
    """The sealed parameters of a request of this client that is neither expired nor used up."""
    return tx.execute(_FIND, _named(realm, client_id, request_uri, now)).scalar_one_or_none()


def consume(tx: Transaction, realm: str, *, client_id: str, request_uri: str, now: int) -> bool:
    """Use it up, however long its sign-in took; false when another sign-in did so first."""
    return tx.execute(_CONSUME, _named(realm, client_id, request_uri, now)).rowcount == 1


def _named(realm: str, client_id: str, request_uri: str, now: int) -> dict[str, object]:
    return {"of_uri": digest(request_uri), "in_realm": realm, "of_client": client_id, "now": now}
