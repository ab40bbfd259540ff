"""The realm file's own tests: who, where, is asked what and never what."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, combinations

from idp.policy.decide import decide
from idp.policy.places import anywhere, parts
from idp.policy.proofs import Proof
from idp.policy.question import Credential, Person, Request, Session, person_in
from idp.realm.account_client import client_of
from idp.realm.factor_sections import RECOVERY
from idp.realm.policy_sections import Expectation
from idp.realm.schema import Realm


@dataclass(frozen=True, slots=True)
class Finding:
    """What an expectation got instead. `key`: `asks` or `never`; `got`: the factors that would be asked for."""

    key: str
    wanted: tuple[str, ...]
    got: tuple[str, ...]


def person_of(realm: Realm, expectation: Expectation, factors: Iterable[str] | None = None) -> Person:
    """Somebody with these roles and groups who owns these second factors; left out, every one of the realm."""
    who = expectation.who
    owned = (Credential(factor, factor) for factor in (realm.second_factors if factors is None else factors))
    return person_in(realm, roles=who.roles, groups=who.groups, credentials=owned, snoozed=0)


def addresses(realm: Realm, expectation: Expectation) -> tuple[str, ...]:
    """One in each part of its network; where it has none, those in no network that a rule names."""
    network = expectation.network
    return anywhere(realm) if network is None else tuple(parts(network, realm))


def asked(realm: Realm, expectation: Expectation, address: str, now: int) -> frozenset[str]:
    """The second factors of which any would do, at some step of a new sign-in after the password."""
    found, _ = _played(realm, expectation, person_of(realm, expectation), address, now)
    return found


def _of_who_owns_fewer(realm: Realm, expectation: Expectation, address: str, now: int) -> frozenset[str]:
    """The same of those who get in with fewer factors: who lacks what two rules share meets each by another."""
    every = realm.second_factors
    found: frozenset[str] = frozenset()
    for owned in chain.from_iterable(combinations(every, count) for count in range(1, len(every))):
        shown, is_in = _played(realm, expectation, person_of(realm, expectation, owned), address, now)
        found |= shown if is_in else frozenset()
    return found


def _played(
    realm: Realm, expectation: Expectation, person: Person, address: str, now: int
) -> tuple[frozenset[str], bool]:
    """What is asked for after the password, and whether that is all: nothing has to be set up, and nothing bars."""
    client = client_of(realm, expectation.at)
    if client is None:
        return frozenset(), False
    scopes = client.scopes if expectation.scopes is None else client.requested(expectation.scopes)
    request = Request(scopes=frozenset(scopes), address=address)
    given: tuple[Proof, ...] = (Proof("password", now),)
    found: frozenset[str] = frozenset()
    demand = decide(realm, person, client, request, Session(given=given), now)
    while demand.ask and len(given) <= len(realm.second_factors):
        found |= frozenset(demand.ask) - {"password"}
        given = (*given, Proof(demand.ask[0], now, demand.ask[0]))
        demand = decide(realm, person, client, request, Session(given=given), now)
    return found, demand.outcome is not None


def broken(realm: Realm, expectation: Expectation, now: int) -> tuple[Finding, ...]:
    """What is not as expected, in the first part of the network where something is not."""
    for address in addresses(realm, expectation):
        if findings := _broken_at(realm, expectation, address, now):
            return findings
    return ()


def _broken_at(realm: Realm, expectation: Expectation, address: str, now: int) -> tuple[Finding, ...]:
    got = asked(realm, expectation, address, now)
    ordered = tuple(f for f in realm.second_factors if f in got)
    findings = []
    if expectation.asks is not None and not _is_asked(frozenset(expectation.asks), got):
        findings.append(Finding("asks", expectation.asks, ordered))
    would_do = got | _of_who_owns_fewer(realm, expectation, address, now) if expectation.never else got
    if forbidden := tuple(f for f in expectation.never if f in would_do):
        findings.append(Finding("never", expectation.never, forbidden))
    return tuple(findings)


def _is_asked(expected: frozenset[str], got: frozenset[str]) -> bool:
    """Recovery codes that would do besides need not be expected."""
    return got - {RECOVERY} == expected - {RECOVERY} and expected <= got
