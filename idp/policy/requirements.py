"""What must hold: a requirement for every rule that matches, and one for the acr that is demanded."""

from collections.abc import Iterable
from dataclasses import dataclass

from idp.policy.enrolling import enrollable, gates
from idp.policy.proofs import Kind, Proof, kinds
from idp.policy.question import Person, Request
from idp.realm.client_sections import Client
from idp.realm.policy_sections import Encourage, Level, When
from idp.realm.schema import Realm

# The first proof can be given by everybody at any time.
_FIRST = Proof("password", 0)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One of `levels` (by name, any will do) by a second factor of `accept`, no older than `max_age` seconds.

    `source`: `rule`, `request`, `client` (its default), `encourage` (an invitation that has become a duty), or
    `account` (a change of the account: no level, a proof of `accept` alone). `trusted_browser`: for how many seconds a
    browser that its owner trusted need not meet it.
    """

    source: str
    rule: str | None
    levels: tuple[str, ...]
    accept: frozenset[str]
    max_age: int | None
    trusted_browser: int | None = None


def matches(when: When, *, person: Person, client: Client, request: Request) -> bool:
    """Keys are joined by and, the values of one key by or. Where nobody knows the network, the rule binds."""
    return (
        (when.roles is None or not person.roles.isdisjoint(when.roles))
        and (when.groups is None or not person.groups.isdisjoint(when.groups))
        and (when.clients is None or client.client_id in when.clients)
        and (when.scopes is None or not request.scopes.isdisjoint(when.scopes))
        and (when.networks is None or request.comes_from(when.networks) is not False)
        and (when.not_networks is None or request.comes_from(when.not_networks) is not True)
    )


def of_rules(realm: Realm, *, person: Person, client: Client, request: Request, now: int) -> tuple[Requirement, ...]:
    """A requirement for every rule that matches and binds by now, in the order of the file. Each is met by itself."""
    rules = tuple(
        Requirement(
            source="rule",
            rule=rule.name,
            levels=(rule.level,),
            accept=realm.accepted(realm.levels[rule.level], rule),
            max_age=rule.max_age,
            trusted_browser=rule.trusted_browser,
        )
        for rule in realm.second_factor.rules
        if (rule.from_ is None or rule.from_ <= now)
        and matches(rule.when, person=person, client=client, request=request)
    )
    encourage = realm.second_factor.encourage
    if (
        encourage is None
        or not matches(encourage.when, person=person, client=client, request=request)
        or not is_duty(encourage, person, now)
    ):
        return rules
    accept = realm.accepted(realm.levels[encourage.level])
    return (*rules, Requirement("encourage", None, (encourage.level,), accept, None))


def is_duty(encourage: Encourage, person: Person, now: int) -> bool:
    """Whether the invitation cannot be put off any more: its day has come, or it was put off often enough."""
    is_over = encourage.until is not None and encourage.until <= now
    return is_over or (encourage.snoozes is not None and person.snoozed >= encourage.snoozes)


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


def of_account(realm: Realm, person: Person, request: Request) -> tuple[Requirement, ...]:
    """For what changes the account: a factor that the person owns, proven just now, or the password of who owns none.

    A recovery code stands in for none of them, or a sheet of paper would buy the whole account. What is removed or made
    anew has the gates of what is set up: a code by mail would else take a passkey away and set up another in its place,
    or buy a new sheet for a rule that takes it.
    """
    if request.confirm is None:
        return ()
    factor = next((c.factor for c in person.credentials if c.id == request.changing), "")
    return tuple(
        Requirement("account", None, (), gate, request.confirm) for gate in dict.fromkeys(gates(realm, person, factor))
    )


def _known(realm: Realm, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(v for v in values if v in realm.levels)


def can_reach(realm: Realm, person: Person, level: Level, proofs: tuple[Proof, ...]) -> bool:
    """With factors that the person owns or may enrol now, or has proven: one that was shut since takes nothing back."""
    if holds(realm, level, (*proofs, _FIRST)):
        return True
    accept = realm.accepted(level)
    return bool(accept & person.usable) or bool(enrollable(realm, person, accept))


def holds(realm: Realm, level: Level, proofs: Iterable[Proof], accept: frozenset[str] | None = None) -> bool:
    """Whether the proofs reach the level: enough kinds, those other than the password all accepted by it.

    `accept`: fewer second factors than the level takes. One kind alone is the first proof, whichever that is.
    """
    taken = realm.accepted(level) if accept is None else realm.accepted(level) & accept
    shown = kinds(p for p in proofs if level.factors == 1 or p.factor == "password" or p.factor in taken)
    return Kind.KNOWLEDGE in shown and len(shown) >= level.factors


def is_fresh(requirement: Requirement, proofs: Iterable[Proof], now: int) -> bool:
    """Whether a factor that the requirement accepts was proven, lately enough for it."""
    oldest = 0 if requirement.max_age is None else now - requirement.max_age
    return any(p.factor in requirement.accept and p.at >= oldest for p in proofs)


def met(realm: Realm, requirement: Requirement, proofs: tuple[Proof, ...], now: int) -> bool:
    """Whether one of the requirement's levels holds by proofs that it accepts, the second factor young enough for it.

    The first proof may be older, also where it is a passkey.
    """
    fresh = is_fresh(requirement, proofs, now)
    levels = [realm.levels[name] for name in requirement.levels]
    reached = (level.factors == 1 or fresh for level in levels if holds(realm, level, proofs, requirement.accept))
    return any(reached) if levels else fresh
