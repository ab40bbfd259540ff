"""A fresh, prepared database for every test that asks for `database_url`, on SQLite or on PostgreSQL.

`IDP_TEST_DATABASE` chooses the engine: `sqlite` (the default) or `postgresql`. The PostgreSQL server is the one at
`IDP_TEST_POSTGRESQL`, else one started for the session. A database is prepared (migrated, seeded) once per session by
the fixture `prepare_database`, which a conftest overrides; each test gets a copy of that.
"""

import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.postgresql import VARIABLE, Cluster

Prepare = Callable[[str], None]


class Engine(Protocol):
    """What the two engines are asked for; databases go by name."""

    def url(self, name: str) -> str: ...
    def create(self, name: str) -> None: ...
    def seal(self, name: str) -> None: ...
    def copy(self, template: str, name: str) -> None: ...
    def drop(self, name: str) -> None: ...
    def close(self) -> None: ...


class Files:
    """SQLite: a database is a file in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, name: str) -> Path:
        return self.directory / f"{name}.sqlite"

    def url(self, name: str) -> str:
        return f"sqlite:///{self.path(name)}"

    def create(self, name: str) -> None:
        """Nothing to do: the file comes with the first connection."""

    def seal(self, name: str) -> None:
        """Bring everything from the write-ahead log into the one file that is copied."""
        connection = sqlite3.connect(self.path(name), isolation_level=None)
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        connection.close()
        if busy:
            raise RuntimeError("whoever prepared the database still uses it")

    def copy(self, template: str, name: str) -> None:
        shutil.copyfile(self.path(template), self.path(name))

    def drop(self, name: str) -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{self.path(name)}{suffix}").unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is kept open."""


class Server:
    """PostgreSQL: a database is one of the server at `url`, or of a server started here."""

    def __init__(self, url: str | None) -> None:
        self.own = None if url else Cluster()
        self.server = make_url(url or (self.own.url if self.own else ""))
        self.connection = psycopg.connect(
            host=self.server.host,
            port=self.server.port,
            user=self.server.username,
            password=self.server.password,
            dbname="postgres",
            autocommit=True,
        )

    def url(self, name: str) -> str:
        return self.server.set(database=name).render_as_string(hide_password=False)

    def create(self, name: str) -> None:
        self.copy("template0", name)

    def seal(self, name: str) -> None:
        """Nobody may be connected to a database that is copied."""
        self._execute("ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
        self.connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])

    def copy(self, template: str, name: str) -> None:
        self._execute("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)

    def drop(self, name: str) -> None:
        self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def close(self) -> None:
        self.connection.close()
        if self.own:
            self.own.close()

    def _execute(self, statement: str, *names: str) -> None:
        self.connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


class Databases:
    """Databases on one engine; `prepare` gets the URL of an empty one, to migrate and seed it."""

    def __init__(self, engine: str, directory: Path, *, prepare: Prepare) -> None:
        engines: dict[str, Callable[[], Engine]] = {
            "sqlite": lambda: Files(directory),
            "postgresql": lambda: Server(os.environ.get(VARIABLE)),
        }
        self.engine = engines[engine]()
        self.prepare = prepare
        self.template: str | None = None
        self.names: set[str] = set()

    def empty(self) -> str:
        """The URL of a new database without tables."""
        name = self._new_name()
        self.engine.create(name)
        return self.engine.url(name)

    def fresh(self) -> str:
        """The URL of a new database as `prepare` left its one."""
        if self.template is None:
            self.template = self._prepared()
        name = self._new_name()
        self.engine.copy(self.template, name)
        return self.engine.url(name)

    def drop(self, url: str) -> None:
        """Delete the database, whoever is still connected to it."""
        name = Path(make_url(url).database or "").stem
        self.names.remove(name)
        self.engine.drop(name)

    def close(self) -> None:
        """Delete every database that is left, and stop the server if it is our own."""
        for name in sorted(self.names):
            self.engine.drop(name)
        self.names.clear()
        self.engine.close()

    def _prepared(self) -> str:
        name = self._new_name()
        self.engine.create(name)
        self.prepare(self.engine.url(name))
        self.engine.seal(name)
        return name

    def _new_name(self) -> str:
        name = f"idp_{secrets.token_hex(6)}"
        self.names.add(name)
        return name


@pytest.fixture(scope="session")
def prepare_database() -> Prepare:
    """What is done once to the database that all others are copies of; a conftest overrides it."""
    return lambda _: None


@pytest.fixture(scope="session")
def databases(prepare_database: Prepare, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """The databases of this session, on the engine that `IDP_TEST_DATABASE` names."""
    engine = os.environ.get("IDP_TEST_DATABASE", "sqlite")
    made = Databases(engine, tmp_path_factory.mktemp("databases"), prepare=prepare_database)
    yield made
    made.close()


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """The URL of a prepared database that only this test uses."""
    url = databases.fresh()
    yield url
    databases.drop(url)


@pytest.fixture
def empty_database_url(databases: Databases) -> Iterator[str]:
    """The URL of a database without tables that only this test uses."""
    url = databases.empty()
    yield url
    databases.drop(url)
