"""What `idp check` finds out about a policy beyond its form: rules without effect, and the weakest way in."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import collapse_addresses

from idp.addresses import Network
from idp.policy.decide import decide
from idp.policy.enrolling import ENROLLABLE
from idp.policy.places import EVERYWHERE, anywhere
from idp.policy.proofs import Proof
from idp.policy.question import Credential, Person, Request, Session
from idp.policy.requirements import holds
from idp.realm.account_client import ACCOUNT
from idp.realm.client_sections import Client
from idp.realm.policy_sections import Rule, When
from idp.realm.schema import Realm


@dataclass(frozen=True, slots=True)
class WayIn:
    """The least that a sign-in at this client proves: the acr, and what is given for it; nothing, nobody gets in."""

    client: Client
    acr: str | None
    given: tuple[Proof, ...]

    @property
    def factors(self) -> tuple[str, ...]:
        """By name, in the order they are given."""
        return tuple(proof.factor for proof in self.given)


def never_matches(realm: Realm, rule: Rule) -> str | None:
    """Why nobody can be bound by the rule, or None."""
    when = rule.when
    # A device, an exchange and the word of a trusted issuer are for people, too.
    of_people = (c for c in realm.clients if c.enabled and set(c.grant_types) - {"client_credentials"})
    clients = (*of_people, ACCOUNT)
    if when.clients is not None:
        clients = tuple(c for c in clients if c.client_id in when.clients)
        if not clients:
            return "none of its clients is for people"
    if when.scopes is not None and not any(set(when.scopes) & set(c.scopes) for c in clients):
        return "none of its clients is registered for any of its scopes"
    if when.not_networks is not None and not any(_outside(when.networks or EVERYWHERE, when.not_networks)):
        return (
            "its networks lie within its not_networks" if when.networks else "its not_networks are all that there are"
        )
    return None


def half_of_everywhere(when: When) -> tuple[str, str] | None:
    """A key that names all networks of one family and not those of the other, and what the other's are; or None."""
    for key in ("networks", "not_networks"):
        named: tuple[Network, ...] = getattr(when, key) or ()
        whole = [not any(_outside((family,), named)) for family in EVERYWHERE]
        if any(whole) and not all(whole):
            return key, str(EVERYWHERE[whole.index(False)])
    return None


def has_no_factor(realm: Realm, rule: Rule) -> bool:
    """Whether the people whom the rule binds can meet it by nothing that they could set up."""
    level = realm.levels[rule.level]
    accept = realm.accepted(level, rule)
    return level.factors > 1 and not accept & ENROLLABLE


def weakest_way_in(realm: Realm, client: Client, now: int) -> WayIn:
    """For somebody without a role who owns every factor, from nowhere that a rule names, by the weakest request.

    It names the weakest level, so that the client's defaults do not count, and the scope that asks for least. The
    sign-in begins with the password: a passkey that it can begin with is two kinds by itself.
    """
    weakest = tuple(realm.levels)[:1] if client.default_acr_values else ()
    ways = (
        _way_in(realm, client, Request(scopes=scopes, acr_values=weakest, address=address), now)
        for scopes in [frozenset(client.requested({scope})) for scope in client.scopes] or [frozenset[str]()]
        for address in anywhere(realm)
    )
    open_ = [way for way in ways if way.given]
    order = ("password", *realm.second_factors)
    return min(open_, key=lambda way: (len(way.given), -order.index(way.factors[-1])), default=WayIn(client, None, ()))


def _way_in(realm: Realm, client: Client, request: Request, now: int) -> WayIn:
    person = Person(credentials=tuple(Credential(f, f) for f in realm.second_factors))
    # The strongest stand first; an attacker would choose the last.
    order = ("password", *realm.second_factors)
    given: tuple[Proof, ...] = (Proof("password", now),)
    for _ in order:
        demand = decide(realm, person, client, request, Session(given=given), now)
        if demand.outcome:
            return WayIn(client, demand.outcome.acr, given)
        if not demand.ask:
            break
        weakest = max(demand.ask, key=order.index)
        given = (*given, Proof(weakest, now, weakest))
    return WayIn(client, None, ())


def only_by_default(realm: Realm, way: WayIn) -> str | None:
    """The level that the client asks for by default, where the weakest way in does not reach it; else None."""
    wished = next((name for name in way.client.default_acr_values if name in realm.levels), None)
    if wished is None or not way.given or holds(realm, realm.levels[wished], way.given):
        return None
    return wished


def _outside(networks: tuple[Network, ...], others: tuple[Network, ...]) -> Iterator[object]:
    """Those of the networks that do not lie within the others altogether."""
    for network in networks:
        family = collapse_addresses(n for n in others if n.version == network.version)  # type: ignore[type-var]
        if not any(network.subnet_of(other) for other in family):  # type: ignore[arg-type]  # of one family
            yield network
