"""Chromium and the people at it; portals that they are sent back to."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.arrival import Arrival
from tests.browser.chromium import chromium_running
from tests.browser.person import DESKTOP, Person
from tests.browser.tour import Tour
from tests.clock import Clock
from tests.conftest import Start
from tests.portal import Portal
from tests.running import RunningServer

Browse = Callable[..., Person]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Not for longer than these tests: while Playwright runs, no other test could start an event loop."""
    with chromium_running() as browser:
        yield browser


@pytest.fixture
def browse(chromium: Browser, clock: Clock) -> Iterator[Browse]:
    """New people: `browse(java_script_enabled=False, …)`. At the end, no browser of theirs has complained."""
    people: list[Person] = []

    def new(*, size: tuple[int, int] = DESKTOP, locale: str = "en-GB", **options: Any) -> Person:
        width, height = size
        context = chromium.new_context(viewport={"width": width, "height": height}, locale=locale, **options)
        context.set_default_timeout(10_000)
        people.append(Person(context, clock))
        return people[-1]

    yield new
    complaints = [complaint for person in people for complaint in person.complaints]
    for person in people:
        person.close()
    assert complaints == []


@pytest.fixture
def person(browse: Browse) -> Person:
    return browse()


@pytest.fixture
def arrival() -> Iterator[Arrival]:
    arrival = Arrival()
    yield arrival
    arrival.close()


@pytest.fixture
def server(start: Start, arrival: Arrival) -> RunningServer:
    """The demo realm, with portals that answer."""
    return start(arrival.realm())


@pytest.fixture
def portal(server: RunningServer, arrival: Arrival, register: Callable[..., Portal]) -> Portal:
    return register(server, arrival.client("portal"))


@pytest.fixture
def billing(server: RunningServer, arrival: Arrival, register: Callable[..., Portal]) -> Portal:
    return register(server, arrival.client("billing"))


@pytest.fixture
def tour(person: Person, server: RunningServer, portal: Portal, billing: Portal) -> Tour:
    return Tour(person, server, portal, billing)
