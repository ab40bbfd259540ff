"""What each request of a sign-in costs: statements, commits, and processor time, one request at a time."""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import Engine, event

from tests.bench.http import connected
from tests.bench.seed import forget
from tests.bench.server import REALM_FILE, Server
from tests.bench.sign_in import STEPS, SignIn
from tests.clock import Clock
from tests.running import RunningServer, write_realms

_WARM_UP = 10


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a sign-in. `processor` in seconds."""

    name: str
    statements: int
    commits: int
    processor: float


def steps(server: Server, database: str, people: int) -> list[Step]:
    """The requests of a sign-in, in order; so many people make each of them before anybody makes the next."""
    counted = _statements(database)
    costs = _processor(server, database, people)
    return [
        Step(name, counted[f"{name} statements"], counted[f"{name} commits"], cost)
        for name, cost in zip(STEPS, costs, strict=True)
    ]


def _processor(server: Server, database: str, people: int) -> list[float]:
    async def run(count: int) -> list[float]:
        forget(database)
        costs = []
        sign_ins = [SignIn(server.port, number) for number in range(count)]
        requests = [sign_in.requests() for sign_in in sign_ins]
        async with connected(server.port) as (connection,):
            for _ in STEPS:
                before = server.processor
                for sign_in, request in zip(sign_ins, requests, strict=True):
                    sign_in.take(await connection.send(next(request)))
                costs.append((server.processor - before) / count)
        return costs

    uvloop.run(run(_WARM_UP))
    return uvloop.run(run(people))


def _statements(database: str) -> Counter[str]:
    """Counted in this process, of a server in a thread, in the second of two sign-ins."""
    forget(database)
    counted: Counter[str] = Counter()

    async def run(port: int, number: int) -> None:
        sign_in = SignIn(port, number)
        async with connected(port) as (connection,):
            for name, request in zip(STEPS, sign_in.requests(), strict=True):
                with _counting(counted, name):
                    answer = await connection.send(request)
                sign_in.take(answer)

    with tempfile.TemporaryDirectory(prefix="idp-bench-") as folder:
        config = Path(folder) / "realm-config"
        write_realms(config, REALM_FILE)
        server = RunningServer(config=config, database=database, clock=Clock(int(time.time())))
        try:
            uvloop.run(run(server.settings.port, 0))
            counted.clear()
            uvloop.run(run(server.settings.port, 1))
        finally:
            server.stop()
    return counted


@contextmanager
def _counting(counted: Counter[str], name: str) -> Iterator[None]:
    def statement(*_: Any) -> None:
        counted[f"{name} statements"] += 1

    def commit(_: SqlConnection) -> None:
        counted[f"{name} commits"] += 1

    event.listen(Engine, "before_cursor_execute", statement)
    event.listen(Engine, "commit", commit)
    yield
    event.remove(Engine, "before_cursor_execute", statement)
    event.remove(Engine, "commit", commit)
