"""What people said that clients may have: remembered by person, client and scope, and taken back as a whole."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, select

from idp.store import grants
from idp.store.database import Transaction
from idp.store.tables import consents
from idp.store.upsert import insert_into


@dataclass(frozen=True, slots=True)
class Consent:
    """What one client may have, and since when (the newest of its scopes)."""

    client_id: str
    scopes: tuple[str, ...]
    given_at: int


_of = (consents.c.user_id == bindparam("of_user"), consents.c.client_id == bindparam("of_client"))
_GIVEN = select(consents.c.scope).where(*_of)
_WITHDRAW = delete(consents).where(*_of)
_LISTED = select(consents).where(consents.c.user_id == bindparam("of_user")).order_by("client_id", "scope")


def given(tx: Transaction, *, user_id: str, client_id: str) -> frozenset[str]:
    """The scopes that the client may have."""
    return frozenset(tx.execute(_GIVEN, {"of_user": user_id, "of_client": client_id}).scalars())


def give(tx: Transaction, *, user_id: str, client_id: str, scopes: Collection[str], now: int) -> None:
    """Besides those that were given before."""
    rows = [{"user_id": user_id, "client_id": client_id, "scope": scope, "given_at": now} for scope in sorted(scopes)]
    if rows:
        tx.execute(_giving(tx.connection.dialect.name), rows)


def listed(tx: Transaction, user_id: str) -> list[Consent]:
    """What a person gave to whom, by client."""
    found: dict[str, Consent] = {}
    for row in tx.execute(_LISTED, {"of_user": user_id}):
        before = found.get(row.client_id, Consent(row.client_id, (), row.given_at))
        found[row.client_id] = Consent(row.client_id, (*before.scopes, row.scope), max(before.given_at, row.given_at))
    return list(found.values())


def withdraw(tx: Transaction, *, user_id: str, client_id: str, now: int) -> bool:
    """Take it back: what was made from it ends, offline or not. False where nothing had been given."""
    had = tx.execute(_WITHDRAW, {"of_user": user_id, "of_client": client_id}).rowcount > 0
    ended = grants.end_of_client(tx, user_id=user_id, client_id=client_id, now=now) > 0
    return had or ended


@cache
def _giving(dialect: str) -> Any:
    return insert_into(consents, dialect).on_conflict_do_nothing()
