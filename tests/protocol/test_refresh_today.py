"""Refreshing later: today's person, client and rules decide, over what was proven when the grant was made."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.clock import Clock
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.running import RunningServer, demo_client, demo_realm
from tests.visitor import Visitor

Administer = Callable[..., Administrator]
HOURS = 3600


def demo_clients(**portal: Any) -> list[dict[str, Any]]:
    """The demo's clients, with the portal changed."""
    return [demo_client("portal") | portal, *(demo_client(c) for c in ("billing", "cli", "nightly-report"))]


CHANGES: dict[str, Callable[[Administrator], None]] = {
    "disabled": lambda a: a.disable("ada"),
    "disabled for a moment": lambda a: a.disable_for_a_moment("ada"),
    "deleted": lambda a: a.delete("ada"),
    "given a new password": lambda a: a.set_password("ada", "another horse battery staple"),
    "without factors": lambda a: a.reset_factors("ada"),
}


@pytest.mark.attack
@pytest.mark.parametrize("change", CHANGES)
def test_the_grants_of_a_person_end_who_was(
    portal: Portal, visitor: Visitor, administer: Administer, change: str
) -> None:
    tokens = portal.sign_in(visitor, "ada")

    CHANGES[change](administer(portal.server))

    assert portal.refresh(tokens.refresh).error == "invalid_grant"
    assert portal.introspect(tokens.refresh) == {"active": False}
    assert portal.introspect(tokens.access) == {"active": False}
    assert portal.userinfo(tokens.access).status_code == 401


@pytest.mark.attack
def test_the_grants_of_a_session_end_with_it(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor)

    visitor.submit(visitor.get(portal.server.endpoint("logout")))

    assert portal.refresh(tokens.refresh).error == "invalid_grant"
    assert portal.introspect(tokens.access) == {"active": False}


def test_a_new_sign_in_brings_no_ended_grant_back(portal: Portal, visitor: Visitor, administer: Administer) -> None:
    tokens = portal.sign_in(visitor)
    administer(portal.server).set_password("alice", "another horse battery staple")
    visitor.sign_in(portal.send(visitor), "alice", "another horse battery staple")

    assert portal.refresh(tokens.refresh).error == "invalid_grant"


@pytest.mark.attack
def test_a_role_that_was_taken_away_is_gone_from_the_next_token(
    portal: Portal, visitor: Visitor, administer: Administer
) -> None:
    first = portal.sign_in(visitor)
    assert first.access_claims["roles"] == ["developer"]

    administer(portal.server).set_roles("alice")

    second = portal.refresh(first.refresh)
    assert second.access_claims.keys().isdisjoint({"roles", "realm_access"})
    assert (second.id_claims["roles"], second.id_claims["realm_access"]) == ([], {"roles": []})


@pytest.mark.attack
def test_a_role_that_a_rule_guards_asks_for_a_new_sign_in(
    portal: Portal, visitor: Visitor, administer: Administer
) -> None:
    tokens = portal.sign_in(visitor)

    administer(portal.server).set_roles("alice", "admin")

    assert portal.refresh(tokens.refresh).error == "invalid_grant"


RULES: dict[str, dict[str, Any]] = {
    "for everyone": {"level": "two-factor"},
    "for the client": {"level": "two-factor", "when": {"clients": ["portal"]}},
    "for the role": {"level": "two-factor", "when": {"roles": ["developer"]}},
    "for a granted scope": {"level": "two-factor", "when": {"scopes": ["email"]}},
}


@pytest.mark.attack
@pytest.mark.parametrize("case", RULES)
def test_a_rule_that_now_asks_for_more_asks_for_a_new_sign_in(
    portal: Portal, visitor: Visitor, server: RunningServer, case: str
) -> None:
    tokens = portal.sign_in(visitor)

    server.reload(demo_realm(second_factor={"rules": [{"name": "new", **RULES[case]}]}))

    assert portal.refresh(tokens.refresh).error == "invalid_grant"


def test_a_rule_that_is_met_lets_the_grant_live(portal: Portal, visitor: Visitor, server: RunningServer) -> None:
    tokens = portal.sign_in(visitor, "ada")

    server.reload(demo_realm(second_factor={"rules": [{"name": "new", "level": "two-factor"}]}))

    assert portal.refresh(tokens.refresh).status == 200


def test_a_rule_for_a_scope_is_not_asked_by_a_refresh_without_it(
    portal: Portal, visitor: Visitor, server: RunningServer
) -> None:
    tokens = portal.sign_in(visitor)

    server.reload(demo_realm(second_factor={"rules": [{"name": "new", **RULES["for a granted scope"]}]}))

    assert portal.refresh(tokens.refresh, scope="openid profile").status == 200


@pytest.mark.attack
def test_a_second_factor_too_old_for_its_rule_asks_for_a_new_sign_in(
    portal: Portal, visitor: Visitor, clock: Clock
) -> None:
    tokens = portal.sign_in(visitor, "ada")
    clock.advance(4 * HOURS)
    tokens = portal.refresh(tokens.refresh)
    clock.advance(4 * HOURS)
    tokens = portal.refresh(tokens.refresh)
    clock.advance(1)

    assert portal.refresh(tokens.refresh).error == "invalid_grant"


@pytest.mark.attack
@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"enabled": False}, "invalid_client"),
        ({"client_secret": "another-secret-for-the-portal"}, "invalid_client"),
        ({"grant_types": ["authorization_code"]}, "unauthorized_client"),
        ({"scope": "openid profile"}, "invalid_grant"),
    ],
    ids=["enabled", "client_secret", "grant_types", "scope"],
)
def test_a_refresh_asks_the_client_of_today(
    portal: Portal, visitor: Visitor, server: RunningServer, changed: dict[str, Any], error: str
) -> None:
    tokens = portal.sign_in(visitor)

    server.reload(demo_realm(clients=demo_clients(**changed)))

    assert portal.refresh(tokens.refresh).error == error


def test_a_refresh_without_the_scope_that_the_client_lost_goes_on(
    portal: Portal, visitor: Visitor, server: RunningServer
) -> None:
    tokens = portal.sign_in(visitor)

    server.reload(demo_realm(clients=demo_clients(scope="openid profile")))

    assert portal.refresh(tokens.refresh, scope="openid profile").status == 200


@pytest.mark.parametrize("gone", [{"enabled": False}, None], ids=["disabled", "removed"])
def test_a_client_that_comes_back_finds_its_grants_ended(
    portal: Portal, visitor: Visitor, server: RunningServer, gone: dict[str, Any] | None
) -> None:
    tokens = portal.sign_in(visitor)
    without = demo_clients(**gone) if gone else demo_clients()[1:]

    server.reload(demo_realm(clients=without))
    server.reload(demo_realm(clients=demo_clients()))

    assert portal.refresh(tokens.refresh).error == "invalid_grant"
