"""Requests as such: methods, bodies, and the headers that every response carries, errors included."""

from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import Start
from tests.portal import Portal
from tests.protocol import raw
from tests.running import RunningServer

ENDPOINTS = ("auth", "ext/par/request", "token", "userinfo", "certs", "logout", "revoke", "token/introspect")
POSTED = ("auth", "ext/par/request", "token", "userinfo", "logout", "revoke", "token/introspect")
FORM = "application/x-www-form-urlencoded"
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}


@pytest.fixture(scope="module")
def http(standing: RunningServer) -> Iterator[httpx.Client]:
    with standing.http() as http:
        yield http


def paths(standing_portal: Portal) -> list[tuple[str, str]]:
    """One request for each kind of answer: pages, redirects, documents, and every kind of error."""
    server = standing_portal.server
    return [
        ("GET", standing_portal.url()),
        ("GET", standing_portal.url(prompt="none")),
        ("GET", standing_portal.url(client_id="nobody")),
        ("GET", server.endpoint("auth", "nowhere")),
        *(("GET", server.endpoint(name)) for name in ENDPOINTS),
        *(("POST", server.endpoint(name)) for name in ENDPOINTS),
        ("GET", f"{server.issuer()}/.well-known/openid-configuration"),
        ("GET", f"{server.issuer()}/login-actions/authenticate"),
        ("POST", f"{server.issuer()}/login-actions/authenticate"),
        ("GET", f"{server.issuer()}/device"),
        ("GET", f"{server.issuer()}/account"),
        ("GET", f"{server.issuer()}/login-actions/reset-credentials"),
        ("GET", f"{server.url}/resources/base/style.css"),
        ("GET", f"{server.url}/resources/base/missing.css"),
        ("GET", f"{server.url}/health/live"),
        ("GET", f"{server.url}/nothing"),
        ("PATCH", server.endpoint("token")),
    ]


@pytest.mark.attack
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_every_response_has_its_security_headers(http: httpx.Client, standing_portal: Portal, accept: str) -> None:
    for method, url in paths(standing_portal):
        response = http.request(method, url, headers={"accept": accept})

        assert response.status_code < 500, url
        assert {name: response.headers.get(name) for name in HEADERS} == HEADERS, (method, url)
        policy = response.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy, url
        assert "unsafe" not in policy, url
        assert len(response.headers["x-request-id"]) == 16
        assert response.headers.get("server") is None
        cache = response.headers["cache-control"]
        assert cache == "no-store" or any(part in url for part in ("certs", ".well-known", "style.css", "missing")), url


@pytest.mark.attack
def test_responses_to_requests_that_are_not_let_in_have_them_too(standing: RunningServer) -> None:
    refused = [
        raw.get(standing, "/realms/demo/protocol/openid-connect/certs", host="evil.test"),
        raw.get(standing, "/?" + "a" * 33000),
        raw.get(standing, "/realms/demo/protocol/openid-connect/token", "Content-Length: 70000", method="POST"),
    ]

    assert [a.status for a in refused] == [421, 414, 413]
    for answer in refused:
        assert "x-content-type-options: nosniff" in answer.text.lower()
        assert "frame-ancestors 'none'" in answer.text


def test_over_https_browsers_are_told_to_stay_there(start: Start) -> None:
    server = start(public_url="https://login.example.test")

    answer = raw.get(server, "/nothing", host="login.example.test")

    assert "strict-transport-security: max-age=31536000" in answer.text.lower()


@pytest.mark.attack
@pytest.mark.parametrize(
    "method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "CONNECT", "PROPFIND", "FOO", "__class__"]
)
def test_an_unknown_method_is_refused(standing: RunningServer, method: str) -> None:
    for name in ENDPOINTS:
        answer = raw.get(standing, f"/realms/demo/protocol/openid-connect/{name}", "X-Canary: c4n4ry", method=method)

        assert answer.status in (400, 405), name
        assert "c4n4ry" not in answer.text


@pytest.mark.parametrize("name", ["ext/par/request", "token", "revoke", "token/introspect"])
def test_what_is_posted_to_cannot_be_fetched(http: httpx.Client, standing: RunningServer, name: str) -> None:
    response = http.get(standing.endpoint(name), params={"grant_type": "client_credentials"})

    assert response.status_code == 405
    assert "GET" not in response.headers["allow"]


def test_an_address_says_every_method_that_it_takes(http: httpx.Client, standing: RunningServer) -> None:
    """RFC 9110 section 15.5.6."""
    forms = http.put(f"{standing.issuer()}/login-actions/authenticate")
    token = http.get(standing.endpoint("token"))

    assert (forms.status_code, forms.headers["allow"]) == (405, "GET, HEAD, POST")
    assert (token.status_code, token.headers["allow"]) == (405, "OPTIONS, POST")


OTHER_TYPES = [
    "application/json",
    "multipart/form-data; boundary=x",
    "text/plain",
    "application/xml",
    "application/x-www-form-urlencodedx",
    "application/x-www-form-urlencoded, application/json",
    "x" * 5000,
    "application/x-www-form-urlencoded" + " " * 2000 + "x",
    "",
]


@pytest.mark.attack
@pytest.mark.parametrize("name", POSTED)
def test_a_body_that_is_no_form_is_refused(http: httpx.Client, standing: RunningServer, name: str) -> None:
    for kind in OTHER_TYPES:
        headers = {"content-type": kind} if kind else {}
        response = http.post(standing.endpoint(name), content=b'{"grant_type": "client_credentials"}', headers=headers)

        assert response.status_code == 415, kind


def test_who_sends_json_is_told_what_to_send(http: httpx.Client, standing: RunningServer) -> None:
    """RFC 9110 section 15.5.16. The commonest mistake of those who write a client by hand."""
    response = http.post(standing.endpoint("token"), json={"grant_type": "client_credentials"})

    told = response.json()
    assert (told["error"], told["error_description"]) == ("invalid_request", "That was not sent as a form")
    assert response.headers["accept"] == FORM


def test_the_content_type_of_a_form_may_have_parameters_and_any_case(
    http: httpx.Client, standing: RunningServer
) -> None:
    for kind in (f"{FORM}; charset=UTF-8", FORM.upper(), f"{FORM};charset=utf-8"):
        form = b"grant_type=refresh_token&refresh_token=x&client_id=cli"
        response = http.post(standing.endpoint("token"), content=form, headers={"content-type": kind})

        assert response.json()["error"] == "invalid_grant", kind


BODIES: dict[str, tuple[bytes, int]] = {
    "too large": (b"a=" + b"x" * 65536, 413),
    "10 MB": (b"a=" + b"x" * 10_000_000, 413),
    "many fields": (b"&".join([b"a=b"] * 101), 400),
    "very many fields": (b"a&" * 30000, 400),
    "only separators": (b"&" * 60000, 400),
    "no UTF-8": (b"grant_type=%ff%fe", 400),
    "raw bytes": (b"grant_type=\xff\xfe", 400),
    "NUL": (b"grant_type=%00", 400),
}


@pytest.mark.attack
@pytest.mark.parametrize("name", POSTED)
def test_a_body_that_cannot_be_read_is_refused(http: httpx.Client, standing: RunningServer, name: str) -> None:
    for case, (body, status) in BODIES.items():
        response = http.post(standing.endpoint(name), content=body, headers={"content-type": FORM})

        assert (response.status_code, "location" in response.headers) == (status, False), case
        assert len(response.content) < 20000


def chunked(*chunks: bytes) -> Iterator[bytes]:
    yield from chunks


@pytest.mark.attack
def test_a_body_without_a_length_is_bounded_too(http: httpx.Client, standing: RunningServer) -> None:
    response = http.post(
        standing.endpoint("token"), content=chunked(*[b"x" * 1000] * 70), headers={"content-type": FORM}
    )

    assert response.status_code == 413


@pytest.mark.attack
@pytest.mark.parametrize("name", POSTED)
def test_a_password_of_a_megabyte_is_not_looked_at(http: httpx.Client, standing: RunningServer, name: str) -> None:
    response = http.post(standing.endpoint(name), data={"password": "x" * 1_000_000})

    assert response.status_code == 413


TOKEN = "/realms/demo/protocol/openid-connect/token"
SMUGGLED: dict[str, list[str]] = {
    "two lengths": ["Content-Length: 5", "Content-Length: 6"],
    "length and chunks": ["Content-Length: 4", "Transfer-Encoding: chunked"],
    "negative length": ["Content-Length: -1"],
    "signed length": ["Content-Length: +5"],
    "length in words": ["Content-Length: five"],
    "hexadecimal length": ["Content-Length: 0x5"],
    "two numbers": ["Content-Length: 5, 5"],
    "endless length": ["Content-Length: " + "9" * 400],
    "unknown coding": ["Transfer-Encoding: gzip"],
    "coding with a space": ["Transfer-Encoding : chunked", "Content-Length: 0"],
}


@pytest.mark.attack
@pytest.mark.parametrize("case", SMUGGLED)
def test_a_request_whose_end_is_in_doubt_is_one_request(standing: RunningServer, case: str) -> None:
    lines = [
        f"POST {TOKEN} HTTP/1.1",
        f"Host: localhost:{standing.settings.port}",
        f"Content-Type: {FORM}",
        *SMUGGLED[case],
        "",
        "0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
    ]

    answer = raw.send(standing, "\r\n".join(lines).encode())

    assert answer.status in (0, 400, 413, 415, 501)
    assert '"up"' not in answer.text


@pytest.mark.attack
@pytest.mark.parametrize(
    "path", ["..%2f..%2fapp.py", "..%5c..%5capp.py", "%2e%2e/theme.toml", "%2fetc%2fpasswd", "a%00b", "."]
)
def test_no_path_leads_out_of_the_theme(standing: RunningServer, path: str) -> None:
    for theme in ("base", "..", "%2e%2e", "..%2fbase", "nothing"):
        answer = raw.get(standing, f"/resources/{theme}/{path}")

        assert answer.status in (400, 404), theme
        assert "root:" not in answer.text


@pytest.mark.attack
def test_a_range_is_not_a_way_to_keep_the_server_busy(http: httpx.Client) -> None:
    ranges = ",".join(f"{n}-" for n in range(2000))
    response = http.get("/resources/base/style.css", headers={"range": f"bytes={ranges}"})

    assert response.status_code in (200, 206, 400, 404, 416)


@pytest.mark.attack
def test_no_error_shows_what_the_server_is_made_of(http: httpx.Client, standing_portal: Portal) -> None:
    for method, url in paths(standing_portal):
        text = http.request(method, url).text.lower()

        assert [
            w for w in ("traceback", "sqlalchemy", "authlib", "joserfc", "starlette", "uvicorn") if w in text
        ] == [], url
