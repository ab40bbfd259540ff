"""Links that people get by mail, each good once, found by the digest of its key."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, exists, select, update

from idp.store.database import Transaction
from idp.store.tables import links, users
from idp.store.upsert import insert_into
from idp.tokens.bearer import digest


@dataclass(frozen=True, slots=True)
class Link:
    """A link that is good: neither used nor expired, its person enabled and unchanged since it was made.

    `email_key`: of the address that it was sent to; `came_from`: sealed.
    """

    user_id: str
    purpose: str
    email_key: str | None
    came_from: str | None


def put(
    tx: Transaction,
    *,
    key: str,
    user_id: str,
    purpose: str,
    epoch: int,
    email_key: str | None,
    came_from: str | None,
    expires_at: int,
) -> None:
    """A new one, in the place of that which the person had for the same purpose."""
    values = {
        "digest": digest(key),
        "epoch": epoch,
        "email_key": email_key,
        "came_from": came_from,
        "expires_at": expires_at,
        "used_at": None,
    }
    first = insert_into(links, tx.connection.dialect.name).values(user_id=user_id, purpose=purpose, **values)
    tx.execute(first.on_conflict_do_update(index_elements=[links.c.user_id, links.c.purpose], set_=values))


def find(tx: Transaction, realm: str, *, key: str, now: int) -> Link | None:
    """The link of a key, where it is good."""
    return _link(tx.execute(_FIND, {"of": digest(key), "in_realm": realm, "at": now}).first())


def consume(tx: Transaction, realm: str, *, key: str, now: int) -> Link | None:
    """Use it up; None where it is not good, as when another request was first."""
    return _link(tx.execute(_CONSUME, {"of": digest(key), "in_realm": realm, "at": now}).first())


def _link(row: Any) -> Link | None:
    return None if row is None else Link(row.user_id, row.purpose, row.email_key, row.came_from)


_is_unchanged = exists().where(
    users.c.id == links.c.user_id,
    users.c.realm == bindparam("in_realm"),
    users.c.enabled,
    users.c.epoch == links.c.epoch,
)
_is_good = (
    links.c.digest == bindparam("of"),
    links.c.used_at.is_(None),
    links.c.expires_at > bindparam("at"),
    _is_unchanged,
)
_FIND = select(links).where(*_is_good)
_CONSUME = update(links).where(*_is_good).values(used_at=bindparam("at")).returning(links)
