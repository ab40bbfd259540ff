"""What an administrator can do to a person. Each change is one transaction and one audit event."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from idp.events.catalogue import Event
from idp.factors.password import MAX_BYTES, Passwords, is_too_long
from idp.policy.passwords import minimum_length
from idp.policy.question import Person
from idp.realm.schema import Realm
from idp.realm.suggestions import did_you_mean
from idp.store import factors, people, users
from idp.store.database import Database, Transaction
from idp.store.people import Known
from idp.store.users import NameTaken, User

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
_NAME = re.compile(r"[^@\s\x00-\x1f\x7f](?:[^@\x00-\x1f\x7f]{0,98}[^@\s\x00-\x1f\x7f])?")
_LONGEST_KEY = 200


class Refused(Exception):
    """It cannot be done like this; the text says why."""


@dataclass(frozen=True, slots=True)
class NewPerson:
    """What a new person is made from."""

    username: str
    email: str | None
    name: str | None
    roles: tuple[str, ...]
    groups: tuple[str, ...]


class People:
    """The people of one realm. `by` is who changes them, for the audit log; `realm` is needed to check what is new."""

    def __init__(self, database: Database, realm_name: str, *, by: str, now: int) -> None:
        self._database = database
        self._realm = realm_name
        self._by = by
        self._now = now

    def add(self, realm: Realm, person: NewPerson, password: str, passwords: Passwords) -> str:
        """The identifier of the new person; raises Refused."""
        _check_names(person)
        _check_roles(realm, person.roles, person.groups)
        _check_password(realm, _person(realm, person.roles, person.groups), password)
        hashed = passwords.hash(password)
        with self._database.write() as tx:
            try:
                user_id = users.add(
                    tx,
                    self._realm,
                    username=person.username,
                    password_hash=hashed,
                    now=self._now,
                    email=person.email,
                    name=person.name,
                    roles=person.roles,
                    groups=person.groups,
                )
            except NameTaken:
                raise Refused("somebody of this realm has this user name or e-mail address") from None
            tx.emit(Event.USER_CREATED, realm=self._realm, user_id=user_id, username=person.username, by=self._by)
        return user_id

    def listed(self) -> list[User]:
        """Everybody, in the order of the names."""
        found: list[User] = []
        with self._database.read() as tx:
            while page := users.listed(
                tx, self._realm, after=users.identifier_key(found[-1].username) if found else ""
            ):
                found += page
        return found

    def show(self, identifier: str) -> Known:
        """One person with their factors, without a secret."""
        with self._database.read() as tx:
            return self._known(tx, identifier)

    def set_password(self, realm: Realm, identifier: str, password: str, passwords: Passwords) -> None:
        """Ends every session and grant of the person; raises Refused."""
        with self._database.read() as tx:
            known = self._known(tx, identifier)
        _check_password(realm, known.person(realm), password)
        hashed = passwords.hash(password)
        with self._database.write() as tx:
            users.set_password(tx, known.user.id, hashed)
            self._audit(tx, Event.USER_PASSWORD_SET, known.user)

    def set_roles(
        self, realm: Realm, identifier: str, *, roles: Sequence[str] | None, groups: Sequence[str] | None
    ) -> None:
        """Replace the roles, the groups, or both; raises Refused."""
        with self._database.write() as tx:
            user = self._known(tx, identifier).user
            new_roles = user.roles if roles is None else tuple(roles)
            new_groups = user.groups if groups is None else tuple(groups)
            _check_roles(realm, new_roles, new_groups)
            users.set_roles(tx, user.id, roles=new_roles, groups=new_groups)
            self._audit(tx, Event.USER_ROLES_SET, user, roles=new_roles, groups=new_groups)

    def reset_factors(self, identifier: str) -> None:
        """Every second factor is removed, with the guesses against it; the next sign-in sets a new one up."""
        with self._database.write() as tx:
            user = self._known(tx, identifier).user
            factors.reset(tx, user.id)
            self._audit(tx, Event.FACTORS_RESET, user)

    def set_enabled(self, identifier: str, enabled: bool) -> None:
        """Disabling ends everything that the person has open."""
        with self._database.write() as tx:
            user = self._known(tx, identifier).user
            if user.enabled is enabled:
                return
            users.set_enabled(tx, user.id, enabled)
            self._audit(tx, Event.USER_ENABLED if enabled else Event.USER_DISABLED, user)

    def delete(self, identifier: str) -> None:
        """With everything that belongs to the person."""
        with self._database.write() as tx:
            user = self._known(tx, identifier).user
            users.remove(tx, user.id)
            self._audit(tx, Event.USER_DELETED, user)

    def _known(self, tx: Transaction, identifier: str) -> Known:
        known = people.by_identifier(tx, self._realm, identifier)
        if known is None:
            raise Refused(f"nobody in realm {self._realm!r} has the user name or e-mail address {identifier!r}")
        return known

    def _audit(self, tx: Transaction, event: Event, user: User, **fields: Sequence[str]) -> None:
        tx.emit(event, realm=self._realm, user_id=user.id, username=user.username, by=self._by, **fields)


def _check_names(person: NewPerson) -> None:
    """What is compared at sign-in is looked at too: some characters become an `@`, or many, by normalization."""
    key = users.identifier_key(person.username)
    if not _NAME.fullmatch(person.username) or users.is_email(key) or not _fits(key, _LONGEST_KEY):
        raise Refused("a user name has 1 to 100 characters, no @, no invisible ones and no blanks at its ends")
    email = person.email
    if email is not None and not (_EMAIL.fullmatch(email) and _fits(users.identifier_key(email), 2 * _LONGEST_KEY)):
        raise Refused(f"{email!r} is not an e-mail address")
    if person.name is not None and not _fits(person.name, 200):
        raise Refused("a full name has 1 to 200 characters, no invisible ones")


def _fits(text: str, most: int) -> bool:
    return 0 < len(text) <= most and text.isprintable()


def _check_roles(realm: Realm, roles: Sequence[str], groups: Sequence[str]) -> None:
    for kind, names, defined in (("role", roles, realm.roles), ("group", groups, realm.groups)):
        for name in names:
            if name not in defined:
                raise Refused(f"realm {realm.name!r} has no {kind} {name!r}{did_you_mean(name, defined)}")


def _person(realm: Realm, roles: Sequence[str], groups: Sequence[str]) -> Person:
    by_group = (role for group in groups for role in realm.groups[group].roles)
    return Person(roles=frozenset({*roles, *by_group}), groups=frozenset(groups))


def _check_password(realm: Realm, person: Person, password: str) -> None:
    shortest = minimum_length(realm, person)
    if len(password) < shortest:
        raise Refused(f"the password must have at least {shortest} characters")
    if "\0" in password:
        raise Refused("the password must not contain NUL, which no form accepts")
    if is_too_long(password):
        raise Refused(f"the password must have at most {MAX_BYTES} bytes")
