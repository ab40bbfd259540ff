"""The account pages in Chromium: axe finds nothing, nothing sticks out, and nothing of somebody's own words runs."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.account.conftest import GUEST
from tests.account.owner import IPHONE
from tests.browser.accessibility import violations
from tests.browser.arrival import Arrival
from tests.browser.conftest import Browse
from tests.browser.person import DESKTOP, PHONE, Person
from tests.browser.test_every_page import NARROW, sticking_out
from tests.browser.test_hostile_names import HOSTILE
from tests.conftest import Start
from tests.portal import Portal
from tests.running import RunningServer

pytestmark = pytest.mark.browser

PAGES = ("", "/devices", "/applications")
CHANGES = ("Rename", "Remove", "Make new codes", "Change password", "Forget")


@pytest.fixture
def guest_client(arrival: Arrival) -> dict[str, Any]:
    return GUEST | {"redirect_uris": arrival.realm()["clients"][0]["redirect_uris"]}


@pytest.fixture
def server(start: Start, arrival: Arrival, guest_client: dict[str, Any]) -> RunningServer:
    realm = arrival.realm()
    realm["factors"]["webauthn"] = {}
    realm["second_factor"]["rules"][1]["trusted_browser"] = "30d"
    return start(realm | {"clients": [*realm["clients"], guest_client]})


@pytest.fixture
def account(server: RunningServer) -> str:
    return f"{server.issuer()}/account"


@pytest.fixture
def guest(server: RunningServer, register: Callable[..., Portal], guest_client: dict[str, Any]) -> Portal:
    return register(server, guest_client)


@pytest.fixture
def equipped(account: str, billing: Portal, guest: Portal) -> Callable[[Person], Person]:
    """Signs alice in, with an app of a hostile name, a browser that she trusts and two applications."""

    def equip(person: Person) -> Person:
        person.open(billing.url())
        person.give_password("alice")
        if person.page.locator(".choice").count():
            person.click("Authenticator app")
        person.page.locator("#trust").check()
        person.fill(label=HOSTILE)
        person.enrol("alice")
        person.submit()
        details = json.dumps([{"type": "payment", "creditorName": HOSTILE}])
        person.open(guest.url(authorization_details=details))
        person.submit()
        person.open(account)
        return person

    return equip


def faults(person: Person) -> list[str]:
    found = violations(person)
    for width, height in (NARROW, PHONE, DESKTOP):
        person.see(width=width, height=height)
        found += sticking_out(person)
    return found


def test_every_account_page_is_in_order(
    browse: Browse, equipped: Callable[[Person], Person], account: str, portal: Portal
) -> None:
    phone = browse(user_agent=IPHONE)
    phone.open(portal.url())
    phone.give_password("alice")
    person = equipped(browse(java_script_enabled=True))
    for path in PAGES:
        person.open(account + path)
        if path == "":
            person.page.locator("summary").first.click()
        assert (path, faults(person)) == (path, [])
    for change in CHANGES:
        person.open(account)
        person.follow(person.page.get_by_role("link", name=change).first.click)
        assert (change, faults(person)) == (change, [])
    for path in ("/sign-out-others", "/applications/billing/withdraw", "/applications/guest/withdraw-parts"):
        person.open(account + path)
        assert (path, faults(person)) == (path, [])


@pytest.mark.attack
def test_the_name_of_a_factor_is_text(equipped: Callable[[Person], Person], person: Person) -> None:
    equipped(person)
    for link in ("Rename", "Remove"):
        person.follow(person.page.get_by_role("link", name=link).first.click)
        assert person.page.locator("img[src=x]").count() == 0
        assert person.page.title() != "owned"
        person.page.go_back()
    assert person.page.get_by_text(HOSTILE).count() > 0


def test_a_whole_visit_needs_no_script(
    equipped: Callable[[Person], Person], browse: Browse, clock: Any, account: str
) -> None:
    person = equipped(browse(java_script_enabled=False))
    clock.advance(330)
    person.follow(person.page.get_by_role("link", name="Rename").first.click)
    assert person.heading == "Enter your code"
    person.submit(code=person.code("alice"))
    person.submit(label="My phone")
    assert person.page.get_by_role("status").inner_text() == "The name is changed."
    person.click("Make new codes")
    person.submit()
    assert len(person.recovery_codes()) == 10
    person.click("I have saved them")
    person.click("Change password")
    person.submit(new_password="an entirely different phrase", repeated="an entirely different phrase")
    assert person.heading == "Your password is changed"
    person.click("Sign in")
    person.give_password("alice", "an entirely different phrase")
    assert person.heading == "Your account"
    person.click("Sign out")
    assert person.heading == "Sign out?"
