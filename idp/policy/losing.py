"""What a person can still reach without one of their factors, and which rule does not let it go."""

from dataclasses import dataclass, replace

from idp.policy.playing import play
from idp.policy.question import Person, Request, portals
from idp.policy.requirements import of_rules
from idp.realm.account_client import ACCOUNT
from idp.realm.client_sections import Client
from idp.realm.schema import Realm


@dataclass(frozen=True, slots=True)
class Reach:
    """A portal, and whether its owner still gets in with what is left; `sets_up`: after setting something up anew."""

    client: Client
    is_reachable: bool
    sets_up: bool = False


def without(person: Person, credential_id: str) -> Person:
    """The person who has lost the thing: the server does not know, so that nobody may set up another in its place."""
    lost = tuple(replace(c, usable=c.usable and c.id != credential_id) for c in person.credentials)
    return replace(person, credentials=lost)


def portals_without(realm: Realm, person: Person, credential_id: str, now: int) -> tuple[Reach, ...]:
    """Every portal of the realm, with whether it stays reachable once this is lost."""
    return _reach(realm, without(person, credential_id), now)


def portals_after(realm: Realm, person: Person, credential_id: str, now: int) -> tuple[Reach, ...]:
    """The same once this is removed."""
    return _reach(realm, _removed(person, credential_id), now)


def _reach(realm: Realm, person: Person, now: int) -> tuple[Reach, ...]:
    """By a new sign-in that asks for all scopes."""
    ends = ((c, play(realm, person, c, Request(scopes=frozenset(c.scopes)), now)) for c in portals(realm))
    return tuple(Reach(client, found.end.outcome is not None, found.enrolled) for client, found in ends)


def rule_that_needs(realm: Realm, person: Person, credential_id: str, now: int) -> str | None:
    """The rule for which this is the last accepted factor; who removed it would have walked around the rule."""
    left = _removed(person, credential_id)
    for client in (*portals(realm), ACCOUNT):
        request = Request(scopes=frozenset(client.scopes))
        for required in of_rules(realm, person=person, client=client, request=request, now=now):
            if required.accept & person.owned and not required.accept & left.owned:
                return required.rule or required.source
    return None


def _removed(person: Person, credential_id: str) -> Person:
    return replace(person, credentials=tuple(c for c in person.credentials if c.id != credential_id))
