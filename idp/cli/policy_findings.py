"""What the policy of a realm file comes to, in the words of `idp check`."""

from collections.abc import Iterable, Iterator

from idp.policy.expectations import broken
from idp.policy.question import portals
from idp.policy.weaknesses import (
    WayIn,
    half_of_everywhere,
    has_no_factor,
    never_matches,
    only_by_default,
    weakest_way_in,
)
from idp.realm.account_client import ACCOUNT
from idp.realm.client_sections import Client
from idp.realm.findings import Finding
from idp.realm.policy_sections import Who
from idp.realm.schema import Realm

_SHORTEST_ALONE = 15


def broken_expectations(realm: Realm, now: int) -> Iterator[Finding]:
    """Problems: an expectation is a test, and a test that fails is an error."""
    for index, expectation in enumerate(realm.expect):
        for found in broken(realm, expectation, now):
            got = ", ".join(found.got) or "nothing"
            wanted = f"for {', '.join(found.wanted) or 'nothing'} at '{expectation.at}'"
            if found.key == "asks":
                message = f"expected to ask {_whom(expectation.who)} {wanted}, and it asks for {got}"
            else:
                message = f"expected never to ask {_whom(expectation.who)} {wanted}, and {got} would do"
            yield Finding(("expect", index, found.key), message)


def _whom(who: Who) -> str:
    named = [f"{kind} '{name}'" for kind, names in (("role", who.roles), ("group", who.groups)) for name in names]
    return f"people with the {' and the '.join(named)}" if named else "people without a role or a group"


def short_passwords(realm: Realm) -> Iterator[Finding]:
    """A warning: a password that opens a client by itself and is shorter than NIST SP 800-63B-4 3.1.1.2 has it."""
    if realm.factors.password.min_length_alone < _SHORTEST_ALONE:
        yield Finding(
            ("factors", "password", "min_length_alone"),
            f"a password that is the only proof should have at least {_SHORTEST_ALONE} characters",
        )


def surprises(realm: Realm, now: int) -> Iterator[Finding]:
    """Warnings: what the file allows and its author may not have meant."""
    for index, rule in enumerate(realm.second_factor.rules):
        path = ("second_factor", "rules", index)
        if why := never_matches(realm, rule):
            yield Finding(path, f"the rule '{rule.name}' can never match: {why}")
        elif has_no_factor(realm, rule):
            yield Finding(path, f"the people whom the rule '{rule.name}' binds can set up no factor that it accepts")
    for where, when in realm.second_factor.whens:
        if half := half_of_everywhere(when):
            key, other = half
            yield Finding(
                ("second_factor", *where, key), f"this is every network of one kind only: add '{other}', or say which"
            )
    entered = {client.client_id for client in portals(realm)}
    for index, client in enumerate(realm.clients):
        if client.client_id not in entered or not client.default_acr_values:
            continue
        way = weakest_way_in(realm, client, now)
        if wished := only_by_default(realm, way):
            yield Finding(
                ("clients", index, "default_acr_values"),
                f"'{client.client_id}' asks for '{wished}' by default only: a request that names another level "
                f"gets in with {_with(way)}; a rule would bind it",
            )


def ways_in(path: str, realm: Realm, clients: Iterable[Client], now: int) -> Iterator[str]:
    """The weakest way into each client that people sign in to: a line each."""
    whose = "for people without a role, in no network that a rule names"
    yield f"realm {realm.name} ({path}): the weakest way in, {whose}"
    entered = {client.client_id for client in (*portals(realm), ACCOUNT)}
    for client in clients:
        if client.client_id in entered:
            way = weakest_way_in(realm, client, now)
            yield (
                f"  {client.client_id}: {_with(way)}, acr {way.acr or 'none'}"
                if way.given
                else f"  {client.client_id}: none"
            )
    yield ""


def _with(way: WayIn) -> str:
    return "the password alone" if way.factors == ("password",) else " and ".join(way.factors)
