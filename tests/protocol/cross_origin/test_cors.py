"""Pages of other origins read what public clients need, and nothing else (Fetch section 3.2)."""

from collections.abc import Iterator

import httpx
import pytest

from tests.portal import Portal
from tests.protocol.feature import portal_of
from tests.running import RunningServer
from tests.visitor import Visitor

READABLE = ("token", "userinfo", "ext/par/request", "revoke")
GOOD = ("https://app.test", "https://app.test:8443", "https://plain.test", "http://localhost:5173")
BAD = (
    *("https://evil.test", "https://confidential.test", "https://shut.test", "http://app.test", "https://app.test:444"),
    *("https://app.test.evil.test", "https://evil.test/https://app.test", "https://app.test/", "https://APP.test"),
    *("https://a@app.test", "https://sub.app.test", "null", "*", "com.example.app:", "com.example.app://"),
    *("https://plain.test:443", "file://", "https://app.test, https://evil.test"),
)


@pytest.fixture(scope="module")
def app(standing: RunningServer) -> Iterator[Portal]:
    with portal_of(standing, __file__, "app") as portal:
        yield portal


@pytest.fixture(scope="module")
def http(standing: RunningServer) -> Iterator[httpx.Client]:
    with standing.http() as http:
        yield http


def asks_first(http: httpx.Client, url: str, origin: str) -> httpx.Response:
    headers = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "dpop"}
    return http.options(url, headers=headers)


def cors(response: httpx.Response) -> dict[str, str]:
    return {n: v for n, v in response.headers.items() if n.startswith("access-control-")}


@pytest.mark.parametrize("name", READABLE)
@pytest.mark.parametrize("origin", GOOD)
def test_a_page_of_a_public_client_may_ask_and_read(
    http: httpx.Client, standing: RunningServer, name: str, origin: str
) -> None:
    before = asks_first(http, standing.endpoint(name), origin)
    answer = http.post(standing.endpoint(name), data={"client_id": "app"}, headers={"origin": origin})

    assert before.status_code == 204
    assert cors(before)["access-control-allow-origin"] == origin
    assert "DPoP" in cors(before)["access-control-allow-headers"]
    assert cors(answer)["access-control-allow-origin"] == origin
    assert "DPoP-Nonce" in cors(answer)["access-control-expose-headers"]
    assert "Origin" in answer.headers["vary"]
    assert [cors(a)["access-control-allow-credentials"] for a in (before, answer)] == ["true", "true"]


def test_a_page_goes_through_the_whole_of_it(app: Portal, visitor: Visitor, standing: RunningServer) -> None:
    app.http.headers["origin"] = "https://app.test"
    tokens = app.sign_in(visitor, scope="openid")

    answers = [tokens.response, app.userinfo(tokens.access), app.call("revoke", token=tokens.refresh)]

    assert [a.status_code for a in answers] == [200, 200, 200]
    assert {cors(a).get("access-control-allow-origin") for a in answers} == {"https://app.test"}


@pytest.mark.attack
@pytest.mark.parametrize("name", READABLE)
def test_a_page_learns_nothing_by_the_cookies_that_it_sends_along(
    app: Portal, http: httpx.Client, visitor: Visitor, standing: RunningServer, name: str
) -> None:
    app.sign_in(visitor, scope="openid")
    url, headers = standing.endpoint(name), {"origin": "https://app.test"}
    forms = ({"client_id": "app"}, {"client_id": "app", "grant_type": "refresh_token"}, app.request(prompt="none"))

    for form in forms:
        with_cookies, without = (one.post(url, data=form, headers=headers) for one in (visitor.http, http))

        assert "cookie" in with_cookies.request.headers
        assert with_cookies.status_code == without.status_code
        assert with_cookies.json().keys() == without.json().keys() if without.content else not with_cookies.content
        assert "set-cookie" not in with_cookies.headers


@pytest.mark.attack
@pytest.mark.parametrize("origin", BAD)
def test_no_other_page_may(http: httpx.Client, standing: RunningServer, origin: str) -> None:
    for name in READABLE:
        before = asks_first(http, standing.endpoint(name), origin)
        answer = http.post(standing.endpoint(name), data={"client_id": "app"}, headers={"origin": origin})

        assert (before.status_code, cors(before), cors(answer)) == (405, {}, {})
        assert "Origin" in answer.headers["vary"]


@pytest.mark.attack
@pytest.mark.parametrize("name", ["auth", "logout", "token/introspect", "logout/logout-confirm"])
@pytest.mark.parametrize("origin", ["https://app.test", "https://evil.test"])
def test_what_is_not_for_pages_is_read_by_none(
    app: Portal, http: httpx.Client, standing: RunningServer, name: str, origin: str
) -> None:
    url = standing.endpoint(name)
    answers = [
        asks_first(http, url, origin),
        http.get(url, params=app.request(scope="openid"), headers={"origin": origin}),
        http.post(url, data=app.request(scope="openid"), headers={"origin": origin}),
    ]

    assert [cors(answer) for answer in answers] == [{}, {}, {}]


@pytest.mark.attack
def test_pages_of_the_sign_in_are_read_by_no_other_page(
    app: Portal, http: httpx.Client, standing: RunningServer
) -> None:
    url = f"{standing.issuer()}/login-actions/authenticate"
    for origin in ("https://app.test", "https://evil.test"):
        answers = [
            asks_first(http, url, origin),
            http.get(url, headers={"origin": origin}),
            http.post(url, headers={"origin": origin}),
        ]
        assert [cors(answer) for answer in answers] == [{}, {}, {}]


@pytest.mark.parametrize("name", ["certs", "../../.well-known/openid-configuration"])
def test_documents_that_are_the_same_for_everybody_are_readable_from_everywhere(
    http: httpx.Client, standing: RunningServer, name: str
) -> None:
    answer = http.get(standing.endpoint(name), headers={"origin": "https://anybody.test"})

    assert cors(answer) == {"access-control-allow-origin": "*"}


def test_a_question_that_no_browser_asks_is_refused(http: httpx.Client, standing: RunningServer) -> None:
    for headers in ({}, {"origin": "https://app.test"}):
        assert http.options(standing.endpoint("token"), headers=headers).status_code == 405
