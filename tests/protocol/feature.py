"""The server of a feature's tests, and its clients: each feature has a realm file of its own beside its tests."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.databases import Databases
from tests.portal import Portal
from tests.protocol.realm_files import client_of, realm_of
from tests.running import RunningServer, running
from tests.visitor import Visitor


@contextmanager
def serving(
    databases: Databases, tests: str, config: Path, fields: Mapping[str, Mapping[str, Any]] | None = None
) -> Iterator[RunningServer]:
    """A server with the realm file in the folder of the test module at `tests`.

    `fields`: by client, what cannot stand in a file, such as keys that are made for the test.
    """
    realm = realm_of(tests)
    for client in realm["clients"]:
        client.update((fields or {}).get(client["client_id"], {}))
    with running(databases, config, realm) as server:
        yield server


@contextmanager
def portal_of(server: RunningServer, tests: str, client_id: str) -> Iterator[Portal]:
    portal = Portal(server, client_of(realm_of(tests), client_id))
    try:
        yield portal
    finally:
        portal.close()


@pytest.fixture(scope="module")
def standing(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A server with the realm file beside the tests, for every test of the module."""
    with serving(databases, str(request.path), tmp_path_factory.mktemp("realms")) as server:
        yield server


@pytest.fixture(scope="module")
def portal(request: pytest.FixtureRequest, standing: RunningServer) -> Iterator[Portal]:
    with portal_of(standing, str(request.path), "portal") as portal:
        yield portal


@pytest.fixture
def visitor(standing: RunningServer, visit: Callable[..., Visitor]) -> Visitor:
    return visit(standing)
