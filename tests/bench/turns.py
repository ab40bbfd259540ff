"""Kinds of requests in turn, so that all of them meet the same machine."""

import time
from collections.abc import Awaitable, Callable, Sequence

from tests.bench.http import Connection
from tests.bench.sign_in import Unexpected

_MOST_SECONDS = 300.0

Ask = Callable[[int], Awaitable[float]]


async def in_turn(asks: Sequence[Ask], pairs: int, *, before: Callable[[int], None] | None = None) -> list[list[float]]:
    """Milliseconds of each kind. The kinds take turns at being first, forwards and then backwards.

    So none has the better place, or always the same one before it. `before`: what is done before each turn, outside of
    what is measured.
    """
    took: list[list[float]] = [[] for _ in asks]
    deadline = time.perf_counter() + _MOST_SECONDS
    for trial in range(pairs):
        if time.perf_counter() > deadline:
            break
        if before:
            before(trial)
        order = [(trial + turn) % len(asks) for turn in range(len(asks))]
        for which in order if trial // len(asks) % 2 == 0 else reversed(order):
            took[which].append(await asks[which](trial))
    return took


async def timed(connection: Connection, request: bytes, expected: bytes) -> float:
    """Milliseconds until the answer, whose body must have that in it."""
    began = time.perf_counter()
    answer = await connection.send(request)
    took = (time.perf_counter() - began) * 1000
    if expected not in answer.body:
        raise Unexpected(f"{answer.status}: {answer.body[:500]!r}")
    return took
