"""The page that signs out opens a page of each client in a frame (OpenID Connect Front-Channel Logout 1.0)."""

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.conftest import Start
from tests.portal import Portal, Tokens
from tests.protocol.realm_files import client_of, realm_of
from tests.running import RunningServer
from tests.visitor import Page, Visitor

PORTALS = "http://localhost:8081"


@pytest.fixture
def realm() -> dict[str, Any]:
    return realm_of(__file__, PORTALS=PORTALS)


@pytest.fixture
def server(start: Start, realm: dict[str, Any]) -> RunningServer:
    return start(realm)


@pytest.fixture
def sign_in(
    server: RunningServer, realm: dict[str, Any], register: Callable[..., Portal], visitor: Visitor
) -> Callable[[str], Tokens]:
    return lambda client_id: register(server, client_of(realm, client_id)).sign_in(visitor, scope="openid")


def leave(visitor: Visitor, **parameters: str) -> Page:
    return visitor.get(f"{visitor.server.endpoint('logout')}?{urlencode(parameters)}")


def frames(page: Page) -> list[str]:
    return [html.unescape(source) for source in re.findall(r'<iframe src="([^"]*)"', page.html)]


def policy(page: Page, directive: str) -> list[str]:
    directives = page.response.headers["content-security-policy"].split(";")
    found = dict(part.strip().partition(" ")[::2] for part in directives)
    return str(found.get(directive, "")).split()


def test_every_client_of_the_session_is_framed_with_issuer_and_session(
    visitor: Visitor, server: RunningServer, sign_in: Callable[[str], Tokens]
) -> None:
    tokens = [sign_in(name) for name in ("shop", "bank", "quiet")]

    page = leave(visitor, id_token_hint=tokens[0].body["id_token"])

    told = {"iss": [server.issuer()], "sid": [tokens[0].id_claims["sid"]]}
    bank, shop = (urlsplit(frame) for frame in frames(page))
    assert (bank.path, parse_qs(bank.query)) == ("/bank/out", told)
    assert (shop.path, parse_qs(shop.query)) == ("/shop/out;1,2", {"tenant": ["1"], **told})


@pytest.mark.attack
def test_the_page_may_frame_the_registered_addresses_and_nothing_else(
    visitor: Visitor, sign_in: Callable[[str], Tokens]
) -> None:
    """A `;` or `,` of an address would begin another directive, or another policy."""
    tokens = [sign_in(name) for name in ("shop", "bank")]

    page = leave(visitor, id_token_hint=tokens[0].body["id_token"])

    assert policy(page, "frame-src") == [f"{PORTALS}/bank/out", f"{PORTALS}/shop/out%3B1%2C2"]
    assert policy(page, "script-src") == ["'self'"]
    assert policy(page, "default-src") == ["'none'"]
    assert page.html.count('sandbox="allow-scripts allow-same-origin"') == 2


def test_the_way_back_leads_over_the_page(visitor: Visitor, sign_in: Callable[[str], Tokens]) -> None:
    hint = sign_in("shop").body["id_token"]

    page = leave(visitor, id_token_hint=hint, post_logout_redirect_uri=f"{PORTALS}/shop/left", state="a&b")

    back = f"{PORTALS}/shop/left?state=a%26b"
    assert (page.status, page.location) == (200, None)
    assert page.response.headers["refresh"] == f"2; url={back}"
    assert back in page.links


def test_where_no_client_wants_a_frame_the_way_back_is_direct(
    visitor: Visitor, sign_in: Callable[[str], Tokens]
) -> None:
    hint = sign_in("quiet").body["id_token"]

    page = leave(visitor, id_token_hint=hint, post_logout_redirect_uri=f"{PORTALS}/quiet/left")

    assert (page.status, page.location) == (303, f"{PORTALS}/quiet/left")


def test_the_answer_to_the_question_frames_them_too(visitor: Visitor, sign_in: Callable[[str], Tokens]) -> None:
    sign_in("bank")

    question = leave(visitor)
    page = visitor.submit(question)

    assert frames(question) == []
    assert len(frames(page)) == 1
    assert "refresh" not in page.response.headers


def test_a_session_that_had_ended_is_framed_no_more(visitor: Visitor, sign_in: Callable[[str], Tokens]) -> None:
    hint = sign_in("bank").body["id_token"]

    pages = [leave(visitor, id_token_hint=hint) for _ in range(2)]

    assert [len(frames(page)) for page in pages] == [1, 0]
    assert policy(pages[1], "script-src") == []


@pytest.mark.attack
def test_somebody_elses_hint_opens_no_frame(
    server: RunningServer, realm: dict[str, Any], sign_in: Callable[[str], Tokens], visit: Callable[..., Visitor]
) -> None:
    """It would tell the clients that this browser's person has signed out."""
    hint = sign_in("bank").body["id_token"]
    ada = visit(server)
    portal = Portal(server, client_of(realm, "bank"))
    portal.code(ada, "ada", scope="openid")
    portal.close()

    assert frames(leave(ada, id_token_hint=hint)) == []


def test_a_client_that_is_gone_is_not_framed(
    visitor: Visitor, server: RunningServer, realm: dict[str, Any], sign_in: Callable[[str], Tokens]
) -> None:
    hint = sign_in("shop").body["id_token"]
    sign_in("bank")
    server.reload(realm | {"clients": [client_of(realm, "shop")]})

    assert [urlsplit(f).path for f in frames(leave(visitor, id_token_hint=hint))] == ["/shop/out;1,2"]


def test_the_metadata_say_so(server: RunningServer) -> None:
    with server.http() as http:
        document = http.get("/realms/demo/.well-known/openid-configuration").json()

    assert document["frontchannel_logout_supported"] is True
    assert document["frontchannel_logout_session_supported"] is True
