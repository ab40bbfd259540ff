"""The realm file's own tests: who, where, is asked what and never what."""

from dataclasses import dataclass

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


def person_of(realm: Realm, expectation: Expectation) -> Person:
    """Somebody with these roles and groups who owns every second factor of the realm."""
    who = expectation.who
    owned = (Credential(factor, factor) for factor in realm.second_factors)
    return person_in(realm, roles=who.roles, groups=who.groups, credentials=owned, snoozed=0)


def addresses(realm: Realm, expectation: Expectation) -> tuple[str, ...]:
    """One in each part of its network; where it has none, those in no network that a rule names."""
    network = expectation.network
    return anywhere(realm) if network is None else tuple(parts(network, realm))


def asked(realm: Realm, expectation: Expectation, address: str, now: int) -> frozenset[str]:
    """The second factors of which any would do, at some step of a new sign-in after the password."""
    client = client_of(realm, expectation.at)
    if client is None:
        return frozenset()
    scopes = client.scopes if expectation.scopes is None else client.requested(expectation.scopes)
    request = Request(scopes=frozenset(scopes), address=address)
    person = person_of(realm, expectation)
    given: tuple[Proof, ...] = (Proof("password", now),)
    found: frozenset[str] = frozenset()
    for _ in realm.second_factors:
        demand = decide(realm, person, client, request, Session(given=given), now)
        if not demand.ask:
            break
        found |= frozenset(demand.ask) - {"password"}
        given = (*given, Proof(demand.ask[0], now, demand.ask[0]))
    return found


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
    if forbidden := tuple(f for f in expectation.never if f in got):
        findings.append(Finding("never", expectation.never, forbidden))
    return tuple(findings)


def _is_asked(expected: frozenset[str], got: frozenset[str]) -> bool:
    """Recovery codes that would do besides need not be expected."""
    return got - {RECOVERY} == expected - {RECOVERY} and expected <= got
