"""Every page as it is drawn: axe finds nothing, nothing sticks out, nothing runs, in any window and in both schemes."""

from collections.abc import Callable

import pytest

from tests.browser.accessibility import violations
from tests.browser.arrival import Arrival
from tests.browser.conftest import Browse
from tests.browser.person import DESKTOP, PHONE, Person
from tests.browser.tour import DETAIL_WORDS, FEW_CODES_SOON, IN_DETAIL, PAGES, Tour
from tests.conftest import Start
from tests.portal import Portal
from tests.running import RunningServer

pytestmark = pytest.mark.browser

NARROW = (320, 640)
"""What a page must be readable in without scrolling sideways (WCAG 2.2, 1.4.10)."""


@pytest.fixture
def server(start: Start, arrival: Arrival) -> RunningServer:
    in_detail = {"authorization_details_types": [detail["type"] for detail in IN_DETAIL]}
    clients = (arrival.client("portal", **in_detail), arrival.client("billing"))
    return start(arrival.realm(*clients, factors=FEW_CODES_SOON, authorization_details=DETAIL_WORDS))


@pytest.fixture
def stop(browse: Browse, server: RunningServer, portal: Portal, billing: Portal) -> Callable[[str], Person]:
    """Somebody at a page of the tour."""

    def at(name: str) -> Person:
        person = browse()
        PAGES[name](Tour(person, server, portal, billing))
        return person

    return at


def sticking_out(person: Person) -> list[str]:
    """The elements that reach over the right edge of the window, or whose text reaches over their own."""
    found: list[str] = person.page.evaluate(
        """() => [...document.body.querySelectorAll("*")]
            .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5
                || (e.scrollWidth > e.clientWidth + 1 && e.clientWidth && getComputedStyle(e).overflowX === "visible"))
            .map(e => e.outerHTML.slice(0, 80))"""
    )
    return found


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_nothing_sticks_out(stop: Callable[[str], Person], name: str) -> None:
    person = stop(name)
    assert violations(person) == []
    for width, height in (NARROW, PHONE, DESKTOP):
        person.see(width=width, height=height)
        assert sticking_out(person) == []
    assert person.page.evaluate("[...document.scripts].every(s => s.src.startsWith(`${location.origin}/resources/`))")
