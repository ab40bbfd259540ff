"""Invitations to set up a second factor before a rule demands it."""

from dataclasses import dataclass

from idp.policy import requirements as req
from idp.policy.enrolling import enrollable
from idp.policy.question import Person, Request
from idp.realm.client_sections import Client
from idp.realm.schema import Realm


@dataclass(frozen=True, slots=True)
class Invitation:
    """What may be set up. `rule`: the rule that will demand it from the day `since` on (seconds since the epoch).

    `snoozes_left`: how often it may still be put off, None where only the day ends it.
    """

    factors: tuple[str, ...]
    rule: str | None = None
    since: int | None = None
    snoozes_left: int | None = None


def invitation(realm: Realm, *, person: Person, client: Client, request: Request, now: int) -> Invitation | None:
    """For people who own no factor that would do: by a rule that is to come, else by `encourage`."""
    for rule in realm.second_factor.rules:
        if rule.from_ is None or rule.from_ <= now:
            continue
        if req.matches(rule.when, person=person, client=client, request=request):
            accept = realm.accepted(realm.levels[rule.level], rule)
            if factors := _to_set_up(realm, person, accept):
                return Invitation(factors, rule=rule.name, since=rule.from_)
    encourage = realm.second_factor.encourage
    if encourage is None or not req.matches(encourage.when, person=person, client=client, request=request):
        return None
    factors = _to_set_up(realm, person, realm.accepted(realm.levels[encourage.level]))
    left = None if encourage.snoozes is None else encourage.snoozes - person.snoozed
    return Invitation(factors, since=encourage.until, snoozes_left=left) if factors else None


def _to_set_up(realm: Realm, person: Person, accept: frozenset[str]) -> tuple[str, ...]:
    if accept & person.owned:
        return ()
    can = enrollable(realm, person, accept)
    return tuple(f for f in realm.second_factors if f in can)
