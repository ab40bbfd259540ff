"""One transaction a request: SQLite or PostgreSQL behind the same two methods."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from idp.errors import OAuth2Error, Overloaded
from idp.events.catalogue import Event
from idp.events.log import emit

_WRITER_PATIENCE = 5.0
_CONNECTIONS = 40
_log = logging.getLogger(__name__)


class Transaction:
    """A unit of work. Its events are logged when it is committed, so that the log never tells what did not happen."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.execute = connection.execute
        self._events: list[tuple[Event, dict[str, Any]]] = []

    def emit(self, event: Event, **fields: Any) -> None:
        """Have the event logged after the commit."""
        self._events.append((event, fields))

    def flush_events(self) -> None:
        """Log what was emitted."""
        for event_, fields in self._events:
            emit(event_, **fields)


class Database:
    """The database of a server. Safe to use from many threads."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._engine = _sqlite(self.url) if self.is_sqlite else _postgresql(self.url)
        self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        # SQLite has one writer at a time. Waiting here is fair; waiting in SQLite is a lottery with a long tail.
        self._writer = threading.Lock() if self.is_sqlite else None

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Statements that change nothing; each sees what is committed when it runs."""
        with self._reader.connect() as connection:
            yield Transaction(connection)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Committed as a whole. A protocol error commits too: what it consumed stays consumed. A bug rolls back."""
        if self._writer is not None and not self._writer.acquire(timeout=_WRITER_PATIENCE):
            raise Overloaded("the database is busy")
        try:
            with self._engine.connect() as connection:
                transaction = Transaction(connection)
                try:
                    yield transaction
                except OAuth2Error:
                    connection.commit()
                    transaction.flush_events()
                    raise
                connection.commit()
        finally:
            if self._writer is not None:
                self._writer.release()
        transaction.flush_events()

    def is_reachable(self) -> bool:
        """Whether a statement can be run now."""
        try:
            with self.read() as tx:
                tx.connection.exec_driver_sql("SELECT 1")
        except SQLAlchemyError:
            _log.exception("the database cannot be reached")
            return False
        return True

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, pool_size=_CONNECTIONS, max_overflow=0, connect_args={"timeout": _WRITER_PATIENCE})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # The driver shall not begin transactions by itself: it would begin them without IMMEDIATE.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgresql(url: URL) -> Engine:
    options = "-c statement_timeout=5000 -c lock_timeout=4000 -c idle_in_transaction_session_timeout=30000"
    return create_engine(
        url,
        pool_size=_CONNECTIONS // 2,
        max_overflow=0,
        pool_timeout=_WRITER_PATIENCE,
        connect_args={"connect_timeout": 3, "options": options},
    )
