"""A person with their second factors, as policy and the sign-in need them: one statement."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from idp.policy.lockout import SECOND_FACTOR_SHUT_AT
from idp.policy.question import Credential, Person, person_in, roles_in
from idp.realm.factor_sections import RECOVERY
from idp.realm.schema import Realm
from idp.store.database import Transaction
from idp.store.guesses import second_factor_subject
from idp.store.tables import credentials, guesses, recovery_codes, users
from idp.store.users import COLUMNS, User, as_user, identifier_key, is_email


@dataclass(frozen=True, slots=True)
class StoredFactor:
    """A second factor with its sealed secret."""

    id: str
    factor: str
    label: str
    secret: str = field(repr=False)
    handle: bytes | None
    counter: int
    created_at: int
    last_used_at: int | None


@dataclass(frozen=True, slots=True)
class Known:
    """A person, their factors, and how many wrong second-factor guesses stand against them."""

    user: User
    factors: tuple[StoredFactor, ...]
    recovery_left: int
    wrong: int

    @property
    def is_shut(self) -> bool:
        """Whether too many guesses were wrong: an administrator alone opens the second factors again."""
        return self.wrong >= SECOND_FACTOR_SHUT_AT

    def of_factor(self, factor: str) -> tuple[StoredFactor, ...]:
        """The credentials of one factor."""
        return tuple(f for f in self.factors if f.factor == factor)

    def roles_in(self, realm: Realm) -> frozenset[str]:
        """Own roles and those of the groups, as far as the realm defines them."""
        return roles_in(realm, roles=self.user.roles, groups=self.user.groups)

    def person(self, realm: Realm) -> Person:
        """What policy sees. A factor that the realm does not have does not exist.

        Recovery codes that are used up cannot be asked for, but what the last of them has proven stays proven.
        """
        usable = not self.is_shut
        owned = [Credential(f.id, f.factor, usable=usable, last_used_at=f.last_used_at or 0) for f in self.factors]
        owned.append(Credential(RECOVERY, RECOVERY, usable=usable and self.recovery_left > 0))
        user = self.user
        return person_in(realm, roles=user.roles, groups=user.groups, credentials=owned, snoozed=user.snoozed)


_recovery_left = (
    select(func.count())
    .where(recovery_codes.c.user_id == users.c.id, recovery_codes.c.used_at.is_(None))
    .correlate(users)
    .scalar_subquery()
    .label("recovery_left")
)
_wrong = (
    select(guesses.c.wrong)
    .where(guesses.c.subject == second_factor_subject(users.c.id))
    .correlate(users)
    .scalar_subquery()
    .label("wrong")
)
_query = select(
    *COLUMNS,
    _recovery_left,
    _wrong,
    credentials.c.id.label("credential_id"),
    credentials.c.factor,
    credentials.c.label,
    credentials.c.secret,
    credentials.c.handle,
    credentials.c.counter,
    credentials.c.created_at.label("enrolled_at"),
    credentials.c.last_used_at,
).select_from(users.outerjoin(credentials))
_COUNTS = slice(len(COLUMNS), len(COLUMNS) + 2)
_CREDENTIAL = slice(len(COLUMNS) + 2, None)
_in_realm = users.c.realm == bindparam("in_realm")
_BY_ID = _query.where(_in_realm, users.c.id == bindparam("of"))
_BY_USERNAME = _query.where(_in_realm, users.c.username_key == bindparam("of"))
_BY_EMAIL = _query.where(_in_realm, users.c.email_key == bindparam("of"))


def by_identifier(tx: Transaction, realm: str, identifier: str) -> Known | None:
    """The person with this user name or e-mail address."""
    key = identifier_key(identifier)
    return _known(tx, _BY_EMAIL if is_email(key) else _BY_USERNAME, realm, key)


def of_name(tx: Transaction, realm: str, *, username: str = "", email: str = "") -> Known | None:
    """The person of exactly this user name, or of this address if it is verified: somebody else's word is not folded.

    What we take for one name may be two people's elsewhere.
    """
    known = _known(tx, _BY_EMAIL if email else _BY_USERNAME, realm, identifier_key(email or username))
    if known is None:
        return None
    is_meant = (known.user.email == email and known.user.email_verified) if email else known.user.username == username
    return known if is_meant else None


def by_id(tx: Transaction, realm: str, user_id: str) -> Known | None:
    """The person of that identifier, in that realm only."""
    return _known(tx, _BY_ID, realm, user_id)


def _known(tx: Transaction, query: Select[Any], realm: str, of: str) -> Known | None:
    rows = tx.execute(query, {"in_realm": realm, "of": of}).all()
    if not rows:
        return None
    recovery_left, wrong = rows[0][_COUNTS]
    factors = tuple(_as_factor(row[_CREDENTIAL]) for row in rows if row[_CREDENTIAL][0])
    return Known(as_user(rows[0]), factors, recovery_left, wrong or 0)


def _as_factor(columns: Sequence[Any]) -> StoredFactor:
    credential_id, factor, label, secret, handle, *others = columns
    return StoredFactor(credential_id, factor, label, secret, handle and bytes(handle), *others)
