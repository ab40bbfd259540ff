"""What people said that clients may have: remembered by person and client, taken back as a whole or in part.

Scopes add up. Authorization details (RFC 9396) do not: what was allowed last is remembered, and covers the same alone.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from idp.store import grants
from idp.store.database import Transaction
from idp.store.grants import Grant
from idp.store.tables import consented_details, consents
from idp.store.upsert import insert_into
from idp.tokens.bearer import digest

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
_WITHDRAW_SCOPES = _WITHDRAW[0].where(consents.c.scope.in_(bindparam("of_scopes", expanding=True)))
_WITHDRAW_DETAILS = _WITHDRAW[1]
_KEEP_DETAILS = (
    update(consented_details)
    .where(consented_details.c.user_id == bindparam("of_user"), consented_details.c.client_id == bindparam("of_client"))
    .values(details=bindparam("kept", type_=consented_details.c.details.type))
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


def withdraw(tx: Transaction, *, user_id: str, client_id: str, now: int) -> None:
    """Take it back: what was made from it ends, offline or not."""
    for each in _WITHDRAW:
        tx.execute(each, {"of_user": user_id, "of_client": client_id})
    grants.end_of_client(tx, user_id=user_id, client_id=client_id, now=now)


def withdraw_parts(
    tx: Transaction, *, user_id: str, client_id: str, scopes: Collection[str], details: Sequence[Detail], now: int
) -> None:
    """Take single ones back. A grant that rests on any of them ends as a whole: its tokens say what it allowed."""
    who, gone = {"of_user": user_id, "of_client": client_id}, {key_of(detail) for detail in details}
    if scopes:
        tx.execute(_WITHDRAW_SCOPES, {**who, "of_scopes": sorted(scopes)})
    remembered: Sequence[Detail] = tx.execute(_DETAILS, who).scalar() or ()
    kept = [dict(detail) for detail in remembered if key_of(detail) not in gone]
    if not kept:
        tx.execute(_WITHDRAW_DETAILS, who)
    elif len(kept) < len(remembered):
        tx.execute(_KEEP_DETAILS, {**who, "kept": kept})

    def is_gone(grant: Grant) -> bool:
        has = {key_of(detail) for detail in grant.asked.authorization_details}
        return not (gone.isdisjoint(has) and set(scopes).isdisjoint(grant.scopes))

    grants.end_resting_on(tx, user_id=user_id, client_id=client_id, is_gone=is_gone, now=now)


def key_of(detail: Detail) -> str:
    """By which details are told apart, and forms name them: the same for the same detail alone."""
    return digest(_written(detail)).hex()


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
