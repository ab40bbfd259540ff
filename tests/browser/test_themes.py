"""A second theme, on the pages of a real server."""

import pytest

from tests.browser.accessibility import violations
from tests.browser.arrival import Arrival
from tests.browser.person import Person
from tests.conftest import Start
from tests.portal import Portal
from tests.running import RunningServer

pytestmark = pytest.mark.browser


@pytest.fixture
def server(start: Start, arrival: Arrival) -> RunningServer:
    return start(arrival.realm(theme="example"))


def accent(person: Person) -> str:
    colour: str = person.page.evaluate("getComputedStyle(document.querySelector('.primary')).backgroundColor")
    return colour


def test_its_message_and_its_colours_replace_those_of_base(person: Person, portal: Portal) -> None:
    person.open(portal.url())

    assert (person.heading, accent(person)) == ("Welcome back", "rgb(47, 75, 154)")


def test_what_it_does_not_have_comes_from_base(person: Person, portal: Portal) -> None:
    person.open(portal.url())

    person.give_password("ada")

    assert person.heading == "Enter your code"
    person.submit(code=person.code("ada"))
    assert person.address.startswith(portal.redirect_uri)


def test_axe_finds_nothing_in_its_colours(person: Person, portal: Portal) -> None:
    person.open(portal.url())

    person.give_password("ada", "wrong")

    assert violations(person) == []
