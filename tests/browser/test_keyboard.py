"""Hands on the keyboard: where the focus is, what Tab reaches and what Enter presses; and what browsers may fill in."""

import pytest

from tests.browser.arrival import Arrival
from tests.browser.person import Person
from tests.browser.tour import Tour
from tests.portal import Portal
from tests.visitor import PASSWORD

pytestmark = pytest.mark.browser


def focused(person: Person) -> str | None:
    """The name of the field that has the focus; None where it is at the top of the page."""
    name: str | None = person.page.evaluate("document.activeElement.getAttribute('name')")
    return name


def wait_for_focus(tour: Tour, name: str) -> None:
    """Chromium moves it to the first field some time after the page is loaded."""
    tour.person.page.wait_for_function("name => document.activeElement.name === name", arg=name)


def test_the_whole_sign_in_needs_no_mouse(tour: Tour, portal: Portal) -> None:
    keyboard = tour.person.page.keyboard
    tour.password()

    wait_for_focus(tour, "username")
    keyboard.type("ada")
    keyboard.press("Tab")
    keyboard.type(PASSWORD)
    tour.person.follow(lambda: keyboard.press("Enter"))
    wait_for_focus(tour, "code")
    keyboard.type(tour.person.code("ada"))
    tour.person.follow(lambda: keyboard.press("Enter"))

    assert tour.person.address.startswith(portal.redirect_uri)


def test_tab_goes_through_the_page_from_top_to_bottom(tour: Tour) -> None:
    tour.password()
    wait_for_focus(tour, "username")
    reached = []
    for _ in range(5):
        tour.person.press("Tab")
        reached.append(tour.person.page.evaluate("document.activeElement.innerText || document.activeElement.name"))

    assert reached == ["password", "Sign in", "Cancel", "English", "Deutsch"]


def test_the_focus_can_be_seen(tour: Tour) -> None:
    tour.password()
    wait_for_focus(tour, "username")
    for _ in range(5):
        tour.person.press("Tab")
        outline = tour.person.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"


@pytest.mark.parametrize("page", ["totp", "enrolment"])
def test_enter_goes_on_and_never_cancels(tour: Tour, arrival: Arrival, page: str) -> None:
    getattr(tour, page)()
    before = len(arrival.received)
    tour.person.fill(code="wrong")

    tour.person.follow(lambda: tour.person.press("Enter"))

    assert (tour.person.page.get_by_role("alert").count(), len(arrival.received)) == (1, before)


NAME_AND_PASSWORD = {"username": "username", "password": "current-password"}


@pytest.mark.parametrize(
    ("page", "field", "tokens"),
    [
        ("password", "username", NAME_AND_PASSWORD),
        ("wrong_password", "password", NAME_AND_PASSWORD),
        ("password_again", "password", NAME_AND_PASSWORD),
        ("wrong_totp", "code", {"code": "one-time-code"}),
        # The code comes last: who begins there has not seen what to scan.
        ("enrolment", None, {"code": "one-time-code", "label": "off"}),
        ("wrong_enrolment", "code", {"code": "one-time-code", "label": "off"}),
        ("wrong_recovery_code", "recovery_code", {"recovery_code": "off"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_focus_is_where_one_types_first_and_browsers_know_what_to_fill_in(
    tour: Tour, page: str, field: str | None, tokens: dict[str, str]
) -> None:
    getattr(tour, page)()

    fields = tour.person.page.locator("input:not([type=hidden])").all()
    assert {f.get_attribute("name"): f.get_attribute("autocomplete") for f in fields} == tokens
    if field is not None:
        wait_for_focus(tour, field)
    assert focused(tour.person) == field


def test_a_known_name_leaves_only_the_password_to_type(tour: Tour, portal: Portal) -> None:
    tour.person.open(portal.url(login_hint="alice"))

    wait_for_focus(tour, "password")
    assert tour.person.page.get_by_label("User name").input_value() == "alice"


def test_a_phone_shows_digits_for_a_code(tour: Tour) -> None:
    tour.totp()

    wait_for_focus(tour, "code")
    assert tour.person.page.get_by_label("Six-digit code").get_attribute("inputmode") == "numeric"
