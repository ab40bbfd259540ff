"""What protocol tests share: a server for a module's cases that change nothing, and an administrator."""

from collections.abc import Callable, Iterator

import pytest

from tests.databases import Databases
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.running import RunningServer, demo_realm, running
from tests.visitor import Visitor


@pytest.fixture(scope="module")
def standing(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The realms `demo` and `other`, for the cases of a module that do not influence each other."""
    with running(databases, tmp_path_factory.mktemp("standing"), demo_realm(), demo_realm("other")) as server:
        yield server


@pytest.fixture(scope="module")
def standing_portal(standing: RunningServer) -> Iterator[Portal]:
    portal = Portal(standing, "portal")
    yield portal
    portal.close()


@pytest.fixture(scope="module")
def passer_by(standing: RunningServer) -> Iterator[Visitor]:
    """Somebody who is not signed in, and never will be."""
    visitor = Visitor(standing)
    yield visitor
    visitor.close()


@pytest.fixture
def administer() -> Iterator[Callable[..., Administrator]]:
    """Administrators: `administer(server).disable("alice")`."""
    administrators: list[Administrator] = []

    def new(server: RunningServer, *, realm: str = "demo") -> Administrator:
        administrators.append(Administrator(server, realm=realm))
        return administrators[-1]

    yield new
    for administrator in administrators:
        administrator.close()
