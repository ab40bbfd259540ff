"""Codes redeemed after something has changed: what the code rests on must still be so, and today's rules be met."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.running import RunningServer, demo_client, demo_realm
from tests.visitor import Visitor

Administer = Callable[..., Administrator]


def sign_out(portal: Portal, visitor: Visitor) -> None:
    page = visitor.get(portal.server.endpoint("logout"))
    assert visitor.submit(page).status == 200


CHANGES: dict[str, Callable[[Administrator], None]] = {
    "disabled": lambda a: a.disable("alice"),
    "disabled for a moment": lambda a: a.disable_for_a_moment("alice"),
    "deleted": lambda a: a.delete("alice"),
    "with a new password": lambda a: a.set_password("alice", "another horse battery staple"),
    "with the same password set anew": lambda a: a.set_password("alice", "correct horse battery staple"),
}


@pytest.mark.attack
@pytest.mark.parametrize("change", CHANGES)
def test_a_code_is_refused_for_a_person_who_is_meanwhile(
    portal: Portal, visitor: Visitor, administer: Administer, change: str
) -> None:
    code = portal.code(visitor)

    CHANGES[change](administer(portal.server))

    assert portal.redeem(code).error == "invalid_grant"


@pytest.mark.attack
def test_a_code_is_refused_after_its_person_signed_out(portal: Portal, visitor: Visitor) -> None:
    code = portal.code(visitor)

    sign_out(portal, visitor)

    assert portal.redeem(code).error == "invalid_grant"


@pytest.mark.attack
def test_a_code_is_refused_when_the_factor_it_rests_on_is_gone(
    portal: Portal, visitor: Visitor, administer: Administer
) -> None:
    code = portal.code(visitor, "ada")

    administer(portal.server).reset_factors("ada")

    assert portal.redeem(code).error == "invalid_grant"


@pytest.mark.attack
def test_a_code_is_refused_when_a_new_role_asks_for_more(
    portal: Portal, visitor: Visitor, administer: Administer
) -> None:
    code = portal.code(visitor)

    administer(portal.server).set_roles("alice", "admin")

    assert portal.redeem(code).error == "invalid_grant"


def realm_without_portal(**changed: Any) -> dict[str, Any]:
    others = [demo_client("billing"), demo_client("cli"), demo_client("nightly-report")]
    return demo_realm(clients=[*others, demo_client("portal") | changed] if changed else others)


@pytest.mark.attack
@pytest.mark.parametrize(
    "changed",
    [{}, {"enabled": False}, {"client_secret": "another-secret-for-the-portal"}],
    ids=["removed", "disabled", "given another secret"],
)
def test_a_code_is_refused_when_its_client_is(
    portal: Portal, visitor: Visitor, server: RunningServer, changed: dict[str, Any]
) -> None:
    code = portal.code(visitor)

    server.reload(realm_without_portal(**changed))

    answer = portal.redeem(code)
    assert (answer.status, answer.error) == (401, "invalid_client")


@pytest.mark.attack
def test_a_code_is_refused_when_its_client_may_not_use_codes_any_more(
    portal: Portal, visitor: Visitor, server: RunningServer
) -> None:
    code = portal.code(visitor)

    server.reload(realm_without_portal(grant_types=["client_credentials"]))

    assert portal.redeem(code).error == "unauthorized_client"


@pytest.mark.attack
def test_a_code_is_refused_when_its_client_lost_a_scope(
    portal: Portal, visitor: Visitor, server: RunningServer
) -> None:
    code = portal.code(visitor)

    server.reload(realm_without_portal(scope="openid profile"))

    assert portal.redeem(code).error == "invalid_grant"


@pytest.mark.attack
def test_a_code_is_refused_when_a_new_rule_asks_for_more(
    portal: Portal, visitor: Visitor, server: RunningServer
) -> None:
    code = portal.code(visitor)

    server.reload(demo_realm(second_factor={"rules": [{"name": "everyone", "level": "two-factor"}]}))

    assert portal.redeem(code).error == "invalid_grant"
