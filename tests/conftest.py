"""Fixtures that every test may ask for: a clock, a database, a server, visitors and portals."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from idp.app import create_app
from idp.events.log import JsonLines
from idp.settings import Settings, secret_keys
from idp.store.database import Database
from idp.store.migrations import migrate
from tests.clock import Clock
from tests.portal import Portal
from tests.running import RunningServer, demo_realm, write_realms
from tests.visitor import Visitor

pytest_plugins = ["tests.databases"]

Start = Callable[..., RunningServer]


# Their files take longest, and one that begins last keeps a single processor busy while the others wait for its end.
SLOW = ("operations", "races", "matrix", "bench", "journeys")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not SLOW.count(item.path.relative_to(Path(__file__).parent).parts[0]))


@pytest.fixture(scope="session")
def prepare_database(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], None]:
    """Migrated, with the signing keys and the demo accounts of the realms `demo` and `other`."""

    def prepare(url: str) -> None:
        config = tmp_path_factory.mktemp("prepared")
        write_realms(config, demo_realm(), demo_realm("other"))
        database = Database(url)
        migrate(database)
        database.close()
        app = create_app(
            Settings(config=config, database=url, dev=True, secret_keys=secret_keys({}, dev=True)),
            clock=Clock(),
            environ={},
        )
        app.state.close()

    return prepare


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[Start]:
    """Starts servers on this test's database: `start(realm, …, **settings)`, with the demo realm when none is given."""
    running: list[RunningServer] = []

    def start_server(*realms: dict[str, Any], **settings: Any) -> RunningServer:
        config = tmp_path / "realm-config"
        write_realms(config, *(realms or (demo_realm(),)))
        server = RunningServer(config=config, database=database_url, clock=clock, **settings)
        running.append(server)
        return server

    yield start_server
    for server in running:
        server.stop()


@pytest.fixture
def server(start: Start) -> RunningServer:
    """The demo realm."""
    return start()


@pytest.fixture
def visit() -> Iterator[Callable[..., Visitor]]:
    """New visitors, each with a browser of their own."""
    visitors: list[Visitor] = []

    def new(server: RunningServer, **options: Any) -> Visitor:
        visitors.append(Visitor(server, **options))
        return visitors[-1]

    yield new
    for visitor in visitors:
        visitor.close()


@pytest.fixture
def visitor(server: RunningServer, visit: Callable[..., Visitor]) -> Visitor:
    return visit(server)


@pytest.fixture
def register() -> Iterator[Callable[..., Portal]]:
    """Portals of a server: `register(server, "portal")`, or a client as a realm file describes it."""
    portals: list[Portal] = []

    def new(server: RunningServer, *arguments: Any, **options: Any) -> Portal:
        portals.append(Portal(server, *arguments, **options))
        return portals[-1]

    yield new
    for portal in portals:
        portal.close()


@pytest.fixture
def portal(server: RunningServer, register: Callable[..., Portal]) -> Portal:
    return register(server, "portal")


@pytest.fixture
def billing(server: RunningServer, register: Callable[..., Portal]) -> Portal:
    return register(server, "billing")


@pytest.fixture
def cli(server: RunningServer, register: Callable[..., Portal]) -> Portal:
    return register(server, "cli")


class Log(logging.Handler):
    """Every log line of the process, as operators get them."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for text in self.lines if (line := json.loads(text)).get("event") == name]


@pytest.fixture
def log() -> Iterator[Log]:
    handler = Log()
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)
