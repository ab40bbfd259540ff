"""What `idp check` finds out about a policy beyond its form: rules without effect, and the weakest way in."""

from dataclasses import dataclass

from idp.policy.decide import decide
from idp.policy.enrolling import ENROLLABLE
from idp.policy.proofs import Proof
from idp.policy.question import Credential, Person, Request, Session
from idp.realm.account_client import ACCOUNT
from idp.realm.client_sections import Client
from idp.realm.policy_sections import Rule
from idp.realm.schema import Realm


@dataclass(frozen=True, slots=True)
class WayIn:
    """The least that a sign-in at this client proves: the acr, and the factors given for it."""

    client: Client
    acr: str | None
    factors: tuple[str, ...]


def never_matches(realm: Realm, rule: Rule) -> str | None:
    """Why nobody can be bound by the rule, or None."""
    when = rule.when
    # A device, an exchange and the word of a trusted issuer are for people, too.
    of_people = (c for c in realm.clients if c.enabled and set(c.grant_types) != {"client_credentials"})
    clients = (*of_people, ACCOUNT)
    if when.clients is not None:
        clients = tuple(c for c in clients if c.client_id in when.clients)
        if not clients:
            return "none of its clients is for people"
    if when.scopes is not None and not any(set(when.scopes) & set(c.scopes) for c in clients):
        return "none of its clients is registered for any of its scopes"
    if when.networks is not None and when.not_networks is not None:
        outside = [n for n in when.networks if not any(_within(n, o) for o in when.not_networks)]
        if not outside:
            return "its networks lie within its not_networks"
    return None


def has_no_factor(realm: Realm, rule: Rule) -> bool:
    """Whether the people whom the rule binds can meet it by nothing that they could set up."""
    level = realm.levels[rule.level]
    accept = realm.accepted(level, rule)
    return level.factors > 1 and not accept & ENROLLABLE


def weakest_way_in(realm: Realm, client: Client, now: int) -> WayIn:
    """For somebody without a role who owns every factor, from nowhere in particular, with the fewest scopes.

    It begins with the password: a passkey that a sign-in can begin with is two kinds by itself.
    """
    person = Person(credentials=tuple(Credential(f, f) for f in realm.second_factors))
    # The strongest stand first; an attacker would choose the last.
    order = ("password", *realm.second_factors)
    given: tuple[Proof, ...] = (Proof("password", now),)
    request = Request(address="192.0.2.1")
    for _ in range(len(order) + 1):
        demand = decide(realm, person, client, request, Session(given=given), now)
        if demand.outcome or not demand.ask:
            return WayIn(client, demand.outcome.acr if demand.outcome else None, tuple(p.factor for p in given))
        weakest = max(demand.ask, key=order.index)
        given = (*given, Proof(weakest, now, weakest))
    return WayIn(client, None, tuple(p.factor for p in given))


def _within(inner: object, outer: object) -> bool:
    try:
        return inner.subnet_of(outer)  # type: ignore[attr-defined, no-any-return]  # one family or the other
    except TypeError:
        return False
