"""People and what they sign in with."""

import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from idp.store import guesses, logout_notices
from idp.store.database import Transaction
from idp.store.tables import seeded_users, users


class NameTaken(Exception):
    """Another person of the realm has this user name or e-mail address."""


@dataclass(frozen=True, slots=True)
class User:
    """A person as stored. `roles` are the person's own, without those of the groups.

    `claims`: those of `idp.realm.claim_sections.Claims`; `updated_at`: of them, the name and the address.
    """

    id: str
    realm: str
    username: str
    email: str | None
    email_verified: bool
    name: str | None
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    enabled: bool
    epoch: int
    snoozed: int
    created_at: int
    updated_at: int
    claims: Mapping[str, Any] = field(repr=False)
    password_hash: str | None = field(repr=False)


def identifier_key(identifier: str) -> str:
    """What is compared at sign-in: NFKC, case folded, so that look-alikes of one spelling are one name."""
    return unicodedata.normalize("NFKC", identifier.strip()).casefold()


def is_email(identifier: str) -> bool:
    """User names hold no `@`: nobody can take somebody else's address as a name."""
    return "@" in identifier


# In the order of the fields of `User`.
COLUMNS = (
    users.c.id,
    users.c.realm,
    users.c.username,
    users.c.email,
    users.c.email_verified,
    users.c.name,
    users.c.roles,
    users.c.groups,
    users.c.enabled,
    users.c.epoch,
    users.c.snoozed,
    users.c.created_at,
    users.c.updated_at,
    users.c.claims,
    users.c.password_hash,
)


def as_user(row: Any) -> User:
    """A row whose first columns are those of a user. By position: looking all up by name costs more than the query."""
    user_id, realm, username, email, email_verified, name, roles, groups, *others = row[: len(COLUMNS)]
    return User(user_id, realm, username, email, email_verified, name, tuple(roles), tuple(groups), *others)


def by_id(tx: Transaction, realm: str, user_id: str) -> User | None:
    """The person of that identifier, in that realm only."""
    row = tx.execute(select(*COLUMNS).where(users.c.id == user_id, users.c.realm == realm)).first()
    return None if row is None else as_user(row)


def listed(tx: Transaction, realm: str, *, after: str = "", limit: int = 1000) -> list[User]:
    """People in the order of their names, a page at a time."""
    query = select(*COLUMNS).where(users.c.realm == realm, users.c.username_key > after)
    return [as_user(row) for row in tx.execute(query.order_by(users.c.username_key).limit(limit))]


def add(
    tx: Transaction,
    realm: str,
    *,
    username: str,
    password_hash: str | None,
    now: int,
    email: str | None = None,
    name: str | None = None,
    roles: tuple[str, ...] = (),
    groups: tuple[str, ...] = (),
    claims: Mapping[str, Any] | None = None,
) -> str:
    """The identifier of the new person; raises NameTaken."""
    key, email_key = identifier_key(username), identifier_key(email) if email else None
    clash = or_(users.c.username_key == key, users.c.email_key == email_key) if email else users.c.username_key == key
    if tx.execute(select(users.c.id).where(users.c.realm == realm, clash)).first():
        raise NameTaken
    user_id = str(uuid.uuid4())
    values = {
        "id": user_id,
        "realm": realm,
        "username": username.strip(),
        "username_key": key,
        "email": email,
        "email_key": email_key,
        "email_verified": False,
        "name": name,
        "roles": list(roles),
        "groups": list(groups),
        "claims": dict(claims or {}),
        "enabled": True,
        "password_hash": password_hash,
        "epoch": 0,
        "snoozed": 0,
        "created_at": now,
        "updated_at": now,
    }
    try:
        tx.execute(insert(users).values(values))
    except IntegrityError:
        raise NameTaken from None
    return user_id


def set_password(tx: Transaction, user_id: str, password_hash: str) -> None:
    """A new password ends every session, sign-in under way and grant of the person, and the wait for the old one."""
    logout_notices.queue_of_person(tx, user_id)
    guesses.clear_passwords(tx, user_id)
    tx.execute(update(users).where(users.c.id == user_id).values(password_hash=password_hash, epoch=users.c.epoch + 1))


def rehash_password(tx: Transaction, user_id: str, *, old: str, new: str) -> None:
    """The same password under today's parameters, unless it was changed meanwhile."""
    tx.execute(update(users).where(users.c.id == user_id, users.c.password_hash == old).values(password_hash=new))


def set_enabled(tx: Transaction, user_id: str, enabled: bool) -> None:
    """Disabling ends everything; enabling again brings nothing of it back."""
    logout_notices.queue_of_person(tx, user_id)
    tx.execute(update(users).where(users.c.id == user_id).values(enabled=enabled, epoch=users.c.epoch + 1))


def set_email_verified(tx: Transaction, user_id: str, *, now: int) -> None:
    """The person has read what was sent to their address."""
    tx.execute(update(users).where(users.c.id == user_id).values(email_verified=True, updated_at=now))


def set_claims(tx: Transaction, user_id: str, *, claims: Mapping[str, Any], now: int) -> None:
    """All of them. UserInfo tells it at once, ID tokens at the next refresh."""
    tx.execute(update(users).where(users.c.id == user_id).values(claims=dict(claims), updated_at=now))


def set_roles(tx: Transaction, user_id: str, *, roles: tuple[str, ...], groups: tuple[str, ...]) -> None:
    """Tokens show it at their next refresh."""
    tx.execute(update(users).where(users.c.id == user_id).values(roles=list(roles), groups=list(groups)))


def snooze(tx: Transaction, user_id: str) -> None:
    """An invitation was put off once more."""
    tx.execute(update(users).where(users.c.id == user_id).values(snoozed=users.c.snoozed + 1))


def remove(tx: Transaction, user_id: str) -> None:
    """With everything that refers to the person."""
    logout_notices.queue_of_person(tx, user_id)
    guesses.clear_passwords(tx, user_id)
    guesses.clear_second_factors(tx, user_id)
    tx.execute(delete(users).where(users.c.id == user_id))


def was_seeded(tx: Transaction, realm: str, username: str) -> bool:
    """Whether this demonstration account was created before."""
    key = identifier_key(username)
    where = (seeded_users.c.realm == realm, seeded_users.c.username_key == key)
    return tx.execute(select(seeded_users.c.realm).where(*where)).first() is not None


def mark_seeded(tx: Transaction, realm: str, username: str) -> bool:
    """Note that it is created now; false when it was before."""
    if was_seeded(tx, realm, username):
        return False
    tx.execute(insert(seeded_users).values(realm=realm, username_key=identifier_key(username)))
    return True


def lock(tx: Transaction, user_id: str) -> None:
    """Make others who change this person's factors wait until this transaction ends. SQLite has one writer anyway."""
    tx.execute(select(users.c.id).where(users.c.id == user_id).with_for_update())
