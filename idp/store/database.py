"""One transaction a request: SQLite or PostgreSQL behind the same two methods."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine, Executable, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from idp.errors import OAuth2Error, Overloaded
from idp.events.catalogue import Event
from idp.events.log import emit

# Seconds. A request may have to wait for the one and then for the other, and must be answered in six.
_WRITER_PATIENCE = 3.0
_OTHER_PROCESS_PATIENCE = 2.5
_CONNECTIONS = 40
_READ_ONLY = "25006"  # PostgreSQL appendix A


class Transaction:
    """A unit of work. Its events are logged when it is committed, so that the log never tells what did not happen.

    It begins with its first statement: a request that turns out to need none takes no connection and waits for nobody.
    """

    def __init__(self, connect: Callable[[], Connection], close: Callable[[Connection], None]) -> None:
        self._connect = connect
        self._close = close
        self._connection: Connection | None = None
        self._events: list[tuple[Event, dict[str, Any]]] = []
        self._after: list[Callable[[], object]] = []

    @property
    def connection(self) -> Connection:
        """What it works on; raises Overloaded when others do not let it begin."""
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Run a statement."""
        return self.connection.execute(statement, parameters)

    def commit(self) -> None:
        """Keep what it did, if it has begun."""
        if self._connection is not None:
            self._connection.commit()

    def close(self) -> None:
        """Give its connection back, if it has one; what was not committed is undone."""
        if self._connection is not None:
            self._close(self._connection)

    def emit(self, event: Event, **fields: Any) -> None:
        """Have the event logged after the commit."""
        self._events.append((event, fields))

    def after_commit(self, callback: Callable[[], object]) -> None:
        """Have `callback()` called once this is committed and its connection is given back; never if it rolls back.

        It must not raise: what was asked for is done, and the caller would be told that it was not.
        """
        self._after.append(callback)

    def conclude(self) -> None:
        """After the commit: log what was emitted, call what was left for then."""
        for event_, fields in self._events:
            emit(event_, **fields)
        for callback in self._after:
            callback()


class Database:
    """The database of a server. Safe to use from many threads."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._engine = _sqlite(self.url) if self.is_sqlite else _postgresql(self.url)
        # The driver of SQLite begins no transaction that it is not told to begin.
        self._reader = self._engine if self.is_sqlite else self._engine.execution_options(isolation_level="AUTOCOMMIT")
        # SQLite has one writer at a time. Waiting here is fair; waiting in SQLite is a lottery with a long tail.
        self._writer = threading.Lock() if self.is_sqlite else None

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Statements that change nothing; each sees what is committed when it runs."""
        transaction = Transaction(self._reader.connect, Connection.close)
        try:
            yield transaction
        finally:
            transaction.close()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Committed as a whole. A protocol error commits too: what it consumed stays consumed. A bug rolls back."""
        refusal: OAuth2Error | None = None
        transaction = Transaction(self._begin, self._end)
        try:
            try:
                yield transaction
            except OAuth2Error as error:
                refusal = error
            transaction.commit()
        finally:
            transaction.close()
        transaction.conclude()
        if refusal is not None:
            raise refusal

    def _begin(self) -> Connection:
        if self._writer is None:
            return self._engine.connect()
        if not self._writer.acquire(timeout=_WRITER_PATIENCE):
            raise Overloaded("the database is busy")
        with ExitStack() as begun:
            begun.callback(self._writer.release)
            connection = begun.enter_context(self._engine.connect())
            try:
                # Past SQLAlchemy, for which this is a statement like any other: it costs a tenth of one.
                connection.connection.cursor().execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                raise Overloaded(str(error)) from None
            begun.pop_all()
        return connection

    def _end(self, connection: Connection) -> None:
        try:
            connection.close()
        finally:
            if self._writer is not None:
                self._writer.release()

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


def is_unavailable(error: DBAPIError) -> bool:
    """Whether the database is the cause, not the statement: it is gone, busy, full or read-only."""
    is_read_only = getattr(error.orig, "sqlstate", None) == _READ_ONLY
    return isinstance(error, OperationalError) or error.connection_invalidated or is_read_only


def reason(error: Exception) -> str:
    """What the driver says, on one line. SQLAlchemy's own text would add the statement and its parameters."""
    said = str(error.orig) if isinstance(error, DBAPIError) else str(error) if isinstance(error, Overloaded) else ""
    return " ".join(said.split())[:300] or type(error).__name__


def _sqlite(url: URL) -> Engine:
    if url.database and not url.database.startswith("file:"):
        # Nobody else reads the password hashes. SQLite gives the files beside it the same mode.
        with suppress(OSError):
            os.close(os.open(url.database, os.O_CREAT | os.O_EXCL, 0o600))
    engine = create_engine(
        url,
        pool_size=_CONNECTIONS,
        max_overflow=0,
        pool_use_lifo=True,
        pool_timeout=_WRITER_PATIENCE,
        hide_parameters=True,
        connect_args={"timeout": _OTHER_PROCESS_PATIENCE},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # The driver shall not begin transactions by itself: it would begin them without IMMEDIATE.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _postgresql(url: URL) -> Engine:
    from idp.store.answering import AnsweringConnection  # loads the driver, which SQLite does without

    options = "-c statement_timeout=5000 -c lock_timeout=4000 -c idle_in_transaction_session_timeout=30000"
    engine = create_engine(
        url,
        pool_size=_CONNECTIONS // 2,
        max_overflow=0,
        pool_use_lifo=True,
        pool_timeout=_WRITER_PATIENCE,
        hide_parameters=True,
        connect_args={
            "connect_timeout": 3,
            "options": options,
            # A database whose machine or network is gone does not say so.
            "tcp_user_timeout": 5000,
            "keepalives_idle": 10,
            "keepalives_interval": 2,
            "keepalives_count": 2,
        },
    )

    @event.listens_for(engine, "do_connect")
    def connect(_: Any, __: Any, arguments: Sequence[Any], options: Mapping[str, Any]) -> AnsweringConnection:
        return AnsweringConnection.connect(*arguments, **options)

    return engine
