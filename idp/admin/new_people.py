"""Whom an administrator may make: names that nobody mistakes for others, roles that there are, claims that are some."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from idp.admin.acting import Refused
from idp.policy.question import Person, person_in
from idp.realm.claim_sections import Claims
from idp.realm.document import Node, Position
from idp.realm.schema import Realm
from idp.realm.sentences import explain
from idp.realm.suggestions import did_you_mean
from idp.realm.words import MAIL_ADDRESS
from idp.store import users

_EMAIL = re.compile(MAIL_ADDRESS)
_NAME = re.compile(r"[^@\s\x00-\x1f\x7f](?:[^@\x00-\x1f\x7f]{0,98}[^@\s\x00-\x1f\x7f])?")
_LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class NewPerson:
    """What a new person is made from."""

    username: str
    email: str | None
    name: str | None
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def in_realm(self, realm: Realm) -> Person:
        """What policy will see."""
        return person_in(realm, roles=self.roles, groups=self.groups, credentials=(), snoozed=0)


def check_names(person: NewPerson) -> None:
    """Raises Refused.

    What is compared at sign-in is looked at too: some characters become an `@`, or many, by normalization.
    """
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


def check_roles(realm: Realm, roles: Sequence[str], groups: Sequence[str]) -> None:
    """Raises Refused."""
    for kind, names, defined in (("role", roles, realm.roles), ("group", groups, realm.groups)):
        for name in names:
            if name not in defined:
                raise Refused(f"realm {realm.name!r} has no {kind} {name!r}{did_you_mean(name, defined)}")


# Sentences about what stands here repeat none of it: it is somebody's.
_UNSHOWN = Node({}, Position(1, 1))


def checked_claims(claims: Mapping[str, Any]) -> dict[str, Any]:
    """As they are stored: without those that are None. Raises Refused."""
    try:
        return Claims.model_validate(claims).known()
    except ValidationError as error:
        found = explain(error.errors(include_url=False), _UNSHOWN, Claims)
        raise Refused("; ".join(finding.message for finding in found)) from None
