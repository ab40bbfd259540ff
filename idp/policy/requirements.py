"""What must hold: a requirement for every rule that matches, and one for the acr that is demanded."""

from collections.abc import Iterable
from dataclasses import dataclass

from idp.policy.proofs import FIRST_FACTORS, Kind, Proof, kinds
from idp.policy.question import RECOVERY, Person, Request
from idp.realm.schema import Client, Level, Realm, When

# Recovery codes are made with another factor, never enrolled by themselves.
ENROLLABLE = frozenset({"totp"})


@dataclass(frozen=True, slots=True)
class Requirement:
    """One of `levels` (by name, any will do) by a second factor of `accept`, no older than `max_age` seconds."""

    source: str
    rule: str | None
    levels: tuple[str, ...]
    accept: frozenset[str]
    max_age: int | None


def matches(when: When, *, person: Person, client: Client, scopes: frozenset[str]) -> bool:
    """Keys are joined by and, the values of one key by or."""
    return (
        (when.roles is None or not person.roles.isdisjoint(when.roles))
        and (when.groups is None or not person.groups.isdisjoint(when.groups))
        and (when.clients is None or client.client_id in when.clients)
        and (when.scopes is None or not scopes.isdisjoint(when.scopes))
    )


def of_rules(realm: Realm, *, person: Person, client: Client, scopes: frozenset[str]) -> tuple[Requirement, ...]:
    """A requirement for every rule that matches, in the order of the file. Each is met by itself."""
    return tuple(
        Requirement(
            source="rule",
            rule=rule.name,
            levels=(rule.level,),
            accept=accepted(realm, realm.levels[rule.level]) & frozenset(rule.accept or realm.second_factors),
            max_age=rule.max_age,
        )
        for rule in realm.second_factor.rules
        if matches(rule.when, person=person, client=client, scopes=scopes)
    )


def of_request(realm: Realm, *, person: Person, client: Client, request: Request) -> Requirement | str | None:
    """The requirement of the demanded acr; None where nothing is demanded; a wire error where it cannot be met.

    An essential acr may be any of its values; of `acr_values` the first known one that the person can reach counts.
    """
    source, values = "request", request.essential_acr
    essential = bool(values)
    if not values:
        values = tuple(v for v in request.acr_values if v in realm.levels)
    if not values:
        source, values = "client", client.default_acr_values
    known = tuple(v for v in values if v in realm.levels)
    if not known:
        return "unmet_authentication_requirements" if essential else None
    reachable = tuple(v for v in known if can_reach(realm, person, realm.levels[v]))
    if not reachable:
        return "unmet_authentication_requirements"
    levels = reachable if essential else reachable[:1]
    accept = accepted(realm, realm.levels[levels[0]])
    return Requirement(source=source, rule=None, levels=levels, accept=accept, max_age=None)


def accepted(realm: Realm, level: Level) -> frozenset[str]:
    """The realm's second factors that the level takes."""
    present = frozenset(realm.second_factors)
    return present if level.accept is None else present & frozenset(level.accept)


def can_reach(realm: Realm, person: Person, level: Level) -> bool:
    """With factors that the person owns or may enrol now."""
    if level.factors == 1:
        return True
    accept = accepted(realm, level)
    return bool(accept & person.usable) or (may_enrol(person) and bool(accept & ENROLLABLE))


def may_enrol(person: Person) -> bool:
    """Who owns a second factor must be able to prove one; whose factors are all shut needs an administrator."""
    return not person.owned or bool(person.usable - {RECOVERY})


def holds(realm: Realm, level: Level, proofs: Iterable[Proof]) -> bool:
    """Whether the proofs reach the level: enough kinds, those other than the password all accepted by it."""
    accept = accepted(realm, level)
    counted = [p for p in proofs if p.factor in FIRST_FACTORS or p.factor in accept]
    return any(p.factor in FIRST_FACTORS for p in counted) and len(kinds(counted)) >= level.factors


def met(realm: Realm, requirement: Requirement, proofs: Iterable[Proof], now: int) -> bool:
    """Whether one of the requirement's levels holds by proofs that it accepts and that are young enough for it."""
    youngest = None if requirement.max_age is None else now - requirement.max_age

    def counts(proof: Proof, level: Level) -> bool:
        if proof.kind is Kind.KNOWLEDGE:
            return True
        narrowed = requirement.accept if requirement.rule else accepted(realm, level)
        return proof.factor in narrowed and (youngest is None or proof.at >= youngest)

    proofs = tuple(proofs)
    levels = (realm.levels[name] for name in requirement.levels)
    return any(holds(realm, level, (p for p in proofs if counts(p, level))) for level in levels)
