"""The invitation to set up a second factor, as people see it."""

import pytest

from tests.browser.accessibility import violations
from tests.browser.arrival import Arrival
from tests.browser.conftest import Browse
from tests.conftest import Start
from tests.portal import Portal
from tests.running import RunningServer
from tests.visitor import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture
def server(start: Start, arrival: Arrival) -> RunningServer:
    encourage = {"level": "two-factor", "snoozes": 3, "until": "2099-06-30"}
    return start(arrival.realm(second_factor={"rules": [], "encourage": encourage}))


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_who_puts_it_off_arrives(browse: Browse, portal: Portal, arrival: Arrival, locale: str) -> None:
    person = browse(locale=locale, java_script_enabled=False)
    person.page.goto(portal.url())
    person.page.fill("[name=username]", "alice")
    person.page.fill("[name=password]", PASSWORD)
    person.page.keyboard.press("Enter")

    person.page.click("button[value=later]")

    person.page.wait_for_url(f"{portal.redirect_uri}**")


def test_axe_finds_nothing(browse: Browse, portal: Portal) -> None:
    person = browse()
    person.page.goto(portal.url())
    person.page.fill("[name=username]", "alice")
    person.page.fill("[name=password]", PASSWORD)
    person.page.keyboard.press("Enter")
    person.page.wait_for_selector("button[value=later]")

    assert violations(person) == []
