"""Whether the time of an answer tells who has an account: names of each kind in turn, over one connection."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import uvloop

from tests.bench.comparison import compared
from tests.bench.figures import Figure, NewDatabase, Options, running
from tests.bench.http import Connection, connected
from tests.bench.seed import PASSWORD, disable, forget, hash_cheaply, seed, slow_down, username
from tests.bench.server import Server
from tests.bench.sign_in import SignIn, Unexpected

_WRONG = "not the password of the benchmark"
_MOST_SECONDS = 300.0
_WARM_UP = 10
_MOST_NAMES = 500
_NOT_SLOWED = 5  # wrong passwords of one name
_AN_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Kind:
    """Names that should be answered alike."""

    what: str
    name: Callable[[int], str]
    password: str = _WRONG


def measure(folder: Path, new_database: NewDatabase, options: Options) -> Iterator[Figure]:
    """Wrong passwords of people who exist beside every other refusal; then the same while all of them are slowed."""
    database, names = new_database(), min(options.people // 3, _MOST_NAMES)
    seed(database, 3 * names)
    disable(database, range(names, 2 * names))
    hash_cheaply(database, range(2 * names, 3 * names))
    kinds = (
        Kind("wrong password", username),
        # As long as a name that somebody has.
        Kind("unknown name", lambda number: f"nobody-{number:07}"),
        Kind("disabled, right password", lambda number: username(names + number), PASSWORD),
        Kind("cheaper hash, wrong password", lambda number: username(2 * names + number)),
    )
    with running(folder, database) as server:
        for state in ("", "slowed, "):
            forget(database)
            took = uvloop.run(_timed(server, kinds, names, pairs=options.pairs, is_slowed=bool(state)))
            for kind, times in zip(kinds[1:], took[1:], strict=True):
                yield {"what": f"{state}{kind.what}", **compared(took[0], times)}


async def _timed(
    server: Server, kinds: tuple[Kind, ...], names: int, *, pairs: int, is_slowed: bool
) -> list[list[float]]:
    """Milliseconds of each kind. The kinds take turns at being first, so that none has the better place."""
    took: list[list[float]] = [[] for _ in kinds]
    async with connected(server.port) as (connection,):
        page = SignIn(server.port, 0)
        page.take(await connection.send(next(page.first_factor())))
        for trial in range(_WARM_UP):
            for kind in kinds:
                await _refused(connection, page, kind, trial % names)
        if is_slowed:
            slow_down(server.database, int(time.time()) + _AN_HOUR)
            names = min(names, _WARM_UP)
        deadline = time.perf_counter() + _MOST_SECONDS
        for trial in range(pairs):
            if time.perf_counter() > deadline:
                break
            if not is_slowed and trial % (_NOT_SLOWED * names) == 0:
                forget(server.database)
            for turn in range(len(kinds)):
                which = (trial + turn) % len(kinds)
                took[which].append(await _refused(connection, page, kinds[which], trial % names))
    return took


async def _refused(connection: Connection, page: SignIn, kind: Kind, number: int) -> float:
    request = page.answer(username=kind.name(number), password=kind.password)
    began = time.perf_counter()
    answer = await connection.send(request)
    took = (time.perf_counter() - began) * 1000
    if b'id="error"' not in answer.body:
        raise Unexpected(f"{kind.what}: {answer.status}: {answer.body[:500]!r}")
    return took
