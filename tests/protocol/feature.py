"""The server of a feature's tests, and its clients: each feature has a realm file of its own beside its tests."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.clock import Clock
from tests.databases import Databases
from tests.portal import Portal
from tests.running import RunningServer, write_realms
from tests.visitor import Visitor


@contextmanager
def serving(
    databases: Databases, tests: str, config: Path, fields: Mapping[str, Mapping[str, Any]] | None = None
) -> Iterator[RunningServer]:
    """A server with the realm file in the folder of the test module at `tests`.

    `fields`: by client, what cannot stand in a file, such as keys that are made for the test.
    """
    url = databases.fresh()
    realm = realm_beside(tests)
    for client in realm["clients"]:
        client.update((fields or {}).get(client["client_id"], {}))
    write_realms(config, realm)
    server = RunningServer(config=config, database=url, clock=Clock())
    try:
        yield server
    finally:
        server.stop()
        databases.drop(url)


def realm_beside(tests: str) -> dict[str, Any]:
    realm: dict[str, Any] = yaml.safe_load((Path(tests).parent / "realm.yaml").read_text())
    return realm | {"keys": {"rsa_bits": 2048} | realm.get("keys", {})}


def client_of(tests: str, client_id: str) -> dict[str, Any]:
    """A client of the realm file beside a test module."""
    found: dict[str, Any] = next(c for c in realm_beside(tests)["clients"] if c["client_id"] == client_id)
    return found


@contextmanager
def portal_of(server: RunningServer, tests: str, client_id: str) -> Iterator[Portal]:
    portal = Portal(server, client_of(tests, client_id))
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
