"""Why a person is asked for what: every rule with its reasons, and a sign-in played through on paper."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from idp.policy.decide import Demand, decide
from idp.policy.proofs import Proof
from idp.policy.question import Credential, Person, Request, Session
from idp.policy.requirements import matches
from idp.realm.schema import RECOVERY, Client, Realm, Rule

_MOST_STEPS = 10


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of a rule's `when`: the values it names, those that are there, and whether that is enough."""

    key: str
    wanted: tuple[str, ...]
    present: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """The values of one key are joined by or."""
        return bool(self.present)


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
            matches(rule.when, person=person, client=client, scopes=request.scopes),
            tuple(_conditions(rule, person, client, request)),
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


def _conditions(rule: Rule, person: Person, client: Client, request: Request) -> Iterator[Condition]:
    there = (
        ("roles", rule.when.roles, person.roles),
        ("groups", rule.when.groups, person.groups),
        ("clients", rule.when.clients, frozenset({client.client_id})),
        ("scopes", rule.when.scopes, request.scopes),
    )
    for key, wanted, present in there:
        if wanted is not None:
            yield Condition(key, wanted, tuple(value for value in wanted if value in present))
