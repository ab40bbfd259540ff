"""Whether other people's logins wait while Twilio takes its time: people log in at a pace that the server can keep.

Each login is timed from the moment when it should have begun, so that one that has to queue counts in full.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import TypeVar

import uvloop

from tests.bench.figures import Figure, NewDatabase, Options, running
from tests.bench.http import Connection, connected
from tests.bench.second_factors import ask_for_code, at_second_factor
from tests.bench.seed import forget, seed
from tests.bench.server import Server
from tests.bench.sign_in import SignIn
from tests.bench.stand_ins import texting
from tests.outbound.twilio_stand_in import TwilioStandIn

Item = TypeVar("Item")

_SLOW = 5.0
_LOGINS_A_SECOND = 12
_TEXTS_A_SECOND = 8
# A network may ask for no more than 200 messages an hour.
_MOST_TEXTS = 190
_PHASES = {
    "login while nobody has a code sent": None,
    "login while Twilio answers at once": 0.0,
    "login while Twilio takes 5 s": _SLOW,
}


def measure(folder: Path, new_database: NewDatabase, options: Options) -> Iterator[Figure]:
    """In each round a server for each phase: what one of them leaves to be sent is not the next one's."""
    database = new_database()
    texts = min(max(1, round(options.seconds * _TEXTS_A_SECOND)), _MOST_TEXTS)
    logins = max(2, round(options.seconds * _LOGINS_A_SECOND))
    seed(database, logins + texts, with_every_factor=True)
    took: dict[str, list[float]] = {phase: [] for phase in _PHASES}
    for _ in range(options.rounds):
        for phase, latency in _PHASES.items():
            forget(database)
            people = range(logins, logins + (0 if latency is None else texts))
            twilio = TwilioStandIn(latency=latency or 0.0)
            with twilio, running(folder, database, texting(twilio)) as server:
                took[phase] += uvloop.run(_logins(server, range(logins), people, options.seconds))
                # The server ends once it has sent what waits.
                twilio.release()
    for phase, times in took.items():
        yield {"what": phase, "median": median(times), "p99": quantiles(times, n=100)[-1], "count": len(times)}


async def _logins(server: Server, numbers: range, texted: range, seconds: float) -> list[float]:
    """Milliseconds of each login, while the others have codes sent."""

    async def ask(person: SignIn, _: Connection) -> bytes:
        return ask_for_code(person)

    async def log_in(number: int, began: float) -> float:
        async with connected(server.port) as (connection,):
            await SignIn(server.port, number).run(connection)
        return (time.perf_counter() - began) * 1000

    async def press(request: bytes, _: float) -> float:
        async with connected(server.port) as (connection,):
            await connection.send(request)
        return 0.0

    ready = await at_second_factor(server, texted, "sms", ask)
    pressed = _paced([request for _, request in ready], press, seconds)
    took, _ = await asyncio.gather(_paced(list(numbers), log_in, seconds), pressed)
    return took


async def _paced(items: list[Item], act: Callable[[Item, float], Awaitable[float]], seconds: float) -> list[float]:
    """Begin each at its time, whether or not the one before has ended."""
    first, pause = time.perf_counter(), seconds / max(1, len(items))

    async def at_its_time(item: Item, begins: float) -> float:
        await asyncio.sleep(begins - time.perf_counter())
        return await act(item, begins)

    return list(await asyncio.gather(*(at_its_time(item, first + n * pause) for n, item in enumerate(items))))
