import time
from collections.abc import Callable, Iterator

import pytest

from idp.store.database import Database
from idp.store.migrations import migrate
from tests.clock import Clock
from tests.conftest import Start
from tests.demo.demonstration import Demonstration, demonstration_running
from tests.demo.provider import Provider, provider_running
from tests.demo.surfer import Surfer


@pytest.fixture
def provider() -> Iterator[Provider]:
    with provider_running() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    """Authlib knows no clock but the machine's: time stands still at the beginning of this TOTP step."""
    now = int(time.time())
    return Clock(now - now % 30)


@pytest.fixture
def database_url(empty_database_url: str) -> str:
    """One whose signing keys are made by that clock."""
    database = Database(empty_database_url)
    migrate(database)
    database.close()
    return empty_database_url


@pytest.fixture
def demonstration(start: Start) -> Iterator[Demonstration]:
    with demonstration_running(start) as running:
        yield running


@pytest.fixture
def surf(clock: Clock) -> Iterator[Callable[[], Surfer]]:
    """New people, each with a browser of their own."""
    people: list[Surfer] = []

    def new() -> Surfer:
        people.append(Surfer(clock))
        return people[-1]

    yield new
    for person in people:
        person.close()


@pytest.fixture
def surfer(surf: Callable[[], Surfer]) -> Surfer:
    return surf()
