"""What people said that clients may have: remembered by person and client, and taken back as a whole.

Scopes add up. Authorization details (RFC 9396) do not: what was allowed last is remembered, and covers the same alone.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, select

from idp.store import grants
from idp.store.database import Transaction
from idp.store.tables import consented_details, consents
from idp.store.upsert import insert_into

Detail = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Consent:
    """What one client may have, and since when (the newest of it)."""

    client_id: str
    scopes: tuple[str, ...]
    given_at: int
    details: tuple[Detail, ...] = ()


_BOTH = (consents, consented_details)
_GIVEN, _DETAILS = (
    select(column).where(table.c.user_id == bindparam("of_user"), table.c.client_id == bindparam("of_client"))
    for table, column in ((consents, consents.c.scope), (consented_details, consented_details.c.details))
)
_WITHDRAW = tuple(
    delete(t).where(t.c.user_id == bindparam("of_user"), t.c.client_id == bindparam("of_client")) for t in _BOTH
)
_FORGET = tuple(delete(t).where(t.c.client_id == bindparam("of_client")) for t in _BOTH)
_LISTED = select(consents).where(consents.c.user_id == bindparam("of_user")).order_by("client_id", "scope")
_LISTED_DETAILS = select(consented_details).where(consented_details.c.user_id == bindparam("of_user"))


def covers(
    tx: Transaction, *, user_id: str, client_id: str, scopes: Collection[str], details: Sequence[Detail]
) -> bool:
    """Whether the client may have this without asking. Of details, neither others nor the same once more."""
    who = {"of_user": user_id, "of_client": client_id}
    if not set(scopes) <= set(tx.execute(_GIVEN, who).scalars()):
        return False
    return not details or _same(details, tx.execute(_DETAILS, who).scalar() or ())


def give(
    tx: Transaction, *, user_id: str, client_id: str, scopes: Collection[str], details: Sequence[Detail] = (), now: int
) -> None:
    """Scopes besides those that were given before; details in their place."""
    who, dialect = {"user_id": user_id, "client_id": client_id}, tx.connection.dialect.name
    rows = [{**who, "scope": scope, "given_at": now} for scope in sorted(scopes)]
    if rows:
        tx.execute(_giving(dialect), rows)
    if details:
        tx.execute(_giving_details(dialect), [{**who, "details": [dict(d) for d in details], "given_at": now}])


def listed(tx: Transaction, user_id: str) -> list[Consent]:
    """What a person gave to whom, by client."""
    of_user = {"of_user": user_id}
    detailed = {row.client_id: row for row in tx.execute(_LISTED_DETAILS, of_user)}
    found: dict[str, Consent] = {}
    for row in tx.execute(_LISTED, of_user):
        before = found.get(row.client_id, Consent(row.client_id, (), row.given_at))
        found[row.client_id] = Consent(row.client_id, (*before.scopes, row.scope), max(before.given_at, row.given_at))
    for client_id, row in detailed.items():
        before = found.get(client_id, Consent(client_id, (), row.given_at))
        since = max(before.given_at, row.given_at)
        found[client_id] = Consent(client_id, before.scopes, since, tuple(row.details))
    return list(found.values())


def withdraw(tx: Transaction, *, user_id: str, client_id: str, now: int) -> bool:
    """Take it back: what was made from it ends, offline or not. False where nothing had been given."""
    had = sum(tx.execute(each, {"of_user": user_id, "of_client": client_id}).rowcount for each in _WITHDRAW) > 0
    ended = grants.end_of_client(tx, user_id=user_id, client_id=client_id, now=now) > 0
    return had or ended


def forget(tx: Transaction, *, client_id: str) -> None:
    """Of a client that is no more."""
    for each in _FORGET:
        tx.execute(each, {"of_client": client_id})


def _same(one: Sequence[Detail], other: Sequence[Detail]) -> bool:
    """In any order. As JSON: for Python, 1 and true are equal."""
    return sorted(map(_written, one)) == sorted(map(_written, other))


def _written(detail: Detail) -> str:
    return json.dumps(detail, sort_keys=True)


@cache
def _giving(dialect: str) -> Any:
    return insert_into(consents, dialect).on_conflict_do_nothing()


@cache
def _giving_details(dialect: str) -> Any:
    statement = insert_into(consented_details, dialect)
    new = {name: statement.excluded[name] for name in ("details", "given_at")}
    return statement.on_conflict_do_update(index_elements=["user_id", "client_id"], set_=new)
