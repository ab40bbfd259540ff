"""UserInfo: for an access token of a person with the scope openid, sent the way RFC 6750 has it."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from idp.oauth.dpop import SIGNING_ALGORITHMS
from tests.clock import Clock
from tests.portal import Portal, Tokens
from tests.running import RunningServer
from tests.visitor import Visitor


@pytest.fixture(scope="module")
def tokens(standing: RunningServer, standing_portal: Portal) -> Iterator[Tokens]:
    visitor = Visitor(standing)
    yield standing_portal.sign_in(visitor)
    visitor.close()


@pytest.fixture(scope="module")
def url(standing: RunningServer) -> str:
    return standing.endpoint("userinfo")


def test_it_says_what_the_id_token_says(standing_portal: Portal, tokens: Tokens) -> None:
    response = standing_portal.userinfo(tokens.access)

    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {
        "sub": tokens.id_claims["sub"],
        "preferred_username": "alice",
        "name": "Alice Developer",
        "email": "alice@example.com",
        "email_verified": False,
        "updated_at": standing_portal.server.clock(),
        "roles": ["developer"],
        "realm_access": {"roles": ["developer"]},
    }


def test_it_says_no_more_than_the_scopes_allow(portal: Portal, visitor: Visitor) -> None:
    body = portal.userinfo(portal.sign_in(visitor, scope="openid").access).json()

    assert body.keys() == {"sub", "roles", "realm_access"}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_name_of_the_scheme_has_no_case(standing_portal: Portal, tokens: Tokens, url: str, scheme: str) -> None:
    assert standing_portal.http.get(url, headers={"authorization": f"{scheme} {tokens.access}"}).status_code == 200


def test_the_token_may_be_posted(standing_portal: Portal, tokens: Tokens, url: str) -> None:
    http = standing_portal.http

    assert http.post(url, data={"access_token": tokens.access}).status_code == 200
    assert http.post(url, headers={"authorization": f"Bearer {tokens.access}"}).status_code == 200


# RFC 9449 section 7.1: each scheme that may be used, and the algorithms that discovery names.
DPOP = f'DPoP algs="{" ".join(SIGNING_ALGORITHMS)}"'
NO_ERROR = f"Bearer, {DPOP}"


def challenge(response: httpx.Response) -> str:
    assert response.headers["cache-control"] == "no-store"
    return response.headers["www-authenticate"]


@pytest.mark.attack
def test_a_token_in_the_query_does_not_count(standing_portal: Portal, tokens: Tokens, url: str) -> None:
    for method in ("GET", "POST"):
        response = standing_portal.http.request(method, url, params={"access_token": tokens.access})

        assert (response.status_code, challenge(response)) == (401, NO_ERROR), method


@pytest.mark.attack
def test_a_token_that_is_sent_in_two_ways_is_refused(standing_portal: Portal, tokens: Tokens, url: str) -> None:
    headers = {"authorization": f"Bearer {tokens.access}"}
    http = standing_portal.http

    refused = http.post(url, data={"access_token": tokens.access}, headers=headers)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert 'error="invalid_request"' in challenge(refused)
    assert http.post(url, data={"access_token": [tokens.access, tokens.access]}).status_code == 400
    assert http.get(url, headers=[*headers.items(), *headers.items()]).status_code == 401


NO_TOKEN = ["", "Bearer", "Basic cG9ydGFsOng=", "Token abc"]


@pytest.mark.parametrize("number", range(len(NO_TOKEN)))
def test_who_sends_no_token_is_told_how(standing_portal: Portal, url: str, number: int) -> None:
    response = standing_portal.http.get(url, headers={"authorization": NO_TOKEN[number]})

    assert (response.status_code, challenge(response)) == (401, NO_ERROR)


BAD_TOKENS = ["x", "a.b.c", "..", "null", "{}", "e30.e30.", "x" * 9000, "." * 5000, "ü€", "a b", "\x01"]


@pytest.mark.attack
@pytest.mark.parametrize("number", range(len(BAD_TOKENS)))
def test_what_is_no_token_is_refused(standing_portal: Portal, url: str, number: int) -> None:
    response = standing_portal.http.post(url, data={"access_token": BAD_TOKENS[number]})

    assert response.status_code in (400, 401)
    assert "access_token" not in response.json()


def test_a_refused_token_is_challenged_with_the_reason(standing_portal: Portal, url: str) -> None:
    response = standing_portal.http.get(url, headers={"authorization": "Bearer x.y.z"})

    assert response.json()["error"] == "invalid_token"
    assert challenge(response).startswith('Bearer error="invalid_token"')
    assert challenge(response).endswith(f", {DPOP}")
    assert challenge(response).count("error=") == 1


@pytest.mark.attack
def test_a_token_without_openid_is_refused(portal: Portal, visitor: Visitor) -> None:
    response = portal.userinfo(portal.sign_in(visitor, scope="profile email").access)

    assert (response.status_code, response.json()["error"]) == (403, "insufficient_scope")
    assert challenge(response).startswith('Bearer error="insufficient_scope"')


@pytest.mark.attack
def test_a_clients_own_token_is_refused(standing: RunningServer, register: Callable[..., Portal]) -> None:
    report = register(standing, "nightly-report")

    response = report.userinfo(report.token(grant_type="client_credentials").access)

    assert (response.status_code, response.json()["error"]) == (403, "insufficient_scope")


@pytest.mark.attack
def test_a_token_is_good_for_five_minutes(portal: Portal, visitor: Visitor, clock: Clock) -> None:
    token = portal.sign_in(visitor).access
    clock.advance(299)
    assert portal.userinfo(token).status_code == 200
    clock.advance(1)

    assert portal.userinfo(token).status_code == 401


@pytest.mark.attack
def test_a_token_ends_with_its_session(portal: Portal, visitor: Visitor) -> None:
    token = portal.sign_in(visitor).access

    visitor.submit(visitor.get(portal.server.endpoint("logout")))

    assert portal.userinfo(token).status_code == 401


def test_a_request_without_a_token_is_told_the_schemes_and_no_error(standing_portal: Portal) -> None:
    answer = standing_portal.http.get(standing_portal.server.endpoint("userinfo"))

    assert (answer.status_code, answer.headers["www-authenticate"], answer.json()) == (401, NO_ERROR, {})
