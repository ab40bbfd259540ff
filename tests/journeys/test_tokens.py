"""What portals and programs do with what they were given: refresh, ask, revoke, sign out, discover."""

from collections.abc import Callable

import pytest

from tests.clock import START, Clock
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.running import RunningServer
from tests.visitor import Visitor


def test_refreshing_rotates_and_keeps_what_was_proven(portal: Portal, visitor: Visitor, clock: Clock) -> None:
    first = portal.sign_in(visitor, "ada")
    clock.advance(600)

    second = portal.refresh(first.refresh)

    assert second.refresh != first.refresh
    assert second.access_claims["exp"] > first.access_claims["exp"]
    for claim in ("acr", "amr", "auth_time", "sub", "sid"):
        assert second.access_claims[claim] == first.access_claims[claim]
    assert second.access_claims["auth_time"] == START


def test_a_used_refresh_token_kills_its_family(portal: Portal, visitor: Visitor) -> None:
    first = portal.sign_in(visitor)
    second = portal.refresh(first.refresh)

    assert portal.refresh(first.refresh).error == "invalid_grant"
    assert portal.refresh(second.refresh).error == "invalid_grant"
    assert portal.introspect(second.access) == {"active": False}


def test_todays_rules_are_decided_again_at_every_refresh(
    portal: Portal, visitor: Visitor, administrator: Administrator
) -> None:
    tokens = portal.sign_in(visitor, "alice")
    administrator.set_roles("alice", "admin")

    assert portal.refresh(tokens.refresh).error == "invalid_grant"


@pytest.mark.parametrize("end", ["disable", "delete", "reset_factors", "new password", "sign out"])
def test_what_ends_a_grant_ends_its_tokens(
    portal: Portal, visitor: Visitor, administrator: Administrator, end: str
) -> None:
    tokens = portal.sign_in(visitor, "ada")
    assert portal.introspect(tokens.access)["active"] is True

    match end:
        case "new password":
            administrator.set_password("ada", "an entirely different phrase")
        case "sign out":
            visitor.get(f"{portal.server.endpoint('logout')}?id_token_hint={tokens.body['id_token']}")
        case _:
            getattr(administrator, end)("ada")

    assert portal.refresh(tokens.refresh).error == "invalid_grant"
    assert portal.introspect(tokens.access) == {"active": False}
    assert portal.userinfo(tokens.access).status_code == 401


def test_a_program_gets_a_token_of_its_own_that_names_no_person(
    server: RunningServer, register: Callable[..., Portal]
) -> None:
    report = register(server, "nightly-report")

    tokens = report.token(grant_type="client_credentials", scope="payments")

    claims = report.verified(tokens.access)
    assert (claims["sub"], claims["client_id"]) == ("nightly-report", "nightly-report")
    assert claims.keys().isdisjoint({"acr", "amr", "auth_time", "sid"})
    assert "refresh_token" not in tokens.body


def test_an_access_token_says_for_which_api_it_is(
    server: RunningServer, register: Callable[..., Portal], visitor: Visitor
) -> None:
    cli = register(server, "cli")
    tokens = cli.sign_in(visitor, "ada", scope="openid payments")

    claims = cli.verified(tokens.access)
    assert claims["aud"] in ("http://localhost:8083", ["http://localhost:8083"])
    assert claims["roles"] == claims["realm_access"]["roles"] == ["admin"]
    assert (claims["acr"], claims["amr"]) == ("two-factor", ["pwd", "otp", "mfa"])


def test_userinfo_says_who_it_is(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor)

    info = portal.userinfo(tokens.access).json()

    assert info["sub"] == tokens.id_claims["sub"]
    assert (info["preferred_username"], info["email"]) == ("alice", "alice@example.com")


def test_a_revoked_refresh_token_takes_its_access_tokens_along(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor)

    assert portal.call("revoke", token=tokens.refresh).status_code == 200

    assert portal.introspect(tokens.access) == {"active": False}
    assert portal.refresh(tokens.refresh).error == "invalid_grant"
    assert "code" in portal.send(visitor, prompt="none").parameters()


def test_a_portal_signs_people_out_and_gets_them_back(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor)

    page = visitor.get(
        portal.server.endpoint("logout"),
        params={
            "id_token_hint": tokens.body["id_token"],
            "post_logout_redirect_uri": "http://localhost:8081/",
            "state": "left",
        },
    )

    assert page.location == "http://localhost:8081/?state=left"
    assert portal.send(visitor, prompt="none").parameters()["error"] == "login_required"


def test_a_sign_out_that_names_nobody_is_asked_about_first(portal: Portal, visitor: Visitor) -> None:
    portal.sign_in(visitor)

    page = visitor.get(portal.server.endpoint("logout"))
    assert "Sign out?" in page.text
    assert "code" in portal.send(visitor, prompt="none").parameters()
    visitor.submit(page)

    assert portal.send(visitor, prompt="none").parameters()["error"] == "login_required"


def test_everything_is_found_from_the_issuer(portal: Portal) -> None:
    issuer = portal.server.issuer()
    found = portal.http.get(f"{issuer}/.well-known/openid-configuration").json()

    assert found["issuer"] == issuer
    assert found["acr_values_supported"] == ["password", "two-factor"]
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["authorization_response_iss_parameter_supported"] is True
    assert portal.http.get(found["jwks_uri"]).json()["keys"]
    assert portal.http.get(f"{portal.server.url}/.well-known/oauth-authorization-server/realms/demo").json() == found
