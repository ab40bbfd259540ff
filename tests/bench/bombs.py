"""What is cheap to send and may be dear to read: processor time of each such request, and the memory that stays."""

import asyncio
import secrets
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

import uvloop

from idp.oauth.client_assertions import ASSERTION_TYPE
from tests.bench.figures import Figure, NewDatabase, Options, running
from tests.bench.http import connected, post, post_body
from tests.bench.seed import REALM, seed
from tests.bench.server import PORTAL, PROTOCOL, REALM_FILE, REPORT, Server
from tests.bench.sign_in import REQUEST, Unexpected, token
from tests.protocol.forge import encoded
from tests.protocol.signer import Signer

_PATIENCE = 60.0
_PROMISED = (50, 10)  # milliseconds, MB
_FITS = 8000  # characters of a token that is looked at; longer ones are refused by their length
_BEARER_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SIGNER = "signer"
_MB = 1_000_000

Place = Callable[[str], bytes]


def measure(folder: Path, new_database: NewDatabase, options: Options) -> Iterator[Figure]:
    """Each bomb in every place where it may be sent; the figure is of the place that it costs most."""
    signing = {
        "client_id": _SIGNER,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": Signer("ES256").jwks,
        "redirect_uris": [REQUEST["redirect_uri"]],
    }
    realm = REALM_FILE | {"clients": [*REALM_FILE["clients"], signing], "registration": {"scopes": ["openid"]}}
    database = new_database()
    seed(database, 0)
    with running(folder, database, realm) as server:
        tokens, documents = _tokens(server.port), _documents(server.port)
        for place in (*tokens.values(), *documents.values()):
            uvloop.run(_sent(server, place("x"), options.bombs))
        for bombs, places in ((_bombs(), tokens), (_nested(), documents)):
            for what, bomb in bombs.items():
                yield {"what": what, **_worst(server, bomb, places, options.bombs)}


def _worst(server: Server, bomb: str, places: Mapping[str, Place], times: int) -> Figure:
    before, costs = server.memory, {}
    for name, place in places.items():
        used = server.processor
        uvloop.run(_sent(server, place(bomb), times))
        costs[name] = (server.processor - used) * 1000 / times
    worst = max(costs, key=lambda name: costs[name])
    return {"milliseconds": costs[worst], "place": worst, "grown": server.memory - before, "at_most": _PROMISED}


async def _sent(server: Server, request: bytes, times: int) -> None:
    for _ in range(times):
        try:
            async with asyncio.timeout(_PATIENCE), connected(server.port) as (connection,):
                answer = await connection.send(request)
        except ConnectionError:
            continue  # the server did not read to the end
        is_refused = answer.status >= 400 or b"error=" in answer.head
        if not is_refused or answer.status >= 500:
            raise Unexpected(f"{answer.status}: {answer.head!r} {answer.body[:500]!r}")


def _tokens(port: int) -> dict[str, Place]:
    """Where a token of any kind may be sent."""
    client = {"grant_type": "client_credentials"}
    return {
        "request object": lambda bomb: post(
            port, f"{PROTOCOL}/auth", REQUEST | {"client_id": _SIGNER, "request": bomb}
        ),
        "id_token_hint": lambda bomb: post(port, f"{PROTOCOL}/auth", REQUEST | {"id_token_hint": bomb}),
        "id_token_hint of a logout": lambda bomb: post(port, f"{PROTOCOL}/logout", {"id_token_hint": bomb}),
        "client assertion": lambda bomb: post(
            port, f"{PROTOCOL}/token", client | {"client_assertion_type": ASSERTION_TYPE, "client_assertion": bomb}
        ),
        "assertion": lambda bomb: token(port, PORTAL, {"grant_type": _BEARER_GRANT, "assertion": bomb}),
        "DPoP proof": lambda bomb: token(port, REPORT, client, DPoP=bomb),
        "access token": lambda bomb: post(port, f"{PROTOCOL}/userinfo", {}, Authorization=f"Bearer {bomb}"),
    }


def _documents(port: int) -> dict[str, Place]:
    """Where JSON may be sent as it is."""
    registration = f"/realms/{REALM}/clients-registrations/openid-connect"
    form, request = "application/x-www-form-urlencoded", urlencode(REQUEST).encode()
    return {
        # Brackets and quotes as they are, so that no more of the body is taken up than there are.
        "claims": lambda bomb: post_body(port, f"{PROTOCOL}/auth", request + b"&claims=" + bomb.encode(), form),
        "registration": lambda bomb: post_body(
            port, registration, bomb.encode(), "application/json", Authorization="Bearer nobody"
        ),
    }


@cache
def _bombs() -> dict[str, str]:
    """Tokens: each as large as it hurts, and the largest of its kind that is looked at."""
    rsa, direct = {"alg": "RSA-OAEP-256", "enc": "A128GCM"}, {"alg": "dir", "enc": "A128GCM", "zip": "DEF"}
    slow = {"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2**31 - 1, "p2s": encoded(bytes(16))}
    part = encoded(bytes(16))
    return {
        "zip bomb of 50 MB": _encrypted(direct, _packed(50 * _MB)),
        "zip bomb of 5 MB, which fits": _encrypted(direct, _packed(5 * _MB)),
        "PBES2, 2^31 - 1 rounds": f"{encoded(slow)}.{encoded(bytes(24))}.{part}.{part}.{part}",
        "header of 1 MB": f"{encoded({'alg': 'RS256', 'x': 'a' * _MB})}.e30.AAAA",
        "header that fits": f"{encoded({'alg': 'RS256', 'x': 'a' * (_FITS * 3 // 4 - 50)})}.e30.AAAA",
        "1,000,000 dots": "." * _MB,
        "dots that fit": "." * _FITS,
        "50,000 nested lists in the header": f"{encoded(b'[' * 50_000)}.e30.AAAA",
        "nested lists that fit, header": f"{encoded(b'[' * (_FITS * 3 // 4 - 50))}.e30.AAAA",
        "nested lists that fit, claims": f"{encoded({'alg': 'RS256'})}.{encoded(b'[' * (_FITS * 3 // 4 - 50))}.AAAA",
        "no encrypted key": f"{encoded(rsa)}..{part}.{part}.{part}",
        "no part for an encrypted key": f"{encoded(rsa)}.{part}.{part}.{part}",
    }


def _nested() -> dict[str, str]:
    return {
        "50,000 nested lists": "[" * 50_000,
        "10,000 nested objects": '{"a":' * 10_000,
        "a number of 50,000 digits": f'{{"a":{"9" * 50_000}}}',
        "20,000 empty lists": f"[{'[],' * 20_000}0]",
        "20,000 empty objects": f"[{'{},' * 20_000}0]",
        "30,000 numbers": f"[{'1,' * 30_000}0]",
        "6,000 distinct names": "{" + ",".join(f'"{n:04x}":0' for n in range(6_000)) + "}",
    }


def _encrypted(header: Mapping[str, str], content: bytes) -> str:
    """A JWE in compact serialization by a key that is agreed upon, and unknown here (RFC 7516 section 7.1)."""
    iv, tag = encoded(secrets.token_bytes(12)), encoded(secrets.token_bytes(16))
    return f"{encoded(dict(header))}..{iv}.{encoded(content)}.{tag}"


def _packed(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(bytes(size)) + packer.flush()
