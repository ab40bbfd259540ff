"""Servers as processes of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from idp.store.database import Database
from idp.store.migrations import migrate
from tests.databases import Databases
from tests.operations.serving import ServedProcess
from tests.running import demo_realm, write_realms

Serve = Callable[..., ServedProcess]


def plain_realm(**changed: Any) -> dict[str, Any]:
    """A realm that a production server takes: nobody's password is in it."""
    client = {"client_id": "portal", "client_secret": {"env": "PORTAL_SECRET"}, "redirect_uris": ["https://p.example/"]}
    realm = demo_realm(clients=[client], second_factor={})
    del realm["users"]
    return realm | changed


def migrated(url: str) -> str:
    database = Database(url)
    migrate(database)
    database.close()
    return url


def _served(database: str, folder: Path) -> Iterator[Serve]:
    started: list[ServedProcess] = []

    def start(*realms: dict[str, Any], **options: Any) -> ServedProcess:
        config = folder / "realm-config"
        write_realms(config, *(realms or (demo_realm(),)))
        log = folder / f"log-{len(started)}"
        process = ServedProcess(config=config, database=migrated(database), log=log, **options)
        started.append(process)
        process.start()
        return process

    yield start
    for process in started:
        process.stop()


@pytest.fixture
def serve(empty_database_url: str, tmp_path: Path) -> Iterator[Serve]:
    """`serve(realm, …, arguments=…)` starts `idp serve --dev` with the demo realm, on a database that is migrated."""
    yield from _served(empty_database_url, tmp_path)


@pytest.fixture(scope="module")
def serve_once(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """The same for a server that the tests of a module share."""
    url = databases.empty()
    yield from _served(url, tmp_path_factory.mktemp("served"))
    databases.drop(url)
