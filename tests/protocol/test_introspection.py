"""Introspection: what a token is, for those whose business it is; `active: false` and not a word more for all others.

RFC 7662.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.clock import Clock
from tests.conftest import Start
from tests.portal import Portal
from tests.running import demo_client, demo_realm
from tests.visitor import Visitor

INACTIVE = {"active": False}


def test_a_client_is_told_about_its_access_token(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor, "ada")

    response = portal.call("token/introspect", token=tokens.access)

    assert response.headers["cache-control"] == "no-store"
    claims = tokens.access_claims
    same = ("iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti", "sid", "acr", "amr", "auth_time", "roles")
    assert response.json() == {
        "active": True,
        "token_type": "Bearer",
        "username": "ada",
        "realm_access": {"roles": ["admin"]},
        **{name: claims[name] for name in same},
    }


def test_a_client_is_told_about_its_refresh_token(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor, "ada")

    body = portal.introspect(tokens.refresh)

    assert body["active"] is True
    assert body["token_type"] != "Bearer"
    assert (body["client_id"], body["sub"]) == ("portal", tokens.id_claims["sub"])
    assert (body["acr"], body["amr"]) == ("two-factor", ["pwd", "otp", "mfa"])


def test_of_a_sign_in_that_reached_no_level_no_level_is_said(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    server = start(demo_realm(levels={"two-factor": {"factors": 2}}))
    portal = register(server, "portal")
    tokens = portal.sign_in(visit(server))

    for token in (tokens.access, tokens.refresh):
        body = portal.introspect(token)
        assert (body["active"], body["amr"]) == (True, ["pwd"])
        assert "acr" not in body


def test_a_client_is_told_about_its_own_token(portal: Portal, register: Callable[..., Portal]) -> None:
    report = register(portal.server, "nightly-report")

    body = report.introspect(report.token(grant_type="client_credentials").access)

    assert (body["active"], body["sub"]) == (True, "nightly-report")
    assert body.keys().isdisjoint({"username", "acr", "amr", "auth_time", "sid"})


@pytest.mark.attack
@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_another_client_is_told_nothing(portal: Portal, billing: Portal, visitor: Visitor, kind: str) -> None:
    tokens = portal.sign_in(visitor)

    assert billing.introspect(getattr(tokens, kind)) == INACTIVE


@pytest.mark.attack
def test_the_hint_changes_nothing(portal: Portal, billing: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor)
    for hint in ("access_token", "refresh_token", "id_token", "foo"):
        for token in (tokens.access, tokens.refresh):
            assert portal.call("token/introspect", token=token, token_type_hint=hint).json()["active"] is True
            assert billing.call("token/introspect", token=token, token_type_hint=hint).json() == INACTIVE


NOTHING = ["unknown", "a.b.c", "..", "ü€𝄞", "." * 5000, "x" * 8192, "e30.e30.", '{"payload":"","signatures":[]}']


@pytest.mark.attack
@pytest.mark.parametrize("number", range(len(NOTHING)))
def test_what_is_no_token_is_inactive(standing_portal: Portal, number: int) -> None:
    assert standing_portal.introspect(NOTHING[number]) == INACTIVE


@pytest.mark.parametrize("token", [None, "", ["a", "b"], "x" * 8193], ids=["missing", "empty", "twice", "over-long"])
def test_a_malformed_request_is_refused(standing_portal: Portal, token: Any) -> None:
    response = standing_portal.call("token/introspect", token=token)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


@pytest.mark.attack
def test_expired_tokens_are_inactive(portal: Portal, visitor: Visitor, clock: Clock) -> None:
    tokens = portal.sign_in(visitor)
    clock.advance(300)
    assert portal.introspect(tokens.access) == INACTIVE
    clock.advance(8 * 3600)

    assert portal.introspect(tokens.refresh) == INACTIVE


@pytest.mark.attack
def test_a_used_refresh_token_is_inactive(portal: Portal, visitor: Visitor) -> None:
    first = portal.sign_in(visitor)
    second = portal.refresh(first.refresh)

    assert portal.introspect(first.refresh) == INACTIVE
    assert portal.introspect(second.refresh)["active"] is True


def test_asking_about_a_used_refresh_token_ends_nothing(portal: Portal, visitor: Visitor) -> None:
    first = portal.sign_in(visitor)
    second = portal.refresh(first.refresh)
    portal.introspect(first.refresh)

    assert portal.refresh(second.refresh).status == 200


def test_the_roles_are_those_of_the_token(portal: Portal, visitor: Visitor) -> None:
    assert portal.introspect(portal.sign_in(visitor).access)["roles"] == ["developer"]


@pytest.mark.attack
def test_the_tokens_of_a_client_that_was_removed_are_inactive(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    scopes = {"payments": {"audience": ["http://localhost:8083"]}}
    server = start(demo_realm(scopes=scopes))
    cli, portal = register(server, "cli"), register(server, "portal")
    token = cli.redeem(cli.code(visit(server), scope="openid profile")).access
    others = [demo_client(c) for c in ("portal", "billing", "nightly-report")]

    server.reload(demo_realm(scopes=scopes, clients=others))

    assert portal.userinfo(token).status_code == 401


def test_an_api_is_told_about_the_tokens_that_are_for_it(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    api = {
        "client_id": "payments-api",
        "client_secret": "a secret of the payments API",
        "grant_types": ["client_credentials"],
        "scope": "openid",
    }
    clients = [demo_client("portal"), demo_client("cli"), demo_client("billing"), api]
    server = start(demo_realm(clients=clients, scopes={"payments": {"audience": ["payments-api"]}}))
    token = register(server, "cli").sign_in(visit(server), scope="openid payments").access

    found = register(server, api).introspect(token)

    assert (found["active"], found["aud"], found["client_id"]) == (True, "payments-api", "cli")


@pytest.mark.attack
def test_who_does_not_prove_to_be_a_client_is_told_nothing(portal: Portal, visitor: Visitor) -> None:
    """RFC 7662 section 2.1. A token is no way to authenticate here."""
    token, url = portal.sign_in(visitor).access, portal.server.endpoint("token/introspect")
    answers = [
        portal.http.post(url, data={"token": token}),
        portal.http.post(url, data={"token": token, "client_id": "portal"}),
        portal.http.post(url, data={"token": token}, auth=("portal", "wrong")),
        portal.http.post(url, data={"token": token}, headers={"authorization": f"Bearer {token}"}),
    ]

    for answer in answers:
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert "active" not in answer.json()
        assert "www-authenticate" in answer.headers
