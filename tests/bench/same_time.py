"""Whether the time of an answer tells who has an account, or which clients there are: each kind in turn."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import uvloop

from tests.bench.comparison import compared
from tests.bench.figures import Figure, NewDatabase, Options, running
from tests.bench.http import Connection, connected, post
from tests.bench.seed import PASSWORD, disable, forget, hash_cheaply, seed, slow_down, username
from tests.bench.server import PROTOCOL, REALM_FILE, REPORT, Server
from tests.bench.sign_in import SignIn, token
from tests.bench.turns import Ask, in_turn, timed

_WRONG = "not the password of the benchmark"
_WARM_UP = 10
_MOST_NAMES = 500
_NOT_SLOWED = 5  # wrong passwords of one name
_SECRETS_NOT_SLOWED = 20  # of one client
_AN_HOUR = 3600
_GRANT = {"grant_type": "client_credentials"}
# Unknown and known clients: names of one length, and for each way to send a secret one that is registered for it.
_BASIC = ("nobody", REPORT[0])
_POST = ("nobody-post", "report-post")
_REALM = REALM_FILE | {
    "clients": [
        *REALM_FILE["clients"],
        {
            "client_id": _POST[1],
            "client_secret": REPORT[1],
            "token_endpoint_auth_method": "client_secret_post",
            "grant_types": ["client_credentials"],
            "scope": "email",
        },
    ]
}


@dataclass(frozen=True, slots=True)
class Kind:
    """Names that should be answered alike."""

    what: str
    name: Callable[[int], str]
    password: str = _WRONG


def measure(folder: Path, new_database: NewDatabase, options: Options) -> Iterator[Figure]:
    """Wrong passwords of people who exist beside every other refusal; then the same while all of them are slowed.

    Then clients that there are not, beside wrong secrets of those that there are.
    """
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
    with running(folder, database, _REALM) as server:
        for state in ("", "slowed, "):
            forget(database)
            took = uvloop.run(_people(server, kinds, names, pairs=options.pairs, is_slowed=bool(state)))
            for kind, times in zip(kinds[1:], took[1:], strict=True):
                yield {"what": f"{state}{kind.what}", **compared(took[0], times)}
        basic, in_basic, posted, in_post = uvloop.run(_clients(server, options.pairs))
        yield {"what": "wrong secret of a client, basic", **compared(basic, in_basic)}
        yield {"what": "wrong secret of a client, post", **compared(posted, in_post)}


async def _people(
    server: Server, kinds: tuple[Kind, ...], names: int, *, pairs: int, is_slowed: bool
) -> list[list[float]]:
    async with connected(server.port) as (connection,):
        page = SignIn(server.port, 0)
        page.take(await connection.send(next(page.first_factor())))

        async def ask(kind: Kind, trial: int) -> float:
            request = page.answer(username=kind.name(trial % names), password=kind.password)
            return await timed(connection, request, b'id="error"')

        def forgive(trial: int) -> None:
            if not is_slowed and trial % (_NOT_SLOWED * names) == 0:
                forget(server.database)

        asks = [partial(ask, kind) for kind in kinds]
        await in_turn(asks, _WARM_UP)
        if is_slowed:
            slow_down(server.database, int(time.time()) + _AN_HOUR)
            names = min(names, _WARM_UP)
        return await in_turn(asks, pairs, before=forgive)


async def _clients(server: Server, pairs: int) -> list[list[float]]:
    """By HTTP authentication, then in the form; of each the client that there is not comes first."""

    def forgive(trial: int) -> None:
        if trial % _SECRETS_NOT_SLOWED == 0:
            forget(server.database)

    async with connected(server.port) as (connection,):
        by_basic = [token(server.port, (client_id, _WRONG), _GRANT) for client_id in _BASIC]
        by_post = [
            post(server.port, f"{PROTOCOL}/token", _GRANT | {"client_id": client_id, "client_secret": _WRONG})
            for client_id in _POST
        ]
        asks = [_again(connection, request) for request in (*by_basic, *by_post)]
        await in_turn(asks, _WARM_UP, before=forgive)
        return await in_turn(asks, pairs, before=forgive)


def _again(connection: Connection, request: bytes) -> Ask:
    return lambda _: timed(connection, request, b'"invalid_client"')
