"""What `python -m tests.bench --only` takes, in the order in which it is measured."""

from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from tests.bench import addresses, bombs, protocol, same_time, scenarios, second_factors, slow_provider
from tests.bench.figures import PEOPLE, Figure, NewDatabase, Options, rate, running
from tests.bench.load import run_round, signed_in
from tests.bench.parts import PartsOfLogin, PartsServer
from tests.bench.seed import seed
from tests.bench.steps import steps

_FEW, _PEOPLE_OF_STEPS = 1000, 100
_LONGEST_ROUND = 120.0
_PROMISED_START, _PROMISED_MEMORY = 1.0, 120


def _speed(folder: Path, new_database: NewDatabase, options: Options) -> Iterator[Figure]:
    database = new_database()
    seed(database, options.people)
    with running(folder, database) as server:
        yield rate(server, scenarios.Login(server.port, database, options.people), options)
        yield rate(server, scenarios.ClientCredentials(server.port), options)
        yield rate(server, scenarios.Refresh(server.port, database), options)
        yield rate(server, scenarios.silent(server.port, signed_in(server)), options)


def _parts(folder: Path, new_database: NewDatabase, options: Options) -> Iterator[Figure]:
    database = new_database()
    seed(database, 1)
    server = PartsServer(folder, database)
    try:
        yield rate(server, PartsOfLogin(server.port), options)
    finally:
        server.stop()


def _by_step(folder: Path, new_database: NewDatabase, options: Options) -> Iterator[Figure]:
    database = new_database()
    people = min(options.people, _PEOPLE_OF_STEPS)
    seed(database, people)
    with running(folder, database) as server:
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
    with running(folder, new_database()):
        pass  # what is started from here on is compiled
    database = new_database()
    seed(database, 1)
    for what, times in (("first start, which makes the signing keys", 1), ("start", options.rounds)):
        wall, processor = [], []
        for _ in range(times):
            with running(folder, database) as server:
                wall.append(server.started_in)
                processor.append(server.started_with)
        promised = _PROMISED_START if what == "start" else None
        yield {"what": what, "seconds": median(wall), "processor": median(processor), "at_most": promised}


def _memory(folder: Path, new_database: NewDatabase, options: Options) -> Iterator[Figure]:
    database = new_database()
    seed(database, min(options.people, _FEW))
    with running(folder, database) as server:
        before, done = server.memory, 0
        login = scenarios.Login(server.port, database, min(options.people, _FEW))
        while done < options.logins:
            done += run_round(server, login, _LONGEST_ROUND).count
        yield {"what": f"after {done} logins", "mb": server.memory, "before": before, "at_most": _PROMISED_MEMORY}


def _growth(folder: Path, new_database: NewDatabase, options: Options) -> Iterator[Figure]:
    for users in (min(_FEW, options.users), options.users):
        database = new_database()
        seed(database, users)
        with running(folder, database) as server:
            login = scenarios.Login(server.port, database, min(users, PEOPLE))
            yield {**rate(server, login, options), "what": f"login with TOTP, {users} users"}


MEASURES: dict[str, Callable[[Path, NewDatabase, Options], Iterator[Figure]]] = {
    "speed": _speed,
    "parts": _parts,
    "steps": _by_step,
    "protocol": protocol.measure,
    "factors": second_factors.measure,
    "sms": slow_provider.measure,
    "names": same_time.measure,
    "addresses": addresses.measure,
    "bombs": bombs.measure,
    "start": _start,
    "memory": _memory,
    "growth": _growth,
}
NAMES = list(MEASURES)
