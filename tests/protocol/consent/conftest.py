"""A client that asks people for their consent, and one that need not."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Start
from tests.portal import Portal
from tests.protocol.realm_files import client_of, realm_of
from tests.running import RunningServer


@pytest.fixture
def realm() -> dict[str, Any]:
    return realm_of(__file__)


@pytest.fixture
def server(start: Start, realm: dict[str, Any]) -> RunningServer:
    return start(realm)


@pytest.fixture
def at(server: RunningServer, realm: dict[str, Any], register: Callable[..., Portal]) -> Callable[[str], Portal]:
    return lambda client_id: register(server, client_of(realm, client_id))


@pytest.fixture
def guest(at: Callable[[str], Portal]) -> Portal:
    return at("guest")


@pytest.fixture
def house(at: Callable[[str], Portal]) -> Portal:
    return at("house")
