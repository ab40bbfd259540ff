"""A server with the realm file of this folder, for every test of the module."""

from collections.abc import Callable, Iterator

import pytest

from tests.databases import Databases
from tests.portal import Portal
from tests.protocol.feature import portal_of, serving
from tests.running import RunningServer
from tests.visitor import Visitor


@pytest.fixture(scope="module")
def standing(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with serving(databases, __file__, tmp_path_factory.mktemp("realms")) as server:
        yield server


@pytest.fixture(scope="module")
def portal(standing: RunningServer) -> Iterator[Portal]:
    with portal_of(standing, __file__, "portal") as portal:
        yield portal


@pytest.fixture
def visitor(standing: RunningServer, visit: Callable[..., Visitor]) -> Visitor:
    return visit(standing)
