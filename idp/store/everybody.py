"""Everybody of a realm and all that lasts of their sign-ins, as policy sees it: a page at a time, in bounded memory."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, bindparam, func, select

from idp.policy.alike import Traits
from idp.policy.lasting import Lasting
from idp.policy.lockout import SECOND_FACTOR_SHUT_AT
from idp.realm.factor_sections import RECOVERY, SECOND_FACTORS
from idp.realm.schema import Sessions
from idp.store import proofs as proofs_json
from idp.store.database import Transaction
from idp.store.guesses import second_factor_subject
from idp.store.tables import (
    credentials,
    grants,
    guesses,
    recovery_codes,
    refresh_tokens,
    sessions,
    trusted_browsers,
    users,
)

_PAGE = 1000
_FACTORS = tuple(factor for factor in SECOND_FACTORS if factor != RECOVERY)


def _count(*where: ColumnElement[bool]) -> ScalarSelect[int]:
    """Looked up by index for each row. For `exists` PostgreSQL would read the whole table again for every page."""
    return select(func.count()).where(*where).correlate(users, grants).scalar_subquery()


_traits: tuple[Any, ...] = (
    users.c.roles,
    users.c.groups,
    users.c.snoozed,
    _count(recovery_codes.c.user_id == users.c.id, recovery_codes.c.used_at.is_(None)),
    _count(guesses.c.subject == second_factor_subject(users.c.id), guesses.c.wrong >= SECOND_FACTOR_SHUT_AT),
    *(_count(credentials.c.user_id == users.c.id, credentials.c.factor == factor) for factor in _FACTORS),
)
_OF_OWNER = slice(-len(_traits), None)
_PEOPLE = (
    select(users.c.username_key, users.c.username, *_traits)
    .where(users.c.realm == bindparam("in_realm"), users.c.username_key > bindparam("after"), users.c.enabled)
    .order_by(users.c.username_key)
    .limit(_PAGE)
)
_DISABLED = select(func.count()).where(users.c.realm == bindparam("in_realm"), users.c.enabled.is_(False))
_refresh_tokens = _count(
    refresh_tokens.c.grant_id == grants.c.id,
    refresh_tokens.c.used_at.is_(None),
    refresh_tokens.c.expires_at > bindparam("now"),
)
_is_trusted = and_(
    trusted_browsers.c.id == grants.c.trusted_browser_id,
    trusted_browsers.c.user_id == users.c.id,
    trusted_browsers.c.epoch == users.c.epoch,
)
_LASTING = (
    select(
        grants.c.id,
        grants.c.client_id,
        grants.c.scope,
        grants.c.proofs,
        grants.c.address,
        trusted_browsers.c.proofs.label("trusted"),
        *_traits,
    )
    .select_from(
        grants.join(users, users.c.id == grants.c.user_id)
        .join(sessions, sessions.c.id == grants.c.session_id)
        .outerjoin(trusted_browsers, _is_trusted)
    )
    .where(
        grants.c.realm == bindparam("in_realm"),
        grants.c.id > bindparam("after"),
        grants.c.ended_at.is_(None),
        grants.c.expires_at > bindparam("now"),
        sessions.c.ended_at.is_(None) | grants.c.offline,
        users.c.enabled,
        users.c.epoch == grants.c.epoch,
        _refresh_tokens > 0,
    )
    .order_by(grants.c.id)
    .limit(_PAGE)
)


def people(tx: Transaction, realm: str) -> Iterator[tuple[str, Traits]]:
    """Everybody who is not disabled, by user name."""
    for page in _pages(tx, _PEOPLE, {"in_realm": realm}):
        for row in page:
            yield row[1], _as_traits(row[_OF_OWNER])


def disabled(tx: Transaction, realm: str) -> int:
    """How many others there are."""
    return int(tx.execute(_DISABLED, {"in_realm": realm}).scalar_one())


def lasting(tx: Transaction, realm: str, now: int) -> Iterator[Lasting]:
    """The grants with a refresh token that is good, and all that they rest on still there."""
    for page in _pages(tx, _LASTING, {"in_realm": realm, "now": now}):
        found = [(row, proofs_json.load(row.proofs)) for row in page]
        there = _still_there(tx, {p.credential for _, proofs in found for p in proofs})
        for row, proofs in found:
            if all(p.credential in there for p in proofs):
                alike = tuple(replace(p, credential=p.credential and p.factor) for p in proofs)
                owner = _as_traits(row[_OF_OWNER])
                scopes = frozenset(row.scope.split())
                yield Lasting(row.client_id, owner, scopes, alike, row.address, proofs_json.load(row.trusted or ()))


def _still_there(tx: Transaction, credential_ids: set[str]) -> set[str]:
    """Those of the identifiers that are a credential, or none's: of the password and of the sheet."""
    stored = select(credentials.c.id).where(credentials.c.id.in_(sorted(credential_ids - {"", RECOVERY})))
    return {"", RECOVERY, *tx.execute(stored).scalars()}


def signed_in(tx: Transaction, realm: str, *, limits: Sessions, now: int) -> int:
    """How many sessions are open."""
    open_ = (
        select(func.count())
        .select_from(sessions.join(users))
        .where(
            sessions.c.realm == realm,
            sessions.c.ended_at.is_(None),
            sessions.c.epoch == users.c.epoch,
            users.c.enabled,
            sessions.c.used_at > now - limits.idle,
            sessions.c.created_at > now - limits.max,
        )
    )
    return int(tx.execute(open_).scalar_one())


def _pages(tx: Transaction, query: Select[Any], values: dict[str, Any]) -> Iterator[Sequence[Any]]:
    """By the first column. Each page is a statement of its own: a long one would be cut off, or hold up others."""
    after = ""
    while page := tx.execute(query, values | {"after": after}).all():
        yield page
        after = page[-1][0]


def _as_traits(columns: Any) -> Traits:
    roles, groups, snoozed, has_codes, is_shut, *owns = columns
    return Traits(
        tuple(roles),
        tuple(groups),
        frozenset(factor for factor, is_owned in zip(_FACTORS, owns, strict=True) if is_owned),
        bool(has_codes),
        bool(is_shut),
        snoozed,
    )
