"""Opaque access tokens: the server knows what they say, and nobody else (RFC 7662)."""

import base64
from collections.abc import Callable

import pytest

from tests.portal import Portal, Tokens
from tests.running import RunningServer, demo_client, demo_realm
from tests.visitor import Visitor

OPAQUE = demo_client("portal") | {"client_id": "opaque", "access_token_format": "opaque"}
PAYING = OPAQUE | {"client_id": "paying", "scope": "openid payments"}
API = {
    "client_id": "payments-api",
    "client_secret": "the secret of the payments API",
    "grant_types": [],
    "resource_server_for": ["http://localhost:8083"],
}
OTHER_API = API | {"client_id": "other-api", "grant_types": ["client_credentials"], "resource_server_for": []}
JOB = demo_client("nightly-report") | {"client_id": "job", "access_token_format": "opaque"}


@pytest.fixture(scope="module")
def server(standing: RunningServer) -> RunningServer:
    for name in ("demo", "other"):
        demo = demo_realm(name)
        standing.reload(demo | {"clients": [*demo["clients"], OPAQUE, PAYING, API, OTHER_API, JOB]})
    return standing


@pytest.fixture
def opaque(server: RunningServer, register: Callable[..., Portal]) -> Portal:
    return register(server, OPAQUE)


@pytest.fixture
def tokens(server: RunningServer, opaque: Portal, visit: Callable[..., Visitor]) -> Tokens:
    return opaque.sign_in(visit(server))


def test_the_token_says_nothing(tokens: Tokens) -> None:
    assert "." not in tokens.access
    raw = base64.urlsafe_b64decode(tokens.access + "==")
    for word in (b"alice", b"opaque", b"demo", b"sub", b"{"):
        assert word not in raw or word == b"{"


def test_it_is_as_good_as_another(opaque: Portal, tokens: Tokens) -> None:
    said = opaque.introspect(tokens.access)

    assert opaque.userinfo(tokens.access).json()["sub"] == tokens.id_claims["sub"]
    assert (said["active"], said["acr"], said["client_id"]) == (True, "password", "opaque")


def test_it_ends_as_others_do(opaque: Portal, tokens: Tokens) -> None:
    again = opaque.refresh(tokens.refresh)
    assert opaque.userinfo(again.access).status_code == 200

    opaque.call("revoke", token=again.access)

    assert [opaque.userinfo(t.access).status_code for t in (tokens, again)] == [401, 401]


def test_it_expires(opaque: Portal, tokens: Tokens, server: RunningServer) -> None:
    server.clock.advance(tokens.body["expires_in"])

    assert opaque.userinfo(tokens.access).status_code == 401
    assert opaque.introspect(tokens.access) == {"active": False}


def test_a_client_for_itself_can_have_one_and_end_it(server: RunningServer, register: Callable[..., Portal]) -> None:
    job = register(server, JOB)
    token = job.token(grant_type="client_credentials").access
    assert job.introspect(token)["scope"] == "payments"

    job.call("revoke", token=token)

    assert job.introspect(token) == {"active": False}


def test_an_api_is_told_what_a_token_for_its_address_says(
    server: RunningServer, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    paying, api, elsewhere = register(server, PAYING), register(server, API), register(server, API, realm="other")
    token = paying.sign_in(visit(server), scope="openid payments").access

    said = api.introspect(token)

    assert (said["active"], said["aud"], said["client_id"]) == (True, "http://localhost:8083", "paying")
    assert elsewhere.introspect(token) == {"active": False}


@pytest.mark.attack
def test_an_api_is_told_nothing_of_tokens_that_are_for_no_address_of_its_own(
    server: RunningServer, tokens: Tokens, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    paid = register(server, PAYING).sign_in(visit(server), scope="openid payments").access

    assert register(server, API).introspect(tokens.access) == {"active": False}
    assert register(server, OTHER_API).introspect(paid) == {"active": False}


@pytest.mark.attack
def test_an_api_without_grant_types_gets_no_token(
    server: RunningServer, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    api, paying, visitor = register(server, API), register(server, PAYING), visit(server)
    found = paying.sign_in(visitor, scope="openid payments")
    redirected = api.request(redirect_uri=PAYING["redirect_uris"][0], scope="openid")

    asked = {
        "authorization_code": {"code": paying.code(visitor, scope="openid"), "redirect_uri": paying.redirect_uri},
        "refresh_token": {"refresh_token": found.refresh},
        "client_credentials": {"scope": "openid"},
        "urn:ietf:params:oauth:grant-type:device_code": {"device_code": "any"},
        "urn:ietf:params:oauth:grant-type:token-exchange": {
            "subject_token": found.access,
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        },
    }
    for grant_type, form in asked.items():
        assert api.token(grant_type=grant_type, **form).error == "unauthorized_client", grant_type
    assert api.call("auth/device", scope="openid").json()["error"] == "unauthorized_client"
    assert api.call("ext/par/request", **redirected).status_code == 400
    assert api.send(visitor, redirect_uri=paying.redirect_uri).status == 400
    assert api.introspect(found.access)["active"] is True


@pytest.mark.attack
def test_a_changed_or_foreign_one_is_refused(
    server: RunningServer, opaque: Portal, tokens: Tokens, register: Callable[..., Portal]
) -> None:
    token = tokens.access
    elsewhere = register(server, OPAQUE, realm="other")

    for wrong in (token[:-1], token + "A", token[:40] + ("A" if token[40] != "A" else "B") + token[41:], token[::-1]):
        assert opaque.introspect(wrong) == {"active": False}
    assert elsewhere.introspect(token) == {"active": False}
    assert elsewhere.userinfo(token).status_code == 401


@pytest.mark.attack
def test_another_value_that_the_server_sealed_is_no_token(
    server: RunningServer, opaque: Portal, visit: Callable[..., Visitor]
) -> None:
    page = opaque.send(visit(server))

    for name, sealed in page.form.fields.items():
        assert opaque.introspect(sealed or "x") == {"active": False}, name
