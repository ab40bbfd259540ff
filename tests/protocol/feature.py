"""The server of a feature's tests, and its clients: each feature has a realm file of its own beside its tests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.clock import Clock
from tests.databases import Databases
from tests.portal import Portal
from tests.running import RunningServer, write_realms


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
