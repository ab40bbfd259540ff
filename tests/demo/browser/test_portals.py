"""The two portals in Chromium: the whole way to the server and back, and their pages as they are drawn."""

from collections.abc import Callable

import pytest

from tests.browser.accessibility import violations
from tests.browser.conftest import Browse
from tests.browser.person import DESKTOP, PHONE, Person
from tests.clock import Clock
from tests.demo.demonstration import Demonstration

pytestmark = pytest.mark.browser


def open_login(person: Person, site: str, link: str = "Sign in") -> None:
    person.open(site + "/")
    person.click(link)


def level(person: Person) -> str:
    """The acr that the portal shows."""
    return person.page.locator(".badge").inner_text()


@pytest.mark.parametrize("java_script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_alice_goes_from_portal_to_portal_and_signs_out_at_both(
    browse: Browse, demonstration: Demonstration, clock: Clock, java_script: bool
) -> None:
    person = browse(java_script_enabled=java_script)

    open_login(person, demonstration.portal)
    person.give_password("alice")
    assert (person.address, person.heading, level(person)) == (
        demonstration.portal + "/",
        "Alice Developer",
        "password",
    )

    person.click("Open the")
    assert person.enrol("alice")
    person.submit()
    assert (person.address, level(person)) == (demonstration.billing + "/", "two-factor")

    person.click("Refresh tokens")
    assert person.page.get_by_role("status").inner_text().startswith("Tokens refreshed")

    person.open(demonstration.portal + "/")
    person.click("Step up")
    assert (person.address, level(person)) == (demonstration.portal + "/", "two-factor")

    clock.advance(30)
    person.click("Sign in again")
    person.submit(password="correct horse battery staple")
    assert (person.address, level(person)) == (demonstration.portal + "/", "password")

    for site in (demonstration.portal, demonstration.billing):
        person.open(site + "/")
        person.submit()  # the first form of the page signs out
        assert person.address == site + "/"
        assert person.page.get_by_role("status").inner_text() == "You have signed out."


def test_ada_is_asked_for_her_code_at_once(person: Person, demonstration: Demonstration) -> None:
    open_login(person, demonstration.portal)
    person.give_password("ada")
    person.submit(code=person.code("ada"))
    assert (person.heading, level(person)) == ("Ada Admin", "two-factor")


def welcome(person: Person, demonstration: Demonstration) -> None:
    person.open(demonstration.portal + "/")


def at_home(person: Person, demonstration: Demonstration) -> None:
    open_login(person, demonstration.portal)
    person.give_password("ada")
    person.submit(code=person.code("ada"))
    person.click("Refresh tokens")


def at_billing(person: Person, demonstration: Demonstration) -> None:
    at_home(person, demonstration)
    person.click("Open the")


def signed_out(person: Person, demonstration: Demonstration) -> None:
    at_home(person, demonstration)
    person.submit()


def trouble(person: Person, demonstration: Demonstration) -> None:
    open_login(person, demonstration.portal, "Only if I am signed in already")


PAGES = (welcome, at_home, at_billing, signed_out, trouble)


@pytest.mark.parametrize("go", PAGES, ids=lambda go: go.__name__)
def test_axe_finds_nothing_on_a_portals_pages_and_nothing_sticks_out(
    person: Person, demonstration: Demonstration, go: Callable[[Person, Demonstration], None]
) -> None:
    go(person, demonstration)
    assert violations(person) == []
    for width, height in (PHONE, DESKTOP):
        person.see(width=width, height=height)
        assert person.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
