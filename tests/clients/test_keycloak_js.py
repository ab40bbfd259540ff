"""A page with npm's keycloak-js, which knows the addresses of Keycloak and asks for no metadata."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.person import Person
from tests.clients.processes import HERE
from tests.conftest import Start
from tests.running import DEMO, RunningServer, demo_realm

pytestmark = pytest.mark.clients


class Quietly(SimpleHTTPRequestHandler):
    """The files of this directory."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the method overridden
        """Nobody reads it."""


@pytest.fixture
def page() -> Iterator[str]:
    """The address of the page."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quietly, directory=HERE)) as files:
        thread = threading.Thread(target=files.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://localhost:{files.server_port}/page.html"
        files.shutdown()
        thread.join()


@pytest.fixture
def server(start: Start, page: str) -> RunningServer:
    client = {
        "client_id": "page",
        "token_endpoint_auth_method": "none",
        "redirect_uris": [page, page.replace("page.html", "silent.html")],
        "post_logout_redirect_uris": [page],
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid profile email",
    }
    return start(demo_realm(clients=[*DEMO["clients"], client]))


@pytest.fixture
def visitor_of_the_page(person: Person, server: RunningServer, page: str) -> Iterator[Person]:
    """Somebody who has opened it."""
    registration = {"url": server.url, "realm": "demo", "clientId": "page"}
    person.context.add_init_script(f"window.registration = {json.dumps(registration)}")
    person.open(page)
    shows(person, "nobody")
    yield person
    # About a frame that the library sandboxes itself.
    person.complaints[:] = [complaint for complaint in person.complaints if "sandbox" not in complaint]


def shows(person: Person, who: str) -> None:
    """The page says who is signed in."""
    expect(person.page.locator("#who")).to_have_text(who, timeout=20_000)


def sign_in(person: Person) -> None:
    person.click("Sign in")
    person.give_password("ada")
    person.submit(code=person.code("ada"))
    shows(person, "ada")


def test_a_page_signs_ada_in_reads_and_renews_her_tokens_and_signs_her_out(visitor_of_the_page: Person) -> None:
    person = visitor_of_the_page
    sign_in(person)

    claims = person.page.evaluate("keycloak.idTokenParsed")
    assert (claims["acr"], claims["amr"]) == ("two-factor", ["pwd", "otp", "mfa"])
    assert person.page.evaluate("keycloak.tokenParsed.sid && keycloak.refreshTokenParsed.sid") == claims["sid"]
    assert person.page.evaluate("keycloak.hasRealmRole('admin')")
    assert person.page.evaluate("keycloak.loadUserInfo()")["email"] == "ada@example.com"

    before = person.page.evaluate("keycloak.token")
    assert person.page.evaluate("keycloak.updateToken(-1)")
    assert person.page.evaluate("keycloak.token") != before

    person.page.reload()
    shows(person, "ada")

    person.click("Sign out")
    shows(person, "nobody")
    person.click("Sign in")
    assert person.page.locator("input[name=password]").is_visible()


def test_a_page_is_told_by_its_frame_that_the_session_has_ended_elsewhere(
    visitor_of_the_page: Person, server: RunningServer
) -> None:
    person = visitor_of_the_page
    sign_in(person)
    here, elsewhere = person.page, person.context.new_page()

    person.page = elsewhere
    person.open(server.endpoint("logout"))
    person.submit()

    person.page = here
    shows(person, "nobody")
