"""Redirect URIs are compared character by character, and whatever else is wrong, nobody is sent to another one.

RFC 6749 section 3.1.2, RFC 9700 sections 2.1 and 4.1, RFC 8252 section 7.3.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.portal import Portal
from tests.running import RunningServer, demo_client, demo_realm
from tests.visitor import Page, Visitor

RP = "https://rp.test/cb"
NATIVE = ("http://127.0.0.1/cb", "http://[::1]/cb", "com.example.app:/cb")
OTHER_ADDRESSES = [
    "https://rp.test.evil.test/cb",
    "https://rp.test@evil.test/cb",
    "https://a@b@rp.test/cb",
    "https://user@rp.test/cb",
    "https://rp.test/cb/",
    "https://rp.test/cb/../x",
    "https://rp.test/cb/..;/x",
    "https://rp.test/cb%2f..%2fx",
    "https://rp.test/cb%252f..%252fx",
    "https://rp.test/cb;x=1",
    "https://rp.test/cb?x=1",
    "https://rp.test/cb?",
    "https://rp.test/cb#",
    "https://rp.test/cb#x",
    "https://rp.test/CB",
    "https://rp.test/c%62",
    "HTTPS://RP.TEST/cb",
    "http://rp.test/cb",
    "https://rp.test:8443/cb",
    "https://rp.test:443/cb",
    "https://rp.test./cb",
    "https://rpxtest/cb",
    "https://rp.test/c",
    "https://rp.test",
    "//rp.test/cb",
    "/cb",
    "https:\\\\rp.test\\cb",
    "https://rp.test\\@evil.test/cb",
    "https://rp.test/\tcb",
    "https://rp.test/\rcb",
    "https://rp.test/\ncb",
    "https://rp.test/\0cb",
    "https://rp.test/cb\0",
    "https://rp.test/cb\r\n",
    "https://rp.test/cb\u2028",
    "https://rp.test/cb ",
    " https://rp.test/cb",
    "https://rp。test/cb",
    "https://rp.test/cb, https://evil.test/",
    "https://evil.test/?https://rp.test/cb",
    "javascript:alert(1)//https://rp.test/cb",
    "data:text/html,x",
    "urn:ietf:wg:oauth:2.0:oob",
    "x" * 9000,
    "*",
    "",
]
NO_LOOPBACK = [
    "http://127.0.0.1:80@evil.test/cb",
    "http://127.0.0.1.evil.test/cb",
    "http://127.0.0.1:1@127.0.0.1/cb",
    "http://localhost:1/cb",
    "http://127.0.0.2:1/cb",
    "http://0.0.0.0:1/cb",
    "http://127.1:1/cb",
    "http://2130706433:1/cb",
    "http://127.0.0.1:1/cb?x",
    "http://127.0.0.1:1/cb#x",
    "http://127.0.0.1:1/cb/",
    "http://127.0.0.1:1/CB",
    "http://127.0.0.1:1/",
    "http://127.0.0.1:99999/cb",
    "http://127.0.0.1:65536/cb",
    "http://127.0.0.1:0/cb",
    "http://127.0.0.1:080/cb",
    "http://127.0.0.1:-1/cb",
    "http://127.0.0.1:/cb",
    "http://127.0.0.1:1١/cb",
    "http://127.0.0.1: 1/cb",
    "https://127.0.0.1:1/cb",
    "http://[::1]:1/cb/..",
    "http://[::1%25lo]:1/cb",
    "http://[0:0:0:0:0:0:0:1]:1/cb",
    "http://::1:1/cb",
    "com.example.app:/cb:1",
    "com.example.app:1/cb",
    "com.example.app://cb",
]
LOOPBACK = [
    "http://127.0.0.1/cb",
    "http://127.0.0.1:1/cb",
    "http://127.0.0.1:49152/cb",
    "http://127.0.0.1:65535/cb",
    "http://[::1]:49152/cb",
    "com.example.app:/cb",
]
WRONG_BESIDES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "response_type": {"response_type": "token"},
    "response_type that cannot be repeated": {"response_type": '"\\é'},
    "no response_type": {"response_type": None},
    "scope": {"scope": "admin"},
    "prompt none": {"prompt": "none"},
    "prompt": {"prompt": "foo"},
    "response_mode": {"response_mode": "web_message"},
    "fragment": {"response_mode": "fragment", "prompt": "none"},
    "form_post": {"response_mode": "form_post", "prompt": "none"},
    "a signed response": {"response_mode": "jwt", "prompt": "none"},
    "PKCE method": {"code_challenge_method": "plain"},
    "no PKCE": {"code_challenge": None},
    "claims": {"claims": "{"},
    "max_age": {"max_age": "abc"},
    "request": {"request": "x"},
    "unsigned request": {"request": "eyJhbGciOiJub25lIn0.e30."},
    "hint": {"id_token_hint": "x"},
    "details": {"authorization_details": "["},
    "resource": {"resource": "x"},
    "request_uri": {"request_uri": "https://evil.test/"},
    "client": {"client_id": "nobody"},
    "acr": {"acr_values": "unknown", "claims": '{"id_token":{"acr":{"essential":true,"value":"unknown"}}}'},
}


@pytest.fixture(scope="module")
def exacting(standing: RunningServer) -> RunningServer:
    """With a client on the web and a native one, beside the demo's own."""
    web = demo_client("portal") | {"client_id": "web", "redirect_uris": [RP, "https://rp.test/cb?known=1"]}
    native = demo_client("cli") | {"client_id": "native", "redirect_uris": list(NATIVE), "scope": web["scope"]}
    dashed = demo_client("portal") | {"client_id": "local", "redirect_uris": ["http://localhost:8081/cb"]}
    demo = demo_realm()
    standing.reload(demo | {"clients": [*demo["clients"], web, native, dashed]})
    return standing


@pytest.fixture(scope="module")
def web(exacting: RunningServer) -> Iterator[Portal]:
    portal = Portal(exacting, demo_client("portal") | {"client_id": "web", "redirect_uris": [RP]})
    yield portal
    portal.close()


@pytest.fixture(scope="module")
def native(exacting: RunningServer) -> Iterator[Portal]:
    portal = Portal(exacting, demo_client("cli") | {"client_id": "native"})
    yield portal
    portal.close()


@pytest.fixture(scope="module")
def signed_in(exacting: RunningServer, web: Portal) -> Iterator[Visitor]:
    visitor = Visitor(exacting)
    assert "code" in visitor.sign_in(web.send(visitor)).parameters()
    yield visitor
    visitor.close()


def goes_nowhere(page: Page) -> bool:
    """A page of ours that neither leads to the address nor repeats it."""
    policy = page.response.headers["content-security-policy"]
    return (
        page.status == 400
        and page.location is None
        and "refresh" not in page.response.headers
        and "evil.test" not in page.html
        and "rp.test" not in page.html
        and "evil.test" not in policy
    )


@pytest.mark.attack
@pytest.mark.parametrize("number", range(len(OTHER_ADDRESSES)))
def test_an_address_that_is_not_the_registered_one_is_refused_on_a_page(
    web: Portal, signed_in: Visitor, number: int
) -> None:
    assert goes_nowhere(web.send(signed_in, redirect_uri=OTHER_ADDRESSES[number]))


@pytest.mark.attack
@pytest.mark.parametrize("number", range(len(NO_LOOPBACK)))
def test_only_the_port_of_a_loopback_address_is_free(native: Portal, passer_by: Visitor, number: int) -> None:
    assert goes_nowhere(native.send(passer_by, redirect_uri=NO_LOOPBACK[number]))


@pytest.mark.parametrize("number", range(len(LOOPBACK)))
def test_a_native_client_listens_on_any_port(native: Portal, passer_by: Visitor, number: int) -> None:
    assert native.send(passer_by, redirect_uri=LOOPBACK[number]).step == "password"


def test_a_registered_port_of_localhost_is_meant(exacting: RunningServer, passer_by: Visitor, web: Portal) -> None:
    page = web.send(passer_by, client_id="local", redirect_uri="http://localhost:9/cb")

    assert goes_nowhere(page)


def test_a_missing_redirect_uri_is_refused_though_one_is_registered(web: Portal, passer_by: Visitor) -> None:
    assert goes_nowhere(web.send(passer_by, redirect_uri=None))


@pytest.mark.attack
@pytest.mark.parametrize("who", ["signed_in", "passer_by"])
@pytest.mark.parametrize("case", WRONG_BESIDES)
def test_whatever_else_is_wrong_nobody_is_sent_to_a_foreign_address(
    request: pytest.FixtureRequest, web: Portal, case: str, who: str
) -> None:
    visitor: Visitor = request.getfixturevalue(who)

    page = web.send(visitor, **{"redirect_uri": "https://evil.test/", **WRONG_BESIDES[case]})

    assert goes_nowhere(page)


@pytest.mark.attack
def test_a_second_redirect_uri_is_not_taken_for_the_first(
    web: Portal, passer_by: Visitor, exacting: RunningServer
) -> None:
    for pair in ((RP, "https://evil.test/"), ("https://evil.test/", RP), (RP, RP)):
        pairs = [*web.request(redirect_uri=None).items(), *(("redirect_uri", uri) for uri in pair)]

        assert goes_nowhere(passer_by.get(f"{exacting.endpoint('auth')}?{urlencode(pairs)}"))


def test_the_parameters_of_a_registered_address_stay(web: Portal, signed_in: Visitor) -> None:
    page = web.send(signed_in, redirect_uri="https://rp.test/cb?known=1")

    assert page.location
    assert page.location.startswith("https://rp.test/cb?known=1&state=")


@pytest.mark.attack
def test_what_follows_a_form_is_fetched_with_get(web: Portal, exacting: RunningServer) -> None:
    """A 307 would post the password on to the portal."""
    with exacting.http() as http:
        page = Page(http.get(web.url()))
        form = page.form
        answer = http.post(
            form.action, data={**form.fields, "username": "alice", "password": "correct horse battery staple"}
        )

    assert answer.status_code == 303
