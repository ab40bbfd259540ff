"""Each figure beside what the same core could do in the same run: by processor time, and by the clock on the wall."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench import bare, limits
from tests.bench.limits import Limit
from tests.bench.load import Round, run_round
from tests.bench.process import Process
from tests.bench.scenarios import Scenario
from tests.bench.server import REALM_FILE, Server

PEOPLE = 2000
_LIMIT_SECONDS = 1.0

Figure = dict[str, Any]
NewDatabase = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Options:
    """How long and how much is measured.

    `ready`: sign-ins that wait at their second factor before each round. `bombs`: how often each is sent to each place.
    """

    seconds: float = 5.0
    rounds: int = 3
    logins: int = 10_000
    users: int = 1_000_000
    pairs: int = 2000
    people: int = PEOPLE
    ready: int = 150
    bombs: int = 20


@contextmanager
def running(
    folder: Path, database: str, realm: Mapping[str, Any] = REALM_FILE, *, dev: bool = True
) -> Iterator[Server]:
    """A server while it is open."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        server = Server(Path(own), database, realm, dev=dev)
        try:
            yield server
        finally:
            server.stop()


def rate(server: Process, scenario: Scenario, options: Options) -> Figure:
    """The median of the rounds; the limit is measured before each of them, so that both see the same machine."""
    rounds: list[Round] = []
    best: list[Limit] = []
    for _ in range(options.rounds):
        if scenario.limit:
            best.append(_limit(server, scenario.limit, min(options.seconds, _LIMIT_SECONDS)))
        rounds.append(run_round(server, scenario, options.seconds))
    figure: Figure = {
        "what": scenario.name,
        "per_second": median(r.per_second for r in rounds),
        "milliseconds": median(r.each for r in rounds) * 1000,
        "load": median(r.load for r in rounds),
    }
    if not best:
        return figure
    pairs = list(zip(best, rounds, strict=True))
    return figure | {
        "limit": scenario.limit,
        "at_least": scenario.target,
        "limit_per_second": median(b.per_second for b in best),
        "ratio": median(r.per_second / b.per_second for b, r in pairs),
        "processor_ratio": median(b.processor / r.each for b, r in pairs),
    }


def _limit(server: Process, name: str, seconds: float) -> Limit:
    return bare.measured(seconds) if name == "bare answers" else limits.measured(name, seconds, server.database)


def sentence(figure: Figure) -> str:
    """A figure as it is printed."""
    what = f"{figure['what']:<42}"
    if "statements" in figure:
        return f"{what}{figure['statements']:>3} statements {figure['commits']:>2} commits {_ms(figure)}"
    if "grown" in figure:
        processor, memory = figure["at_most"]
        grown = f"{figure['grown']:+6.1f} MB, at most {memory}"
        return f"{what}{_ms(figure)}, at most {processor} ({figure['place']}); {grown}"
    if "mb" in figure:
        return f"{what}{figure['mb']:8.1f} MB, {figure['before']:.1f} MB before; at most {figure['at_most']} MB"
    if "seconds" in figure:
        least = f"; at most {figure['at_most']:.0f} s" if figure["at_most"] else ""
        return f"{what}{figure['seconds']:8.2f} s, {figure['processor']:.2f} s of processor{least}"
    if "p99" in figure:
        return f"{what}median {figure['median']:.0f} ms, p99 {figure['p99']:.0f} ms of {figure['count']}"
    if "difference" in figure:
        return _compared(what, figure)
    text = f"{what}{figure['per_second']:8.1f}/s {_ms(figure)}, load generator {figure['load']:.0%}"
    if "ratio" not in figure:
        return text
    least = f"; at least {figure['at_least']}" if figure["at_least"] else ""
    return (
        f"{text}; of {figure['limit_per_second']:.0f} {figure['limit']}/s: {figure['ratio']:.2f},"
        f" by processor time {figure['processor_ratio']:.2f}{least}"
    )


def _ms(figure: Figure) -> str:
    return f"{figure['milliseconds']:7.2f} ms of processor"


def _compared(what: str, figure: Figure) -> str:
    first, second = figure["medians"]
    low, high = figure["interval"]
    return (
        f"{what}{first:.2f} and {second:.2f} ms, difference {figure['difference']:+.3f} ms"
        f" (95 %: {low:+.3f} to {high:+.3f}) in {figure['pairs']} pairs;"
        f" told apart in {figure['told_apart']:.1%} (chance: 50 %), p = {figure['p']:.3f}"
    )
