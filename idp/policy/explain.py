"""Why a person is asked for what: every rule with its reasons, and a sign-in played through on paper."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network

from idp.policy.decide import Demand, decide
from idp.policy.proofs import Proof
from idp.policy.question import Credential, Person, Request, Session
from idp.policy.requirements import matches
from idp.realm.client_sections import Client
from idp.realm.factor_sections import RECOVERY
from idp.realm.policy_sections import Rule
from idp.realm.schema import Realm

_MOST_STEPS = 10


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
class Explanation:
    """`asked`: for each step of a new sign-in the factors of which any will do. `enrolled`: those set up on the way.

    `end` is the last demand: its outcome, its error, or that only an administrator can help.
    """

    rules: tuple[ExplainedRule, ...]
    asked: tuple[tuple[str, ...], ...]
    enrolled: tuple[str, ...]
    end: Demand


def explain(realm: Realm, person: Person, client: Client, request: Request, now: int) -> Explanation:
    """What a new sign-in of this person at this client comes to."""
    rules = tuple(
        ExplainedRule(
            rule,
            (rule.from_ is None or rule.from_ <= now)
            and matches(rule.when, person=person, client=client, request=request),
            tuple(_conditions(rule, person, client, request, now)),
        )
        for rule in realm.second_factor.rules
    )
    asked: list[tuple[str, ...]] = []
    enrolled: list[str] = []
    given: tuple[Proof, ...] = ()
    demand = decide(realm, person, client, request, Session(), now)
    for _ in range(_MOST_STEPS):
        if demand.ask:
            asked.append(demand.ask)
            given = (*given, _proof(person, demand.ask[0], now))
        elif demand.enrol:
            enrolled.append(demand.enrol[0])
            new = Credential(f"new {demand.enrol[0]}", demand.enrol[0])
            person = _with_new(realm, person, new)
            given = (*given, Proof(new.factor, now, new.id))
        else:
            break
        demand = decide(realm, person, client, request, Session(given=given), now)
    return Explanation(rules, tuple(asked), tuple(enrolled), demand)


def _with_new(realm: Realm, person: Person, new: Credential) -> Person:
    """Recovery codes come with it where the person has none left."""
    if realm.factors.recovery_codes is None or RECOVERY in person.usable:
        return replace(person, credentials=(*person.credentials, new))
    return replace(person, credentials=(*person.credentials, new, Credential(RECOVERY, RECOVERY)))


def _proof(person: Person, factor: str, now: int) -> Proof:
    credential = next((c.id for c in person.credentials if c.factor == factor and c.usable), "")
    return Proof(factor, now, credential)


def _conditions(rule: Rule, person: Person, client: Client, request: Request, now: int) -> Iterator[Condition]:
    when = rule.when
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
    if rule.from_ is not None:
        day = datetime.fromtimestamp(rule.from_, UTC).date().isoformat()
        yield Condition("from", (day,), (), rule.from_ <= now)


def _written(networks: Iterable[IPv4Network | IPv6Network]) -> tuple[str, ...]:
    return tuple(map(str, networks))
