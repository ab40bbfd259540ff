"""While the database is away, locked, read-only or full, nobody is let in or waits for long, and nothing is lost."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from idp.store.database import Database
from idp.store.tables import transactions
from tests.conftest import Log
from tests.databases import Databases, Server
from tests.operations.serving import eventually
from tests.portal import Portal
from tests.running import RunningServer
from tests.visitor import PASSWORD, Page, Visitor

LONGEST = 6.0
ENGINE = os.environ.get("IDP_TEST_DATABASE", "sqlite")
# What happens to a request that writes; what only reads may go on, but for the database that is away.
OUTAGES = {"sqlite": ["locked", "read-only"], "postgresql": ["away", "locked", "read-only"]}

Outage = Callable[[], Any]


@contextmanager
def sqlite_locked(path: str) -> Iterator[None]:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    yield
    other.execute("ROLLBACK")
    other.close()


@contextmanager
def sqlite_read_only(database: Database) -> Iterator[None]:
    """As a mount that was made read-only: also root is refused."""
    with on_every_connection(database, "PRAGMA query_only = ON", "PRAGMA query_only = OFF"):
        yield


@contextmanager
def on_every_connection(database: Database, statement: str, undo: str) -> Iterator[None]:
    def apply(connection: Any, *_: Any) -> None:
        connection.execute(statement)

    def lift(connection: Any, *_: Any) -> None:
        connection.execute(undo)

    event.listen(database._engine, "checkout", apply)
    yield
    event.remove(database._engine, "checkout", apply)
    event.listen(database._engine, "checkout", lift)


@contextmanager
def postgresql_away(server: Server, name: str) -> Iterator[None]:
    server.shut(name)
    yield
    server._execute("ALTER DATABASE {} ALLOW_CONNECTIONS true", name)


@contextmanager
def postgresql_read_only(server: Server, name: str) -> Iterator[None]:
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    server._execute("ALTER DATABASE {} SET default_transaction_read_only = on", name)
    server.connection.execute(ended, [name])
    yield
    server._execute("ALTER DATABASE {} RESET default_transaction_read_only", name)
    server.connection.execute(ended, [name])


@contextmanager
def postgresql_locked(url: str) -> Iterator[None]:
    with psycopg.connect(url.replace("+psycopg", "")) as other:
        names = [row[0] for row in other.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        tables = sql.SQL(", ").join(map(sql.Identifier, names))
        # Whoever takes one lock after the other may stand in the way of a request that does, and it in theirs.
        while not _locked(other, sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE NOWAIT").format(tables)):
            other.rollback()
        yield
        other.rollback()


def _locked(connection: psycopg.Connection, lock: sql.Composed) -> bool:
    try:
        connection.execute(lock)
    except psycopg.errors.LockNotAvailable:
        return False
    return True


@contextmanager
def postgresql_frozen(server: Server, name: str) -> Iterator[None]:
    """What answers on the connections that are open stands still; new ones get through."""
    found = server.connection.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", [name])
    processes = [row[0] for row in found]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    yield
    for process in processes:
        os.kill(process, signal.SIGCONT)


def database_of(server: RunningServer) -> Database:
    found = server.app.state.close.__self__
    assert isinstance(found, Database)
    return found


@pytest.fixture(params=OUTAGES[ENGINE])
def outage(request: pytest.FixtureRequest, databases: Databases, database_url: str, server: RunningServer) -> Outage:
    """What keeps the database from its work, while the block lasts."""
    url = make_url(database_url)
    engine, name = databases.engine, url.database or ""
    if isinstance(engine, Server):
        kinds: dict[str, Outage] = {
            "away": lambda: postgresql_away(engine, name),
            "read-only": lambda: postgresql_read_only(engine, name),
            "locked": lambda: postgresql_locked(database_url),
        }
    else:
        kinds = {"locked": lambda: sqlite_locked(name), "read-only": lambda: sqlite_read_only(database_of(server))}
    return kinds[str(request.param)]


def within(seconds: float, ask: Callable[[], Any]) -> Any:
    began = time.monotonic()
    answer = ask()
    assert time.monotonic() - began < seconds
    return answer


@pytest.mark.attack
def test_nobody_is_let_in_and_nothing_is_half_done(
    outage: Outage, server: RunningServer, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    portal, billing = register(server, "portal"), register(server, "billing")
    alice, ada, carl = visit(server), visit(server), visit(server)
    tokens = portal.sign_in(alice)
    code = portal.send(alice).parameters()["code"]
    first = portal.send(ada)
    enrolling = billing.send(carl)
    enrolling = carl.submit(enrolling, username="alice", password=PASSWORD)
    carl.secrets["alice"] = enrolling.totp_secret

    with outage(), ThreadPoolExecutor(3) as threads:
        server.clock.advance(400)  # the keys that are known have to be read again
        password: Callable[[], Page] = lambda: ada.submit(first, username="ada", password=PASSWORD)  # noqa: E731
        enrolment: Callable[[], Page] = lambda: carl.submit(enrolling, code=carl.code("alice"))  # noqa: E731
        waiting = [threads.submit(within, LONGEST, ask) for ask in (password, enrolment)]
        refused = threads.submit(within, LONGEST, lambda: portal.refresh(tokens.refresh))
        with server.http() as http:
            assert within(1, lambda: http.get("/health/live")).status_code == 200
            assert within(1, lambda: http.get(f"{server.issuer()}/.well-known/openid-configuration")).status_code == 200
            assert within(LONGEST, lambda: http.get(server.endpoint("certs"))).status_code == 200
        for page in [future.result() for future in waiting]:
            assert (page.status, page.response.headers["retry-after"]) == (503, "2")
            assert "<h1" in page.text
            assert "set-cookie" not in page.response.headers
        answer = refused.result()
        assert (answer.status, answer.error) == (503, "temporarily_unavailable")
        assert answer.response.headers["retry-after"] == "2"
        assert within(LONGEST, lambda: portal.redeem(code)).status == 503
        ready = within(LONGEST, lambda: portal.http.get("/health/ready"))
        assert (ready.status_code, ready.json()["database"]) == (503, "down")

    eventually(lambda: portal.http.get("/health/ready").status_code == 200, within=10)
    assert portal.refresh(tokens.refresh).status == 200
    assert "code" in ada.sign_in(first, "ada").parameters()
    assert "code" in carl.sign_in(carl.submit(enrolling, code=carl.code("alice"))).parameters()


def test_a_probe_is_answered_while_every_thread_waits(
    outage: Outage, server: RunningServer, portal: Portal, visitor: Visitor
) -> None:
    tokens = portal.sign_in(visitor)

    def ask(_: int) -> int:
        with server.http() as http:
            form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}
            auth = (portal.client_id, str(portal.secret))
            answer = within(2 * LONGEST, lambda: http.post(server.endpoint("token"), data=form, auth=auth))
            return int(answer.status_code)

    with outage(), ThreadPoolExecutor(45) as threads, server.http() as http:
        asked = threads.map(ask, range(45))
        for _ in range(5):
            assert within(2, lambda: http.get("/health/live")).status_code == 200
        assert set(asked) == {503}
    eventually(lambda: portal.http.get("/health/ready").status_code == 200)
    assert portal.refresh(tokens.refresh).status == 200


def test_readiness_tells_of_an_outage_that_nobody_has_run_into(outage: Outage, server: RunningServer) -> None:
    with server.http() as http:
        with outage():
            ready = within(LONGEST, lambda: http.get("/health/ready"))
            assert (ready.status_code, ready.json()["database"]) == (503, "down")
        eventually(lambda: http.get("/health/ready").status_code == 200)


def test_what_the_database_says_is_in_the_log_without_what_people_typed(
    outage: Outage, log: Log, server: RunningServer, portal: Portal, visitor: Visitor
) -> None:
    page = portal.send(visitor)
    with outage():
        assert visitor.submit(page, username="alice", password=PASSWORD).status == 503
    # What the server does by itself fails too, and belongs to no request.
    (told,) = (line for line in log.events("http.unavailable") if "request_id" in line)
    assert told["level"] == "error"
    assert len(told["reason"]) > len("OperationalError")
    assert PASSWORD not in "".join(log.lines)


@pytest.fixture
def sweeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that start now take out what has expired all the time."""
    monkeypatch.setattr("idp.app._SWEEP_EVERY", 0.05)


@pytest.mark.usefixtures("sweeping")
def test_what_has_expired_is_taken_out_after_an_outage_too(
    outage: Outage, log: Log, server: RunningServer, billing: Portal, visitor: Visitor
) -> None:
    database = database_of(server)

    def under_way() -> int | None:
        # After the outage the first to use a connection finds that it is gone.
        with suppress(OperationalError), database.read() as tx:
            return int(tx.execute(select(func.count()).select_from(transactions)).scalar_one())
        return None

    visitor.submit(billing.send(visitor), username="alice", password=PASSWORD)
    assert under_way() == 1
    with outage():
        eventually(lambda: [line for line in log.events("http.unavailable") if "request_id" not in line], within=10)
    server.clock.advance(100_000)
    eventually(lambda: under_way() == 0, within=10)


if ENGINE == "sqlite":  # the disk of a database server is its own

    def test_a_revocation_that_a_full_disk_did_not_take_is_not_acknowledged(server: RunningServer) -> None:
        report = Portal(server, "nightly-report")
        database = database_of(server)
        with on_every_connection(database, "PRAGMA max_page_count = 1", "PRAGMA max_page_count = 4294967294"):
            token, answer = "", httpx.Response(200)
            for _ in range(200):
                token = report.token(grant_type="client_credentials").access
                answer = report.call("revoke", token=token)
                if answer.status_code != 200:
                    break
                assert report.introspect(token) == {"active": False}
            assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
            assert report.introspect(token)["active"] is True
            ready = report.http.get("/health/ready")
            assert (ready.status_code, ready.json()["database"]) == (503, "down")
        assert report.http.get("/health/ready").status_code == 200
        assert report.call("revoke", token=token).status_code == 200
        assert report.introspect(token) == {"active": False}
        report.close()


if ENGINE == "postgresql":

    def test_a_server_that_froze_is_given_up_and_asked_anew(
        databases: Databases, database_url: str, portal: Portal, visitor: Visitor
    ) -> None:
        engine, name = databases.engine, make_url(database_url).database or ""
        assert isinstance(engine, Server)
        tokens = portal.sign_in(visitor)
        with postgresql_frozen(engine, name):
            refused = within(LONGEST, lambda: portal.refresh(tokens.refresh))
            assert (refused.status, refused.error) == (503, "temporarily_unavailable")
            assert within(LONGEST, lambda: portal.refresh(tokens.refresh)).status == 200
