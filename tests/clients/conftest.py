"""A server by the clock of this machine, which is the only one that other people's clients know."""

import pytest

from tests.browser.conftest import browse, chromium, person
from tests.clock import Clock
from tests.demo.conftest import database_url, surf, surfer
from tests.operations.serving import SystemClock

__all__ = ["browse", "chromium", "database_url", "person", "surf", "surfer"]


@pytest.fixture
def clock() -> Clock:
    return SystemClock()
