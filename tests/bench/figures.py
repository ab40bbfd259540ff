"""Each figure beside what the same core could do in the same run: by processor time, and by the clock on the wall."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench import limits, scenarios
from tests.bench.load import Round, run_round, signed_in
from tests.bench.scenarios import Scenario
from tests.bench.seed import seed
from tests.bench.server import Server
from tests.bench.steps import steps

_PEOPLE = 2000
_FEW, _PEOPLE_OF_STEPS = 1000, 100
_LIMIT_SECONDS = 1.0
_MOST_SECONDS = 0.001, 120.0
_PROMISED_START, _PROMISED_MEMORY = 1.0, 120

Figure = dict[str, Any]
NewDatabase = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Options:
    """How long and how much is measured."""

    seconds: float = 5.0
    rounds: int = 3
    logins: int = 10_000
    users: int = 1_000_000
    people: int = _PEOPLE


@contextmanager
def _running(folder: Path, database: str) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(dir=folder) as own:
        server = Server(Path(own), database)
        try:
            yield server
        finally:
            server.stop()


def _speed(folder: Path, new_database: NewDatabase, options: Options) -> Iterator[Figure]:
    database = new_database()
    seed(database, options.people)
    with _running(folder, database) as server:
        yield _rate(server, scenarios.Login(server.port, database, options.people), options)
        yield _rate(server, scenarios.ClientCredentials(server.port), options)
        yield _rate(server, scenarios.Refresh(server.port, database), options)
        yield _rate(server, scenarios.silent(server.port, signed_in(server, database)), options)
        yield _rate(server, scenarios.introspection(server.port, signed_in(server, database)), options)
        yield _rate(server, scenarios.discovery(server.port), options)


def _by_step(folder: Path, new_database: NewDatabase, options: Options) -> Iterator[Figure]:
    database = new_database()
    people = min(options.people, _PEOPLE_OF_STEPS)
    seed(database, people)
    with _running(folder, database) as server:
        found = steps(server, database, people)
    for step in found:
        yield {
            "what": step.name,
            "statements": step.statements,
            "commits": step.commits,
            "milliseconds": step.processor * 1000,
        }
    yield {
        "what": "all together",
        "statements": sum(s.statements for s in found),
        "commits": sum(s.commits for s in found),
        "milliseconds": sum(s.processor for s in found) * 1000,
    }


def _start(folder: Path, new_database: NewDatabase, options: Options) -> Iterator[Figure]:
    database = new_database()
    seed(database, 1)
    for what, times in (("first start, which makes the signing keys", 1), ("start", options.rounds)):
        wall, processor = [], []
        for _ in range(times):
            with _running(folder, database) as server:
                wall.append(server.started_in)
                processor.append(server.started_with)
        promised = _PROMISED_START if what == "start" else None
        yield {"what": what, "seconds": median(wall), "processor": median(processor), "at_most": promised}


def _memory(folder: Path, new_database: NewDatabase, options: Options) -> Iterator[Figure]:
    database = new_database()
    seed(database, min(options.people, _FEW))
    with _running(folder, database) as server:
        before, done = server.memory, 0
        login = scenarios.Login(server.port, database, min(options.people, _FEW))
        while done < options.logins:
            done += run_round(server, login, _MOST_SECONDS[1]).count
        yield {"what": f"after {done} logins", "mb": server.memory, "before": before, "at_most": _PROMISED_MEMORY}


def _growth(folder: Path, new_database: NewDatabase, options: Options) -> Iterator[Figure]:
    for users in (min(_FEW, options.users), options.users):
        database = new_database()
        seed(database, users)
        with _running(folder, database) as server:
            login = scenarios.Login(server.port, database, min(users, _PEOPLE))
            yield {**_rate(server, login, options), "what": f"login with TOTP, {users} users"}


def _rate(server: Server, scenario: Scenario, options: Options) -> Figure:
    """The median of the rounds; the limit is measured before each of them, so that both see the same machine."""
    rounds: list[Round] = []
    best: list[limits.Limit] = []
    for _ in range(options.rounds):
        if scenario.limit:
            best.append(limits.measured(scenario.limit, min(options.seconds, _LIMIT_SECONDS)))
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


def sentence(figure: Figure) -> str:
    """A figure as it is printed."""
    what = f"{figure['what']:<42}"
    if "statements" in figure:
        return f"{what}{figure['statements']:>3} statements {figure['commits']:>2} commits {_ms(figure)}"
    if "mb" in figure:
        return f"{what}{figure['mb']:8.1f} MB, {figure['before']:.1f} MB before; at most {figure['at_most']} MB"
    if "seconds" in figure:
        least = f"; at most {figure['at_most']:.0f} s" if figure["at_most"] else ""
        return f"{what}{figure['seconds']:8.2f} s, {figure['processor']:.2f} s of processor{least}"
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


MEASURES: dict[str, Callable[[Path, NewDatabase, Options], Iterator[Figure]]] = {
    "speed": _speed,
    "steps": _by_step,
    "start": _start,
    "memory": _memory,
    "growth": _growth,
}
NAMES = list(MEASURES)
