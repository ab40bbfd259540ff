"""What must hold: a requirement for every rule that matches, and one for the acr that is demanded."""

from collections.abc import Iterable
from dataclasses import dataclass

from idp.policy.proofs import FIRST_FACTORS, Kind, Proof, kinds
from idp.policy.question import Person, Request
from idp.realm.schema import RECOVERY, Client, Level, Realm, When

ENROLLABLE = frozenset({"totp"})
# The first proof can be given by everybody at any time.
_FIRST = Proof(FIRST_FACTORS[0], 0)


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
            accept=realm.accepted(realm.levels[rule.level], rule),
            max_age=rule.max_age,
        )
        for rule in realm.second_factor.rules
        if matches(rule.when, person=person, client=client, scopes=scopes)
    )


def of_request(
    realm: Realm, *, person: Person, client: Client, request: Request, proofs: tuple[Proof, ...]
) -> tuple[Requirement, ...] | str:
    """A requirement for each acr that is demanded; a wire error where one cannot be met.

    An essential acr may be any of its values; of `acr_values` the first known one that the person can reach counts.
    """
    source, essential, wished = "request", request.essential_acr, _known(realm, request.acr_values)
    if not essential and not wished:
        source, wished = "client", _known(realm, client.default_acr_values)
    required: list[Requirement] = []
    for values, any_will_do in ((essential, True), (wished, False)):
        reachable = tuple(v for v in _known(realm, values) if can_reach(realm, person, realm.levels[v], proofs))
        if values and not reachable:
            return "unmet_authentication_requirements"
        levels = reachable if any_will_do else reachable[:1]
        if levels:
            accept = frozenset[str]().union(*(realm.accepted(realm.levels[v]) for v in levels))
            required.append(Requirement(source=source, rule=None, levels=levels, accept=accept, max_age=None))
    return tuple(required)


def _known(realm: Realm, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(v for v in values if v in realm.levels)


def can_reach(realm: Realm, person: Person, level: Level, proofs: tuple[Proof, ...]) -> bool:
    """With factors that the person owns or may enrol now, or has proven: one that was shut since takes nothing back."""
    if holds(realm, level, (*proofs, _FIRST)):
        return True
    accept = realm.accepted(level)
    return bool(accept & person.usable) or bool(enrollable(realm, person, accept))


def enrollable(realm: Realm, person: Person, accept: frozenset[str]) -> frozenset[str]:
    """What the person may set up so as to have one of `accept`.

    Who owns a second factor must be able to prove one; whose factors are all shut needs an administrator. To somebody
    who owns nothing, recovery codes come with the first factor that is set up.
    """
    if person.owned and not person.usable - {RECOVERY}:
        return frozenset()
    if RECOVERY in accept and not person.owned:
        return ENROLLABLE & frozenset(realm.second_factors)
    return accept & ENROLLABLE


def holds(realm: Realm, level: Level, proofs: Iterable[Proof]) -> bool:
    """Whether the proofs reach the level: enough kinds, those other than the password all accepted by it."""
    accept = realm.accepted(level)
    counted = [p for p in proofs if p.factor in FIRST_FACTORS or p.factor in accept]
    return any(p.factor in FIRST_FACTORS for p in counted) and len(kinds(counted)) >= level.factors


def met(realm: Realm, requirement: Requirement, proofs: Iterable[Proof], now: int) -> bool:
    """Whether one of the requirement's levels holds by proofs that it accepts and that are young enough for it."""
    youngest = None if requirement.max_age is None else now - requirement.max_age

    def counts(proof: Proof, level: Level) -> bool:
        if proof.kind is Kind.KNOWLEDGE:
            return True
        narrowed = requirement.accept if requirement.rule else realm.accepted(level)
        return proof.factor in narrowed and (youngest is None or proof.at >= youngest)

    proofs = tuple(proofs)
    levels = (realm.levels[name] for name in requirement.levels)
    return any(holds(realm, level, (p for p in proofs if counts(p, level))) for level in levels)
