"""What the outermost layer makes of a request: its address, its headers and cookies, its form.

First come the method, the path with its query, and who connects (`10.`: a proxy that is trusted). Headers follow,
a line each, and after an empty line the body.
"""

import asyncio
import atexit
import ipaddress
from contextlib import suppress
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from idp.errors import InvalidTokenError, MissingTokenError
from idp.web.cookies import CookieJar, sent_cookies
from idp.web.intake import Intake, network_of
from idp.web.registration import _bearer
from idp.web.tokens import single_header
from tests.fuzz.oracle import halves, refusing
from tests.fuzz.realm import settings

_STATUSES = {200, 400, 408, 413, 414, 415, 421, 431}


@cache
def _runner() -> asyncio.Runner:
    made = asyncio.Runner()
    atexit.register(made.close)
    return made


@cache
def _intake() -> Intake:
    return Intake(_application, settings=settings(), refuse=lambda _, status, __: Response(status_code=status))


def _plain(peer: str) -> str:
    with suppress(ValueError):
        parsed = ipaddress.ip_address(peer)
        return str(getattr(parsed, "ipv4_mapped", None) or parsed)
    return peer


async def _application(scope: Scope, receive: Receive, send: Send) -> None:
    """What handlers ask of a request that was let in."""
    peer, address = _plain(scope["client"][0]), scope["idp.address"]
    is_proxy = peer.startswith("10.")
    if address != peer:
        assert is_proxy, "an address that nobody trusted has said"
        assert not address or str(ipaddress.ip_address(address)) == address
        assert len(address) < 46 and "%" not in address  # noqa: PT018 - what is stored and logged
    assert len(network_of(address)) < 64
    assert is_proxy or scope["idp.client_certificate"] is None
    for name, value in (*scope["idp.query"], *scope["idp.form"]):
        assert b"\0" not in f"{name}{value}".encode()
    request = Request(scope)
    for name, value in sent_cookies(request).items():
        assert name and len(value) <= 4096  # noqa: PT018
    browser = CookieJar(settings()).browser(request, "demo")
    assert len(browser.agent) <= 200
    with refusing(MissingTokenError, InvalidTokenError):
        assert _bearer(request) in (single_header(request, "authorization") or "")
    await Response()(scope, receive, send)


def http_request(data: bytes) -> None:
    """Every request gets an answer, whatever it is."""
    first, rest = halves(data)
    head, _, body = rest.partition(b"\n\n")
    method, path, peer = ([*first.split(b" "), b"", b"", b""])[:3]
    target, _, query = path.partition(b"?")
    lines = [line.partition(b":") for line in head.split(b"\n") if line]
    scope: dict[str, Any] = {
        "type": "http",
        "method": method.decode("latin-1"),
        "path": target.decode("utf-8", "replace"),
        "query_string": query,
        "headers": [(name.lower(), value.strip(b" \t")) for name, _, value in lines],
        "client": ("10.0.0.1" if peer.startswith(b"10.") else "192.0.2.1", 1),
    }
    status: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])

    _runner().run(_intake()(scope, receive, send))
    assert len(status) == 1
    assert status[0] in _STATUSES


TARGETS = (http_request,)
