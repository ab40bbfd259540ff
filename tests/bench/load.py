"""Runs a scenario for a while on a few connections, and says what it cost."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import uvloop

from tests.bench.http import Connection, connected
from tests.bench.process import FINEST, Process
from tests.bench.scenarios import Scenario
from tests.bench.seed import forget
from tests.bench.server import Server
from tests.bench.sign_in import SignIn

CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Round:
    """Operations, wall seconds, processor seconds of the server, and the part of its core that the load took."""

    count: int
    wall: float
    processor: float
    load: float

    @property
    def per_second(self) -> float:
        """By the clock on the wall: worth something on a quiet machine only."""
        return self.count / self.wall

    @property
    def each(self) -> float:
        """Processor seconds of the server for one operation."""
        return self.processor / self.count


def run_round(server: Process, scenario: Scenario, seconds: float) -> Round:
    """One round, after its warm-up."""
    scenario.prepare()
    return uvloop.run(_round(server, scenario, seconds))


def signed_in(server: Server) -> SignIn:
    """A person who has signed in."""
    forget(server.database)

    async def run() -> SignIn:
        person = SignIn(server.port, 0)
        async with connected(server.port) as (connection,):
            await person.run(connection)
        return person

    return uvloop.run(run())


async def _round(server: Process, scenario: Scenario, seconds: float) -> Round:
    async with connected(server.port, CONNECTIONS) as connections:
        warm = iter(range(scenario.warm_up * CONNECTIONS))
        await _all(connections, scenario, lambda: next(warm, None) is not None)
        before, load, began = server.processor, time.process_time(), time.perf_counter()
        counts = await _all(connections, scenario, lambda: time.perf_counter() - began < seconds)
        wall = time.perf_counter() - began
        processor = max(server.processor - before, FINEST)
        return Round(sum(counts), wall, processor, (time.process_time() - load) / wall)


async def _all(connections: list[Connection], scenario: Scenario, go_on: Callable[[], bool]) -> list[int]:
    async def repeat(connection: Connection) -> int:
        done = 0
        while go_on() and await scenario.once(connection):
            done += 1
        return done

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(repeat(connection)) for connection in connections]
    return [task.result() for task in tasks]
