"""The server of the module, with an issuer that it trusts."""

from collections.abc import Callable

import pytest

from tests.portal import Portal
from tests.protocol.jwt_bearer.issuer import BATCH, realm
from tests.running import RunningServer


@pytest.fixture(scope="module")
def server(standing: RunningServer) -> RunningServer:
    standing.reload(realm(), realm("other"))
    return standing


@pytest.fixture
def batch(server: RunningServer, register: Callable[..., Portal]) -> Portal:
    return register(server, BATCH)
