"""Whether the time of an answer tells what listens behind the server: closed and open ports in turn."""

import json
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from idp.oauth.client_assertions import ASSERTION_TYPE
from idp.store import registered_clients
from idp.store.database import Database
from tests.bench.comparison import compared
from tests.bench.figures import Figure, NewDatabase, Options, running
from tests.bench.http import Connection, connected, post, post_body
from tests.bench.seed import REALM, seed
from tests.bench.server import PROTOCOL, REALM_FILE, Server
from tests.bench.sign_in import Unexpected
from tests.bench.turns import in_turn, timed
from tests.protocol.forge import encoded

_REGISTRATION = f"/realms/{REALM}/clients-registrations/openid-connect"
_REALM = REALM_FILE | {"registration": {"scopes": ["openid"]}}
_BACK = {"redirect_uris": ["https://client.example/back"]}
_MOST_USES, _AN_HOUR = 1_000_000, 3600
_WARM_UP = 10


def measure(folder: Path, new_database: NewDatabase, options: Options) -> Iterator[Figure]:
    """Outside of development, where none of them is reached: the list of a sector, and the keys of a client."""
    database = new_database()
    seed(database, 0)
    with _ports() as (closed, listening), running(folder, database, _REALM, dev=False) as server:
        prober = Prober(server)
        for what, probe in (("an open port, sector of a client", prober.sector), ("an open port, keys", prober.keys)):
            first, second = uvloop.run(_timed(server, [partial(probe, closed), partial(probe, listening)], options))
            yield {"what": what, **compared(first, second)}


async def _timed(server: Server, probes: list[Any], options: Options) -> list[list[float]]:
    async with connected(server.port) as (connection,):
        asks = [partial(probe, connection) for probe in probes]
        await in_turn(asks, _WARM_UP)
        return await in_turn(asks, options.pairs)


@contextmanager
def _ports() -> Iterator[tuple[int, int]]:
    """Of this machine: one where nobody listens, and one where somebody does. Nobody else can have them meanwhile."""
    with socket.socket() as closed, socket.create_server(("127.0.0.1", 0)) as listening:
        closed.bind(("127.0.0.1", 0))
        yield closed.getsockname()[1], listening.getsockname()[1]


class Prober:
    """Somebody with an initial access token, who has the server look at addresses."""

    def __init__(self, server: Server) -> None:
        self._port = server.port
        token = f"token-{secrets.token_hex(16)}"
        database, expires_at = Database(server.database), int(time.time()) + _AN_HOUR
        with database.write() as tx:
            registered_clients.add_token(tx, REALM, token=token, uses=_MOST_USES, expires_at=expires_at)
        database.close()
        self._bearer = f"Bearer {token}"

    async def sector(self, port: int, connection: Connection, _: int) -> float:
        """Milliseconds of a registration that is refused, as the list cannot be fetched."""
        request = self._registration(subject_type="pairwise", sector_identifier_uri=_address(port))
        return await timed(connection, request, b'"invalid_client_metadata"')

    async def keys(self, port: int, connection: Connection, _: int) -> float:
        """Milliseconds of an assertion that is refused, as the keys cannot be fetched: those of a new client."""
        known = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": _address(port)}
        answer = await connection.send(self._registration(**known))
        if answer.status != 201:
            raise Unexpected(f"registration: {answer.status}: {answer.body[:500]!r}")
        claims = {"sub": json.loads(answer.body)["client_id"]}
        form = {
            "grant_type": "authorization_code",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": f"{encoded({'alg': 'ES256'})}.{encoded(claims)}.{encoded(bytes(64))}",
        }
        return await timed(connection, post(self._port, f"{PROTOCOL}/token", form), b'"invalid_client"')

    def _registration(self, **metadata: str) -> bytes:
        body = json.dumps(_BACK | metadata).encode()
        return post_body(self._port, _REGISTRATION, body, "application/json", Authorization=self._bearer)


def _address(port: int) -> str:
    """Another one each time: what was looked at is remembered for a minute."""
    return f"https://127.0.0.1:{port}/{secrets.token_hex(8)}"
