"""Scopes that a request gets without naming them, because the client's section names them (`default_scopes`)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.portal import Portal
from tests.protocol.device.test_device import GRANT, approve, ask, later
from tests.running import RunningServer, demo_client, demo_realm
from tests.visitor import Visitor

MOVED = demo_client("portal") | {
    "client_id": "moved",
    "grant_types": ["authorization_code", "refresh_token", "client_credentials", GRANT],
    "scope": "openid profile email payments",
    "default_scopes": ["profile", "email"],
}
ASKING = MOVED | {"client_id": "asking", "require_consent": True}
PAYING = MOVED | {"client_id": "paying", "default_scopes": ["payments"]}


def realm(**changed: Any) -> dict[str, Any]:
    demo = demo_realm()
    guarded = {"name": "payments", "when": {"scopes": ["payments"]}, "level": "two-factor"}
    demo["second_factor"]["rules"].append(guarded)
    return demo | {"clients": [*demo["clients"], *({**c, **changed} for c in (MOVED, ASKING, PAYING))]}


@pytest.fixture(scope="module")
def server(standing: RunningServer) -> RunningServer:
    standing.reload(realm())
    return standing


@pytest.fixture
def moved(server: RunningServer, register: Callable[..., Portal]) -> Portal:
    return register(server, MOVED)


@pytest.fixture
def alice(server: RunningServer, visit: Callable[..., Visitor]) -> Visitor:
    return visit(server)


def test_who_asks_for_openid_only_gets_them_too(moved: Portal, alice: Visitor) -> None:
    tokens = moved.sign_in(alice, scope="openid")

    assert tokens.body["scope"] == tokens.access_claims["scope"] == "openid profile email"
    assert (tokens.id_claims["name"], tokens.id_claims["email"]) == ("Alice Developer", "alice@example.com")
    assert moved.userinfo(tokens.access).json()["email"] == "alice@example.com"


def test_what_is_named_stays_and_is_there_once(moved: Portal, alice: Visitor) -> None:
    assert moved.sign_in(alice, scope="email openid").body["scope"] == "email openid profile"


def test_a_request_without_a_scope_asks_for_everything_as_ever(moved: Portal) -> None:
    assert moved.token(grant_type="client_credentials").body["scope"] == MOVED["scope"]
    assert moved.token(grant_type="client_credentials", scope="payments").body["scope"] == "payments profile email"


def test_a_device_gets_them(moved: Portal, alice: Visitor) -> None:
    device = ask(moved, scope="openid")
    approve(alice, device)

    assert later(moved, device).body["scope"] == "openid profile email"


def test_a_pushed_request_gets_them(moved: Portal, alice: Visitor) -> None:
    pushed = moved.call("ext/par/request", **moved.request(scope="openid")).json()["request_uri"]
    url = f"{moved.server.endpoint('auth')}?client_id=moved&request_uri={pushed}"
    code = alice.sign_in(alice.get(url)).parameters()["code"]

    assert moved.redeem(code).body["scope"] == "openid profile email"


def test_a_refresh_may_ask_for_less(moved: Portal, alice: Visitor) -> None:
    tokens = moved.sign_in(alice, scope="openid")

    assert moved.refresh(tokens.refresh, scope="openid").body["scope"] == "openid"


@pytest.mark.attack
def test_consent_is_asked_for_them(server: RunningServer, register: Callable[..., Portal], alice: Visitor) -> None:
    asking = register(server, ASKING)

    page = alice.sign_in(asking.send(alice, scope="openid"))

    assert page.step == "consent"
    assert "See your e-mail address" in page.html


@pytest.mark.attack
def test_a_rule_for_one_of_them_binds(server: RunningServer, register: Callable[..., Portal], alice: Visitor) -> None:
    tokens = register(server, PAYING).sign_in(alice, scope="openid")

    assert (tokens.body["scope"], tokens.id_claims["acr"]) == ("openid payments", "two-factor")


@pytest.mark.attack
def test_others_are_refused_as_ever(moved: Portal, alice: Visitor) -> None:
    assert moved.send(alice, scope="openid address").parameters()["error"] == "invalid_scope"
    assert moved.token(grant_type="client_credentials", scope="address").error == "invalid_scope"


@pytest.mark.attack
def test_what_became_default_while_somebody_signed_in_is_not_given(
    server: RunningServer, moved: Portal, alice: Visitor
) -> None:
    page = moved.send(alice, scope="openid")
    server.reload(realm(default_scopes=["profile", "email", "payments"]))
    try:
        answer = alice.sign_in(page)
        assert "code" not in (answer.parameters() if answer.location else {})
    finally:
        server.reload(realm())
