"""What the stories share: an administrator at work beside the server."""

from collections.abc import Iterator

import pytest

from tests.protocol.administrator import Administrator
from tests.running import RunningServer


@pytest.fixture
def administrator(server: RunningServer) -> Iterator[Administrator]:
    working = Administrator(server)
    yield working
    working.close()
