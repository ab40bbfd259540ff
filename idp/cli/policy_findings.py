"""What the policy of a realm file comes to, in the words of `idp check`."""

from collections.abc import Iterator

from idp.policy.expectations import broken
from idp.policy.weaknesses import has_no_factor, never_matches, weakest_way_in
from idp.realm.findings import Finding
from idp.realm.schema import Realm

_SHORTEST_ALONE = 15


def broken_expectations(realm: Realm, now: int) -> Iterator[Finding]:
    """Problems: an expectation is a test, and a test that fails is an error."""
    for index, expectation in enumerate(realm.expect):
        for found in broken(realm, expectation, now):
            got = ", ".join(found.got) or "nothing"
            if found.key == "asks":
                wanted = ", ".join(found.wanted) or "nothing"
                message = f"expected to ask for {wanted} at '{expectation.at}', and it asks for {got}"
            else:
                message = (
                    f"expected never to ask for {', '.join(found.wanted)} at '{expectation.at}', and {got} would do"
                )
            key = () if found.key not in ("asks", "never") else (found.key,)
            place = ("expect", index, *key) if getattr(expectation, found.key) else ("expect", index)
            yield Finding(place, message)


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
    for index, client in enumerate(realm.clients):
        if not client.enabled or "authorization_code" not in client.grant_types:
            continue
        wished = [name for name in client.default_acr_values if realm.levels[name].factors > 1]
        if wished and weakest_way_in(realm, client, now).factors == ("password",):
            yield Finding(
                ("clients", index, "default_acr_values"),
                f"'{client.client_id}' asks for '{wished[0]}' by default only: a request that names another level "
                "gets in with the password alone; a rule would bind it",
            )
