"""What somebody who attacked the server has found, once each."""

from collections.abc import Callable
from typing import Any

import pytest

from idp.realm.redirects import weakness
from tests.clock import Clock
from tests.portal import Portal
from tests.protocol import raw
from tests.protocol.slots import HOME
from tests.running import RunningServer, demo_client, demo_realm
from tests.visitor import Visitor

pytestmark = pytest.mark.attack

_PAYING = {"rules": [{"name": "payments", "when": {"scopes": ["payments"]}, "level": "two-factor"}]}


def signs_out(server: RunningServer, visitor: Visitor, **parameters: str) -> str | None:
    location: str | None = visitor.get(server.endpoint("logout"), params=parameters).location
    return location


def client_with(scope: str) -> dict[str, Any]:
    return demo_client("portal") | {"scope": scope}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_form_of_another_site_which_comes_without_cookies_deletes_none(server: RunningServer, method: str) -> None:
    with server.http() as http:
        response = http.request(method, server.endpoint("logout"), headers={"origin": "https://evil.example"})
    assert response.status_code == 200
    assert "set-cookie" not in response.headers


def test_the_cookies_of_whoever_signs_out_are_deleted(server: RunningServer, visitor: Visitor, portal: Portal) -> None:
    tokens = portal.sign_in(visitor)
    signs_out(server, visitor, id_token_hint=tokens.body["id_token"])
    assert not {"idp-session-demo", "idp-browser-demo"} & visitor.cookies().keys()


@pytest.mark.parametrize("has_cookie", [True, False])
def test_signing_out_ends_the_grants_of_a_session_that_was_long_unused(
    server: RunningServer, visit: Callable[..., Visitor], portal: Portal, clock: Clock, has_cookie: bool
) -> None:
    visitor = visit(server)
    tokens = portal.sign_in(visitor)
    clock.advance(3601)
    tokens = portal.refresh(tokens.refresh)
    assert tokens.status == 200
    hint = {"id_token_hint": tokens.body["id_token"], "post_logout_redirect_uri": HOME}
    assert signs_out(server, visitor if has_cookie else visit(server), **hint) == HOME
    assert portal.refresh(tokens.refresh).error == "invalid_grant"


def test_signing_out_without_a_hint_asks_about_a_session_that_was_long_unused(
    server: RunningServer, visitor: Visitor, portal: Portal, clock: Clock
) -> None:
    tokens = portal.sign_in(visitor)
    clock.advance(3601)
    visitor.submit(visitor.get(server.endpoint("logout")))
    assert portal.refresh(tokens.refresh).error == "invalid_grant"


def test_scopes_that_a_client_gets_during_a_sign_in_are_not_granted_by_it(
    start: Callable[..., RunningServer],
    visit: Callable[..., Visitor],
    register: Callable[..., Portal],
    log: Any,
) -> None:
    few, more = (client_with(scope) for scope in ("openid", "openid payments"))
    server = start(demo_realm(clients=[few], second_factor=_PAYING))
    visitor, portal = visit(server), register(server, few)
    page = portal.send(visitor, scope=None)
    server.reload(demo_realm(clients=[more], second_factor=_PAYING))
    page = visitor.sign_in(page)
    assert (page.status, page.location) == (400, None)
    assert not log.events("authorization.granted")


@pytest.mark.parametrize(
    ("header", "status"), [("Cookie: " + "a=b; " * 3000, 200), ("Cookie: " + "a=b; " * 15000, 431)]
)
def test_no_more_headers_are_looked_through_than_a_browser_sends(
    server: RunningServer, header: str, status: int
) -> None:
    assert raw.get(server, "/health/live", header).status == status


@pytest.mark.parametrize("host", ["x.example;sandbox", "a,b.example", "x'y.example", "x.example;sandbox:8443", "x%20y"])
def test_a_redirect_uri_cannot_end_the_policy_of_the_page(host: str) -> None:
    """Its origin is named in Content-Security-Policy."""
    assert weakness(f"https://{host}/callback", public=False)


@pytest.mark.parametrize(
    "host", ["x.example", "X.example:8443", "xn--bcher-kva.example", "a_b.internal", "127.0.0.1:80"]
)
def test_a_redirect_uri_of_an_ordinary_host_may_be_registered(host: str) -> None:
    assert weakness(f"https://{host}/callback", public=False) is None


def test_a_redirect_uri_of_an_ipv6_address_may_be_registered() -> None:
    assert weakness("http://[::1]/callback", public=True) is None
