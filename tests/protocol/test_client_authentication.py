"""Who a client is: by the one method it is registered with, and a guesser learns nothing (RFC 6749 section 2.3)."""

import base64
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
import pytest

from tests.conftest import Start
from tests.portal import Portal
from tests.protocol import raw as lines
from tests.running import RunningServer, demo_client, demo_realm

SECRET = "portal-secret-for-demos-only"
ODD_SECRET = "a secret:with +%20 & = odd characters"
ENDPOINTS = ("token", "revoke", "token/introspect")


@pytest.fixture(scope="module")
def accounts(standing: RunningServer) -> RunningServer:
    """With a client that posts its secret, one of an odd secret, and one that is shut."""
    demo = demo_realm()
    more: list[dict[str, Any]] = [
        demo_client("portal") | {"client_id": "poster", "token_endpoint_auth_method": "client_secret_post"},
        demo_client("portal") | {"client_id": "odd~client", "client_secret": ODD_SECRET},
        demo_client("portal") | {"client_id": "shut", "enabled": False},
    ]
    standing.reload(demo | {"clients": [*demo["clients"], *more]})
    return standing


@pytest.fixture(scope="module")
def http(accounts: RunningServer) -> Iterator[httpx.Client]:
    with accounts.http() as http:
        yield http


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def ask(
    http: httpx.Client, server: RunningServer, endpoint: str, *authorization: str | bytes, **form: Any
) -> httpx.Response:
    """A request that is good but for its client: a refresh of an unknown token, or a question about one."""
    form = {"grant_type": "refresh_token", "refresh_token": "x", "token": "x"} | form
    headers = [(b"authorization", a if isinstance(a, bytes) else a.encode()) for a in authorization]
    return http.post(server.endpoint(endpoint), data=form, headers=headers)


def outcome(response: httpx.Response) -> tuple[int, str | None]:
    return response.status_code, response.json().get("error")


KNOWN: dict[str, tuple[int, str | None]] = {
    "token": (400, "invalid_grant"),
    "revoke": (200, None),
    "token/introspect": (200, None),
}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_the_registered_method_is_taken(http: httpx.Client, accounts: RunningServer, endpoint: str) -> None:
    odd = basic(quote_plus("odd~client"), quote_plus(ODD_SECRET))

    assert outcome(ask(http, accounts, endpoint, basic("portal", SECRET))) == KNOWN[endpoint]
    assert outcome(ask(http, accounts, endpoint, basic("portal", SECRET), client_id="portal")) == KNOWN[endpoint]
    assert outcome(ask(http, accounts, endpoint, client_id="poster", client_secret=SECRET)) == KNOWN[endpoint]
    assert outcome(ask(http, accounts, endpoint, odd)) == KNOWN[endpoint]


def test_a_secret_that_a_client_forgot_to_encode_is_the_secret(http: httpx.Client, accounts: RunningServer) -> None:
    assert outcome(ask(http, accounts, "token", basic("odd~client", ODD_SECRET))) == KNOWN["token"]
    assert outcome(ask(http, accounts, "token", basic("odd~client", ODD_SECRET + "%41"))) == (401, "invalid_client")


@pytest.mark.parametrize("scheme", ["basic", "BASIC", "bAsIc"])
def test_the_name_of_the_scheme_has_no_case(http: httpx.Client, accounts: RunningServer, scheme: str) -> None:
    header = basic("portal", SECRET).replace("Basic", scheme)

    assert outcome(ask(http, accounts, "token", header)) == KNOWN["token"]


def raw(value: bytes) -> str:
    return "Basic " + base64.b64encode(value).decode()


HEADERS: dict[str, tuple[str | bytes, ...]] = {
    "nothing": ("",),
    "scheme alone": ("Basic",),
    "two blanks and nothing": ("Basic  =",),
    "no base64": ("Basic !!!",),
    "cut base64": (basic("portal", SECRET)[:-3],),
    "junk in base64": (basic("portal", SECRET)[:12] + "*" + basic("portal", SECRET)[12:],),
    "no colon": (raw(b"portal"),),
    "colon alone": (raw(b":"),),
    "no secret": (raw(b"portal:"),),
    "no client": (raw(b":" + SECRET.encode()),),
    "NUL": (raw(b"portal\0:" + SECRET.encode()),),
    "no UTF-8": (raw(b"\xff\xfe:\xff"),),
    "no UTF-8 when decoded": (basic("portal", "%ff"),),
    "full-width": (basic("ｐｏｒｔａｌ", SECRET),),
    "two headers": (basic("portal", SECRET), basic("portal", SECRET)),
    "two clients": (basic("portal", SECRET), basic("billing", "billing-secret-for-demos-only")),
    "joined headers": (f"{basic('portal', SECRET)}, {basic('portal', SECRET)}",),
    "tab for a blank": (basic("portal", SECRET).replace(" ", "\t"),),
    "no ASCII": ("Basic ü€".encode(),),
    "bearer": ("Bearer " + SECRET,),
    "odd bearer": ("bEaReR x",),
    "another scheme": ("Digest username=portal",),
    "very long": ("Basic " + "A" * 60000,),
    "long": (basic("portal", "x" * 4000),),
}


@pytest.mark.attack
@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("case", HEADERS)
def test_a_malformed_header_is_refused(http: httpx.Client, accounts: RunningServer, endpoint: str, case: str) -> None:
    response = ask(http, accounts, endpoint, *HEADERS[case])

    assert outcome(response) == (401, "invalid_client")
    assert response.headers["www-authenticate"].startswith('Basic realm="')


@pytest.mark.attack
def test_a_header_that_no_library_sends_is_refused(accounts: RunningServer) -> None:
    path = accounts.endpoint("token").removeprefix(accounts.url)
    for value in ("Basic  ", "Basic \x01", "Basic\t", "\tBasic", "Basic \x80\xff", "basic" * 13000):
        form = ("Content-Type: application/x-www-form-urlencoded", "Content-Length: 0")

        answer = lines.get(accounts, path, f"Authorization: {value}", *form, method="POST")

        assert answer.status in (400, 401, 431), value[:20]
        assert "Traceback" not in answer.text


@pytest.mark.attack
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_two_methods_at_once_are_refused(http: httpx.Client, accounts: RunningServer, endpoint: str) -> None:
    header = basic("portal", SECRET)
    twice: list[dict[str, Any]] = [
        {"client_secret": SECRET},
        {"client_id": "portal", "client_secret": SECRET},
        {"client_id": "poster", "client_secret": SECRET},
        {"client_id": "billing"},
        {"client_id": ["portal", "portal"]},
    ]
    for form in twice:
        assert outcome(ask(http, accounts, endpoint, header, **form)) == (400, "invalid_request"), form


@pytest.mark.attack
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_another_method_than_the_registered_one_is_refused(
    http: httpx.Client, accounts: RunningServer, endpoint: str
) -> None:
    refused = [
        ask(http, accounts, endpoint, client_id="portal", client_secret=SECRET),
        ask(http, accounts, endpoint, basic("poster", SECRET)),
        ask(http, accounts, endpoint, client_id="portal"),
        ask(http, accounts, endpoint, client_id="poster"),
        ask(http, accounts, endpoint, basic("cli", "")),
        ask(http, accounts, endpoint, client_id="cli", client_secret="anything"),
        ask(http, accounts, endpoint),
        ask(http, accounts, endpoint, client_id=""),
    ]

    assert {outcome(r) for r in refused} == {(401, "invalid_client")}


@pytest.mark.attack
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_unknown_client_a_wrong_secret_and_a_shut_client_get_the_same_answer(
    http: httpx.Client, accounts: RunningServer, endpoint: str
) -> None:
    def told(*authorization: str, **form: str) -> Any:
        response = ask(http, accounts, endpoint, *authorization, **form)
        ours = {n: v for n, v in response.headers.items() if n not in ("x-request-id", "date")}
        return response.status_code, ours, response.content

    by_header = [told(basic(c, s)) for c, s in (("nobody", SECRET), ("portal", "wrong"), ("shut", SECRET))]
    by_body = [
        told(client_id=c, client_secret=s) for c, s in (("nobody", SECRET), ("poster", "wrong"), ("shut", SECRET))
    ]

    assert by_header[0] == by_header[1] == by_header[2]
    assert by_body[0] == by_body[1] == by_body[2]


WRONG_SECRETS = [
    SECRET[:-1],
    SECRET + "x",
    SECRET.upper(),
    f" {SECRET}",
    f"{SECRET} ",
    "",
    "ü€𝄞",
    "x" * 2000,
    SECRET + "\n",
]


FOR_CLIENTS: dict[str, dict[str, str]] = {
    "token": {"grant_type": "refresh_token", "refresh_token": "x"},
    "revoke": {"token": "x"},
    "token/introspect": {"token": "x"},
    "ext/par/request": {"response_type": "code", "redirect_uri": "http://localhost:8081/callback"},
    "auth/device": {"scope": "openid"},
    "logout": {"refresh_token": "x"},
}


@pytest.mark.attack
@pytest.mark.parametrize("client_id", ["portal", "poster"])
@pytest.mark.parametrize("endpoint", FOR_CLIENTS)
def test_a_client_with_a_secret_proves_itself_wherever_clients_do(
    http: httpx.Client, accounts: RunningServer, endpoint: str, client_id: str
) -> None:
    form = FOR_CLIENTS[endpoint] | {"client_id": client_id}

    named = http.post(accounts.endpoint(endpoint), data=form)
    guessed = http.post(accounts.endpoint(endpoint), data=form | {"client_secret": "a guess"})

    assert [outcome(named), outcome(guessed)] == [(401, "invalid_client")] * 2


@pytest.mark.attack
@pytest.mark.parametrize("number", range(len(WRONG_SECRETS)))
def test_a_wrong_secret_is_refused(http: httpx.Client, accounts: RunningServer, number: int) -> None:
    wrong = WRONG_SECRETS[number]

    assert outcome(ask(http, accounts, "token", basic("portal", wrong))) == (401, "invalid_client")
    assert outcome(ask(http, accounts, "token", client_id="poster", client_secret=wrong)) == (401, "invalid_client")


@pytest.mark.attack
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_secret_in_the_query_does_not_count(http: httpx.Client, accounts: RunningServer, endpoint: str) -> None:
    query = urlencode({"client_id": "poster", "client_secret": SECRET, "grant_type": "refresh_token"})

    response = http.post(f"{accounts.endpoint(endpoint)}?{query}", data={"token": "x", "grant_type": "refresh_token"})

    assert outcome(response) == (401, "invalid_client")


@pytest.mark.attack
def test_a_public_client_cannot_introspect(http: httpx.Client, accounts: RunningServer) -> None:
    assert outcome(ask(http, accounts, "token/introspect", client_id="cli")) == (401, "invalid_client")


def test_a_public_client_names_itself(http: httpx.Client, accounts: RunningServer) -> None:
    assert outcome(ask(http, accounts, "token", client_id="cli")) == KNOWN["token"]
    assert outcome(ask(http, accounts, "revoke", client_id="cli")) == KNOWN["revoke"]


@pytest.mark.attack
def test_a_client_that_is_shut_can_do_nothing_and_its_tokens_are_dead(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Any]
) -> None:
    server = start()
    portal, billing = register(server, "portal"), register(server, "billing")
    visitor = visit(server)
    tokens = portal.sign_in(visitor)
    code = portal.code(visitor)

    server.reload(
        demo_realm(clients=[demo_client("portal") | {"enabled": False}, demo_client("billing"), demo_client("cli")])
    )

    assert portal.send(visitor).status == 400
    assert portal.redeem(code).error == "invalid_client"
    assert portal.refresh(tokens.refresh).error == "invalid_client"
    for endpoint in ("revoke", "token/introspect", "ext/par/request", "auth/device"):
        assert outcome(portal.call(endpoint, token=tokens.access)) == (401, "invalid_client")
    assert portal.userinfo(tokens.access).status_code == 401
    assert billing.introspect(tokens.access) == {"active": False}
