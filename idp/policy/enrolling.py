"""What a person may set up, and what has to be proven before: enrolling must not be a way around a rule."""

from collections.abc import Iterable

from idp.policy.proofs import Proof
from idp.policy.question import Person
from idp.realm.factor_sections import RECOVERY
from idp.realm.schema import Realm

ENROLLABLE = frozenset({"webauthn", "totp", "sms", "email"})
# A cookie stolen hours after the sign-in must not suffice to enrol a factor. As long as the page may stay open.
ENROL_WITHIN = 900


def enrollable(realm: Realm, person: Person, accept: frozenset[str]) -> frozenset[str]:
    """What the person may set up so as to have one of `accept`, the second factors that something takes.

    Whoever owns one of them proves it, and whoever owns others proves one of those: where they are all shut, an
    administrator must help. To somebody who owns nothing, recovery codes come with the first factor that is set up.
    """
    if person.owned and (accept & person.owned or not person.usable - {RECOVERY}):
        return frozenset()
    if RECOVERY in accept and not person.owned:
        return ENROLLABLE & frozenset(realm.second_factors)
    return accept & ENROLLABLE


def shut_gates(
    realm: Realm, person: Person, factor: str, *, proofs: Iterable[Proof], now: int
) -> tuple[frozenset[str], ...]:
    """Those of the factor's gates that no proof within ENROL_WITHIN has opened."""
    young = {p.factor for p in proofs if p.at >= now - ENROL_WITHIN}
    return tuple(gate for gate in gates(realm, person, factor) if not gate & young)


def gates(realm: Realm, person: Person, factor: str) -> tuple[frozenset[str], ...]:
    """One factor of each must have been proven within ENROL_WITHIN before this one is set up; an empty one is shut.

    Whatever will take the new factor must be met by the old ones, as far as the person owns one that it takes: a code
    by mail would otherwise buy the passkey that a rule asks for.
    """
    if not person.owned:
        return (frozenset({"password"}),)
    able = person.usable - {RECOVERY}
    taking = [realm.accepted(level) for level in realm.levels.values() if level.factors > 1]
    taking += [realm.accepted(realm.levels[rule.level], rule) for rule in realm.second_factor.rules]
    return (able, *(able & taken for taken in taking if factor in taken and able & taken))
