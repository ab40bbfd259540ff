"""`session_state`, and the cookie and the frame that it is compared in (OpenID Connect Session Management 1.0)."""

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Start
from tests.portal import Portal
from tests.protocol.realm_files import client_of, realm_of
from tests.running import RunningServer
from tests.visitor import Visitor

PORTALS = "http://localhost:8081"
COOKIE = "idp-state-demo"
FRAMES = ("login-status-iframe.html", "3p-cookies/step1.html")


@pytest.fixture
def realm() -> dict[str, Any]:
    return realm_of(__file__, PORTALS=PORTALS)


@pytest.fixture
def server(start: Start, realm: dict[str, Any]) -> RunningServer:
    return start(realm)


@pytest.fixture
def shop(server: RunningServer, realm: dict[str, Any], register: Callable[..., Portal]) -> Portal:
    return register(server, client_of(realm, "shop"))


def arrive(portal: Portal, visitor: Visitor, username: str = "alice", **changed: str) -> dict[str, str]:
    """The authorization response."""
    return visitor.sign_in(portal.send(visitor, scope="openid", **changed), username).parameters()


def expected(client_id: str, origin: str, cookie: str, salt: str) -> str:
    """Section 3.2, as a frame computes it."""
    digest = hashlib.sha256(f"{client_id} {origin} {cookie} {salt}".encode()).digest()
    return f"{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}.{salt}"


def test_it_is_made_of_client_origin_and_the_state_of_the_browser(shop: Portal, visitor: Visitor) -> None:
    told = arrive(shop, visitor)["session_state"]

    assert told == expected("shop", PORTALS, visitor.cookies()[COOKIE], told.partition(".")[2])


@pytest.mark.parametrize("address", ["HTTPS://Shop.Example:443/back", "https://shop.example:/back"])
def test_an_origin_is_written_as_browsers_write_it(shop: Portal, visitor: Visitor, address: str) -> None:
    told = arrive(shop, visitor, redirect_uri=address)["session_state"]

    assert told == expected("shop", "https://shop.example", visitor.cookies()[COOKIE], told.partition(".")[2])


def test_a_client_without_a_web_origin_gets_none(
    server: RunningServer, realm: dict[str, Any], register: Callable[..., Portal], visitor: Visitor
) -> None:
    assert "session_state" not in arrive(register(server, client_of(realm, "app")), visitor)


def test_the_state_stays_with_the_session_and_changes_with_the_person(shop: Portal, visitor: Visitor) -> None:
    arrive(shop, visitor)
    first = visitor.cookies()[COOKIE]
    arrive(shop, visitor, prompt="login")
    again = visitor.cookies()[COOKIE]
    arrive(shop, visitor, "ada", prompt="select_account")

    assert first == again != visitor.cookies()[COOKIE]


def test_the_state_goes_with_the_session(shop: Portal, visitor: Visitor) -> None:
    arrive(shop, visitor)

    visitor.submit(visitor.get(visitor.server.endpoint("logout")))

    assert COOKIE not in visitor.cookies()


@pytest.mark.attack
def test_the_cookie_says_nothing_and_opens_nothing(
    shop: Portal, visitor: Visitor, visit: Callable[..., Visitor]
) -> None:
    tokens = shop.sign_in(visitor, scope="openid")
    cookie = visitor.cookies()[COOKIE]
    for secret in (tokens.id_claims["sid"], tokens.id_claims["sub"], visitor.cookies()["idp-session-demo"]):
        assert secret not in cookie
        assert hashlib.sha256(secret.encode()).hexdigest() not in cookie

    thief = visit(visitor.server)
    thief.http.headers["cookie"] = f"{COOKIE}={cookie}; idp-session-demo={cookie}"
    assert shop.send(thief, prompt="none", scope="openid").parameters()["error"] == "login_required"


@pytest.mark.attack
def test_only_this_cookie_can_be_read_by_a_script(start: Start, realm: dict[str, Any]) -> None:
    """Over https it goes along into frames of other sites, which the others do not."""
    secure = start(realm, public_url="https://login.example")
    with secure.http(headers={"host": "login.example"}, cookies={}) as http:
        address = f"{secure.address}/realms/demo/protocol/openid-connect"
        portal = Portal(secure, client_of(realm, "shop"))
        page = http.get(f"{address}/auth", params=portal.request(scope="openid"))
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        browser = page.headers["set-cookie"].partition(";")[0]
        answer = http.post(
            f"{secure.address}/realms/demo/login-actions/authenticate",
            data={**fields, "username": "alice", "password": "correct horse battery staple"},
            headers={"cookie": browser},
        )
        portal.close()

    cookies = {c.partition("=")[0]: c.lower() for c in answer.headers.get_list("set-cookie")}
    state = cookies.pop("__Host-idp-state-demo")
    assert "httponly" not in state
    assert "secure" in state
    assert "samesite=none" in state
    assert len(cookies) == 3
    assert all("httponly" in c and "samesite=none" not in c for c in cookies.values())


@pytest.mark.parametrize("frame", FRAMES)
def test_a_frame_can_be_opened_by_every_site_and_runs_static_scripts_alone(server: RunningServer, frame: str) -> None:
    with server.http() as http:
        page = http.get(f"/realms/demo/protocol/openid-connect/{frame}")
        script = http.get(page.text.split('src="')[1].partition('"')[0])

    assert page.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors *"
    )
    assert "x-frame-options" not in page.headers
    assert "set-cookie" not in page.headers
    assert page.text.count("<script") == 1
    assert "javascript" in script.headers["content-type"]


@pytest.mark.attack
def test_the_frame_answers_pages_of_the_client_alone(server: RunningServer) -> None:
    """Section 3.2: whether somebody is signed in is nobody else's to know."""
    frame = server.endpoint("login-status-iframe.html")
    asked = {
        ("shop", PORTALS): True,
        ("shop", "https://shop.example"): True,
        ("shop", "https://evil.test"): False,
        ("shop", "http://shop.example"): False,
        ("shop", f"{PORTALS}/"): False,
        ("shop", ""): False,
        ("shop", "null"): False,
        ("app", PORTALS): False,
        ("app", ""): False,
        ("app", "None"): False,
        ("nobody", PORTALS): False,
        ("", PORTALS): False,
    }

    with server.http() as http:
        for (client_id, origin), expected in asked.items():
            answer = http.get(f"{frame}/init", params={"client_id": client_id, "origin": origin})
            assert answer.json() == {"expected": expected}, (client_id, origin)
            assert "set-cookie" not in answer.headers
            assert "access-control-allow-origin" not in answer.headers
        assert http.get(f"{frame}/init").json() == {"expected": False}


@pytest.mark.attack
def test_the_frame_answers_every_port_of_a_loopback_address_without_one(
    server: RunningServer, realm: dict[str, Any], register: Callable[..., Portal], visitor: Visitor
) -> None:
    """RFC 8252 section 7.3: there the client is answered, and told a state for that very origin."""
    page, desk = "http://127.0.0.1:5173", register(server, client_of(realm, "desk"))
    told = arrive(desk, visitor, redirect_uri=f"{page}/back")["session_state"]
    assert told == expected("desk", page, visitor.cookies()[COOKIE], told.partition(".")[2])

    others = (
        "https://127.0.0.1:5173",
        "http://localhost:5173",
        "http://127.0.0.1:0",
        "http://127.0.0.1:5173.evil.test",
    )
    with server.http() as http:
        for origin in (page, "http://127.0.0.1", *others):
            asked = {"client_id": "desk", "origin": origin}
            answer = http.get(f"{server.endpoint('login-status-iframe.html')}/init", params=asked)
            assert answer.json() == {"expected": origin not in others}, origin


def test_the_state_is_one_word_and_another_one_in_every_answer(shop: Portal, visitor: Visitor) -> None:
    """Section 2: without a space; section 3.2: salted, so that nobody is known again by it."""
    states = [arrive(shop, visitor)["session_state"] for _ in range(2)]

    assert states[0] != states[1]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", state) for state in states)


def test_the_state_changes_with_a_new_session_of_the_same_person(shop: Portal, visitor: Visitor) -> None:
    arrive(shop, visitor)
    first = visitor.cookies()[COOKIE]
    visitor.submit(visitor.get(visitor.server.endpoint("logout")))

    arrive(shop, visitor)

    assert visitor.cookies()[COOKIE] != first


def test_the_metadata_name_the_frame(server: RunningServer) -> None:
    with server.http() as http:
        document = http.get("/realms/demo/.well-known/openid-configuration").json()

    assert document["check_session_iframe"] == server.endpoint("login-status-iframe.html")
