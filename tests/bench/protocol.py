"""The rest of the protocol, each request beside the signatures, verifications and commits that it cannot do without."""

import json
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvloop
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.bench.figures import Figure, NewDatabase, Options, rate, running
from tests.bench.http import Connection, connected, get
from tests.bench.load import signed_in
from tests.bench.scenarios import Repeated, Scenario
from tests.bench.seed import forget, seed
from tests.bench.server import DEVICE, DEVICE_GRANT, DISCOVERY, EXCHANGE_GRANT, PORTAL, PROTOCOL, REPORT, Server
from tests.bench.sign_in import REQUEST, SignIn, Unexpected, authorize, redeem, token

_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
# So many requests of one client may wait at a time.
_MOST_WAITING = 950


def measure(folder: Path, new_database: NewDatabase, options: Options) -> Iterator[Figure]:
    """Each of them in its turn, of one server."""
    database = new_database()
    seed(database, 1)
    with running(folder, database) as server:
        yield rate(server, Pushed(server, signed_in(server)), options)
        yield rate(server, Bound(server), options)
        yield rate(server, DevicePolls(server, options.people // 2), options)
        yield rate(server, introspection(server.port, signed_in(server)), options)
        yield rate(server, exchange(server.port, signed_in(server)), options)
        yield rate(server, _document("discovery", get(server.port, DISCOVERY), b'"issuer"'), options)
        yield rate(server, _document("JWKS", get(server.port, f"{PROTOCOL}/certs"), b'"keys"'), options)


class Pushed(Scenario):
    """A request is pushed, its browser comes and is signed in already, and the code is redeemed."""

    name = "pushed request, code, tokens"
    limit = "rs256+rs256"

    def __init__(self, server: Server, person: SignIn) -> None:
        self._port, self._database, self._cookies = server.port, server.database, person.cookies
        self._left = _MOST_WAITING
        self._push = token(self._port, PORTAL, REQUEST, endpoint="ext/par/request")

    def prepare(self) -> None:
        """What waits is forgotten, so that as much may wait again."""
        forget(self._database)
        self._left = _MOST_WAITING

    async def once(self, connection: Connection) -> bool:
        self._left -= 1
        if self._left < 0:
            return False
        pushed = _said(await connection.send(self._push), "request_uri")
        request = {"client_id": PORTAL[0], "request_uri": pushed}
        sent_back = await connection.send(authorize(self._port, self._cookies, request))
        answer = await connection.send(redeem(self._port, sent_back.location))
        return bool(_said(answer, "access_token"))


class Bound(Scenario):
    """A program gets a token that is bound to its key (RFC 9449), by a new proof each time."""

    name = "DPoP-bound client credentials"
    limit = "es256-verify+rs256"

    def __init__(self, server: Server) -> None:
        self._port, self._key, self._nonce = server.port, ECKey.generate_key("P-256"), ""

    def prepare(self) -> None:
        """The server's nonce is good for some minutes."""

        async def ask() -> str:
            async with connected(self._port) as (connection,):
                return (await connection.send(self._request())).values("dpop-nonce")[0]

        self._nonce = uvloop.run(ask())

    async def once(self, connection: Connection) -> bool:
        return _said(await connection.send(self._request()), "token_type") == "DPoP"

    def _request(self) -> bytes:
        claims = {
            "jti": secrets.token_hex(8),
            "htm": "POST",
            "htu": f"http://localhost:{self._port}{PROTOCOL}/token",
            "iat": int(time.time()),
            "nonce": self._nonce,
        }
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self._key.as_dict(private=False)}
        proof = jwt.encode(header, claims, self._key)
        return token(self._port, REPORT, {"grant_type": "client_credentials"}, DPoP=proof)


class DevicePolls(Scenario):
    """Devices ask whether somebody has approved them: each once a round, because sooner than 5 s later is too soon."""

    name = "device polling"
    limit = "commit"
    warm_up = 1

    def __init__(self, server: Server, devices: int) -> None:
        self._port, self._database, self._devices = server.port, server.database, min(devices, _MOST_WAITING)
        self._polls: Iterator[bytes] = iter(())

    def prepare(self) -> None:
        """New devices."""
        forget(self._database)
        self._polls = iter(uvloop.run(self._ask()))

    async def once(self, connection: Connection) -> bool:
        poll = next(self._polls, None)
        if poll is None:
            return False
        return _said(await connection.send(poll), "error") == "authorization_pending"

    async def _ask(self) -> list[bytes]:
        asking = token(self._port, DEVICE, {"scope": "openid"}, endpoint="auth/device")
        async with connected(self._port) as (connection,):
            codes = [_said(await connection.send(asking), "device_code") for _ in range(self._devices)]
        form = {"grant_type": DEVICE_GRANT}
        return [token(self._port, DEVICE, form | {"device_code": code}) for code in codes]


def introspection(port: int, person: SignIn) -> Scenario:
    """A client asks about the access token of somebody who is signed in."""
    request = token(port, PORTAL, {"token": person.tokens["access_token"]}, endpoint="token/introspect")
    return Repeated("introspection", request, b'"active":true', limit="rs256-verify")


def exchange(port: int, person: SignIn) -> Scenario:
    """A client exchanges an access token for a narrower one."""
    form = {
        "grant_type": EXCHANGE_GRANT,
        "subject_token": person.tokens["access_token"],
        "subject_token_type": _ACCESS_TOKEN,
        "scope": "email",
    }
    return Repeated("token exchange", token(port, PORTAL, form), b'"access_token"', limit="rs256-verify+rs256")


def _document(name: str, request: bytes, expected: bytes) -> Scenario:
    return Repeated(name, request, expected, limit="bare answers")


def _said(answer: Any, name: str) -> str:
    body = json.loads(answer.body)
    if name not in body:
        raise Unexpected(f"{answer.status}: {answer.body[:500]!r}")
    return str(body[name])
