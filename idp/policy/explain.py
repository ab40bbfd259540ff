"""Why a person is asked for what: every rule with its reasons, the invitation, and where a sign-in ends."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network

from idp.policy.decide import Demand
from idp.policy.playing import Step, beginnings, ends, play
from idp.policy.question import Person, Request
from idp.policy.requirements import is_duty, matches
from idp.realm.client_sections import Client
from idp.realm.policy_sections import Encourage, Rule, When
from idp.realm.schema import Realm


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of a rule's `when`: the values it names, those that are there, and whether it holds by them."""

    key: str
    wanted: tuple[str, ...]
    present: tuple[str, ...]
    holds: bool


@dataclass(frozen=True, slots=True)
class ExplainedRule:
    """A rule, whether it applies, and the conditions that decided so; without conditions it binds everyone."""

    rule: Rule
    applies: bool
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class ExplainedInvitation:
    """`encourage`, whether it is for this person here, and the conditions that decided so.

    `is_duty`: it cannot be put off any more. `snoozes_left`: how often it can, None where only its day ends it.
    `takes`: the second factors of its level, strongest first; `owns`: those of them that the person owns, whom nobody
    invites then.
    """

    encourage: Encourage
    applies: bool
    conditions: tuple[Condition, ...]
    is_duty: bool
    snoozes_left: int | None
    takes: tuple[str, ...]
    owns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """A way in: `steps` and `end` for somebody who takes what is offered first after its beginning.

    `ends`: the last demands of everybody, whatever they choose. What only some of them prove is promised to nobody.
    """

    steps: tuple[Step, ...]
    end: Demand
    ends: tuple[Demand, ...]

    @property
    def acrs(self) -> tuple[str | None, ...]:
        """The acr values that a token can have, by the choices made: one where it does not depend on them."""
        return tuple(dict.fromkeys(end.outcome.acr for end in self.ends if end.outcome))

    @property
    def amr(self) -> tuple[str, ...]:
        """The methods that a token has whatever is chosen."""
        all_of_them = [end.outcome.amr for end in self.ends if end.outcome]
        return (
            tuple(method for method in all_of_them[0] if all(method in amr for amr in all_of_them))
            if all_of_them
            else ()
        )

    @property
    def amr_varies(self) -> bool:
        """Whether a token has other methods besides, by the choices made."""
        return any(set(end.outcome.amr) != set(self.amr) for end in self.ends if end.outcome)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a new sign-in comes to: one way for each factor that it may begin with, the password first."""

    rules: tuple[ExplainedRule, ...]
    invitation: ExplainedInvitation | None
    ways: tuple[Way, ...]


def explain(realm: Realm, person: Person, client: Client, request: Request, now: int) -> Explanation:
    """What a new sign-in of this person at this client comes to."""
    rules = tuple(
        ExplainedRule(
            rule,
            (rule.from_ is None or rule.from_ <= now)
            and matches(rule.when, person=person, client=client, request=request),
            (*_conditions(rule.when, person, client, request), *_since(rule, now)),
        )
        for rule in realm.second_factor.rules
    )
    invitation = _invitation(realm, person, client, request, now)
    begin = beginnings(realm, person, client, request, now) or ("",)
    ways = tuple(_way(realm, person, client, request, now, begins=begins) for begins in begin)
    return Explanation(rules, invitation, ways)


def _way(realm: Realm, person: Person, client: Client, request: Request, now: int, *, begins: str) -> Way:
    played = play(realm, person, client, request, now, begins=begins)
    return Way(played.steps, played.end, ends(realm, person, client, request, now, begins=begins))


def _invitation(realm: Realm, person: Person, client: Client, request: Request, now: int) -> ExplainedInvitation | None:
    encourage = realm.second_factor.encourage
    if encourage is None:
        return None
    taken = realm.accepted(realm.levels[encourage.level])
    return ExplainedInvitation(
        encourage,
        applies=matches(encourage.when, person=person, client=client, request=request),
        conditions=tuple(_conditions(encourage.when, person, client, request)),
        is_duty=is_duty(encourage, person, now),
        snoozes_left=None if encourage.snoozes is None else max(0, encourage.snoozes - person.snoozed),
        takes=tuple(f for f in realm.second_factors if f in taken),
        owns=tuple(f for f in realm.second_factors if f in taken & person.owned),
    )


def _conditions(when: When, person: Person, client: Client, request: Request) -> Iterator[Condition]:
    there = (
        ("roles", when.roles, person.roles),
        ("groups", when.groups, person.groups),
        ("clients", when.clients, frozenset({client.client_id})),
        ("scopes", when.scopes, request.scopes),
    )
    for key, wanted, present in there:
        if wanted is not None:
            found = tuple(value for value in wanted if value in present)
            yield Condition(key, wanted, found, bool(found))
    where = (request.address,) if request.address else ()
    if when.networks is not None:
        yield Condition("networks", _written(when.networks), where, request.comes_from(when.networks) is not False)
    if when.not_networks is not None:
        is_outside = request.comes_from(when.not_networks) is not True
        yield Condition("not_networks", _written(when.not_networks), where, is_outside)


def _since(rule: Rule, now: int) -> Iterator[Condition]:
    if rule.from_ is not None:
        yield Condition("from", (day(rule.from_),), (), rule.from_ <= now)


def day(at: int) -> str:
    """Seconds since the epoch as a realm file writes a day."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _written(networks: Iterable[IPv4Network | IPv6Network]) -> tuple[str, ...]:
    return tuple(map(str, networks))
