"""A fresh, prepared database for every test that asks for `database_url`, on SQLite or on PostgreSQL.

`IDP_TEST_DATABASE` chooses the engine: `sqlite` (the default) or `postgresql`. The PostgreSQL server is the one at
`IDP_TEST_POSTGRESQL`, else one started for the session. A database is prepared (migrated, seeded) once per session by
the fixture `prepare_database`, which a conftest overrides; each test gets a copy of that.

To copy a database and to drop it costs PostgreSQL a tenth of a second. So a copy that a test has done with is set back
to what it was copied from, if its tables are still the same ones, and goes to the next test under a new name, by which
nobody reaches it who knew the old one.
"""

import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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


# Whatever makes or changes a table, an index, a trigger or a function writes a row of one of these anew.
_SCHEMA = """
    SELECT md5(string_agg(line, ' ' ORDER BY line)) FROM (
        SELECT 'class ' || oid || ' ' || xmin FROM pg_class WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT 'function ' || oid || ' ' || xmin FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT 'trigger ' || oid || ' ' || xmin FROM pg_trigger
        UNION ALL SELECT 'constraint ' || oid || ' ' || xmin FROM pg_constraint
        UNION ALL SELECT 'column ' || attrelid || ' ' || attnum || ' ' || xmin FROM pg_attribute WHERE attnum > 0
        UNION ALL SELECT 'setting ' || setconfig::text FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase
            WHERE datname = current_database()
    ) AS lines (line)
"""
_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True, slots=True)
class Original:
    """What a database on PostgreSQL consists of: a digest of its catalogue, and the rows of each table."""

    schema: str
    rows: dict[str, bytes]

    @classmethod
    def of(cls, connection: psycopg.Connection) -> "Original":
        tables = [row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        return cls(_schema(connection), {table: _copied_out(connection, table) for table in tables})

    def restore(self, connection: psycopg.Connection) -> bool:
        """Set a copy back, once nobody else is in it; False when other than its rows was changed."""
        connection.execute(_OTHERS)
        if _schema(connection) != self.schema:
            return False
        # The order of tables that refer to each other does not matter then.
        connection.execute("SET LOCAL session_replication_role = replica")
        for table, rows in self.rows.items():
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            with connection.cursor().copy(_copy(table, "FROM STDIN")) as into:
                into.write(rows)
        connection.commit()
        return True


def _schema(connection: psycopg.Connection) -> str:
    found = connection.execute(_SCHEMA).fetchone()
    return str(found[0]) if found else ""


def _copied_out(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(_copy(table, "TO STDOUT")) as out:
        return b"".join(out)


def _copy(table: str, direction: str) -> sql.Composed:
    return sql.SQL("COPY {} {} (FORMAT binary)").format(sql.Identifier(table), sql.SQL(direction))


class Server:
    """PostgreSQL: a database is one of the server at `url`, or of a server started here."""

    def __init__(self, url: str | None) -> None:
        self.own = None if url else Cluster()
        self.server = make_url(url or (self.own.url if self.own else ""))
        self.connection = self._connect("postgres")
        self._originals: dict[str, Original] = {}
        self._copies: dict[str, str] = {}  # the template of each copy that is in use
        self._spares: dict[str, str] = {}  # and of each that the next one may have

    def url(self, name: str) -> str:
        return self.server.set(database=name).render_as_string(hide_password=False)

    def create(self, name: str) -> None:
        self._execute("CREATE DATABASE {} TEMPLATE template0 STRATEGY file_copy", name)

    def seal(self, name: str) -> None:
        """Nobody may be connected to a database that is copied."""
        with self._connect(name) as connection:
            self._originals[name] = Original.of(connection)
        self.shut(name)

    def shut(self, name: str) -> None:
        """Let nobody in any more, and those who are in out."""
        self._execute("ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
        self.connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])

    def copy(self, template: str, name: str) -> None:
        spare = next((spare for spare, of in self._spares.items() if of == template), None)
        if spare is None:
            self._execute("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)
        else:
            self._execute("ALTER DATABASE {} RENAME TO {}", spare, name)
            del self._spares[spare]
        self._copies[name] = template

    def drop(self, name: str) -> None:
        template = self._copies.pop(name, None)
        if template is not None and self._restored(name, self._originals[template]):
            spare = f"{name}_spare"
            self._execute("ALTER DATABASE {} RENAME TO {}", name, spare)
            self._spares[spare] = template
        else:
            self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def close(self) -> None:
        for spare in self._spares:
            self._execute("DROP DATABASE {} WITH (FORCE)", spare)
        self.connection.close()
        if self.own:
            self.own.close()

    def _restored(self, name: str, original: Original) -> bool:
        try:
            with self._connect(name) as connection:
                connection.autocommit = False
                return original.restore(connection)
        except psycopg.Error:
            return False

    def _connect(self, name: str) -> psycopg.Connection:
        return psycopg.connect(
            host=self.server.host,
            port=self.server.port,
            user=self.server.username,
            password=self.server.password,
            dbname=name,
            autocommit=True,
        )

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
