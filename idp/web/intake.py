"""The outermost layer: which requests are looked at, and what every response carries. Handlers stay plain functions.

Bodies are read and bounded here, so that a handler never waits for the network.
"""

import asyncio
import base64
import binascii
import ipaddress
import re
import secrets
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from idp.addresses import ip_address
from idp.events.catalogue import Event
from idp.events.log import emit, remote_address, request_id
from idp.settings import Settings

MAX_BODY = 65536
MAX_QUERY = 32768
MAX_HEADERS = 65536
_BYTE_SEQUENCE = re.compile(":([A-Za-z0-9+/]+={0,2}):")  # RFC 8941 section 3.3.5
# Some proxies write the port of the connection too.
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::[0-9]+)?|([0-9.]+):[0-9]+")
_MOST_FIELDS = 100
_BODY_WITHIN = 10.0
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
# Nowhere else is JSON read: pages of other sites can post it without asking, as text.
_REGISTRATION = "/clients-registrations/"
# What a load balancer asks by whatever name it knows the machine, and what the page about a wrong one is drawn with.
_ANY_HOST = ("/health/live", "/health/ready", "/metrics", "/resources/")
_PAGES = {
    404: "page.not-found",
    405: "page.method",
    413: "page.too-large",
    414: "page.too-large",
    415: "page.no-form",
    421: "page.other-host",
    431: "page.too-large",
}

# Browsers that know the first heed no other; for the rest the second would shut pages that are made for frames.
_FRAMED, _UNFRAMED = b"frame-ancestors *", b"x-frame-options"

Refuse = Callable[[Request, int, str], Response]


class Intake:
    """Request identifier, address, host, body; then the application; then headers and the record of it.

    What is refused with an HTTPException, here or further in, is answered here.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings, refuse: Refuse, table: Sequence[Route] = ()) -> None:
        """`table`: the routes of the application."""
        self._app = app
        self._table = table
        self._settings = settings
        self._refuse = refuse
        self._hosts = settings.hosts
        self._headers = [(name.lower().encode(), value.encode()) for name, value in _headers(settings)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500
        identifier = secrets.token_hex(8)
        # The parser takes headers of any size, and looking through megabytes of them takes seconds.
        is_long = sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADERS
        headers = Headers(raw=[]) if is_long else Headers(scope=scope)
        scope["idp.address"] = _address(scope, headers, self._settings)
        scope["idp.client_certificate"] = _client_certificate(scope, headers, self._settings)
        tokens = request_id.set(identifier), remote_address.set(scope["idp.address"] or _peer(scope))

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                present = dict(message["headers"])
                is_framed = _FRAMED in present.get(b"content-security-policy", b"")
                unwanted = {*present, _UNFRAMED} if is_framed else present
                missing = [header for header in self._headers if header[0] not in unwanted]
                message["headers"] = [*message["headers"], (b"x-request-id", identifier.encode()), *missing]
            await send(message)

        try:
            await self._admit(scope, headers, receive, is_long=is_long)
            await self._app(scope, _after_body(receive), send_with_headers)
        except HTTPException as wrong:
            scope.setdefault("idp.query", ())
            scope.setdefault("idp.form", ())
            page = _PAGES.get(wrong.status_code, "page.bad-request")
            response = self._refuse(Request(scope), wrong.status_code, page)
            response.headers.update(wrong.headers or {})
            if wrong.status_code == 405:
                response.headers["Allow"] = ", ".join(sorted(_methods(self._table, scope)))
            await response(scope, receive, send_with_headers)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            milliseconds = round((time.perf_counter() - began) * 1000, 1)
            emit(Event.REQUEST, method=scope["method"][:16], route=route, status=status, milliseconds=milliseconds)
            request_id.reset(tokens[0])
            remote_address.reset(tokens[1])

    async def _admit(self, scope: Scope, headers: Headers, receive: Receive, *, is_long: bool) -> None:
        if is_long:
            raise HTTPException(431)
        if headers.getlist("host")[1:] or (
            not scope["path"].startswith(_ANY_HOST) and headers.get("host", "").lower() not in self._hosts
        ):
            raise HTTPException(421)
        scope["idp.query"] = _pairs(scope["query_string"], MAX_QUERY)
        body = await _body(scope, headers, receive)
        is_json = _REGISTRATION in scope["path"] and _content_type(headers) == _JSON
        scope["idp.json"] = body if is_json else None
        scope["idp.form"] = () if is_json else _pairs(body, MAX_BODY)


def _methods(table: Sequence[Route], scope: Scope) -> set[str]:
    """Those of every route of the address (RFC 9110 section 15.5.6); Starlette names those of the first."""
    at = (route for route in table if route.matches(scope)[0] is not Match.NONE)
    return {method for route in at for method in route.methods or ()}


async def _body(scope: Scope, headers: Headers, receive: Receive) -> bytes:
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit():
        raise HTTPException(400)
    if int(length[:12]) > MAX_BODY:
        raise HTTPException(413)
    if scope["method"] not in ("POST", "PUT", "PATCH", "DELETE"):
        return b""
    body, more = b"", True
    try:
        async with asyncio.timeout(_BODY_WITHIN):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise HTTPException(400)
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > MAX_BODY:
                    raise HTTPException(413)
    except TimeoutError:
        raise HTTPException(408) from None
    # Multipart parsers have been the way in too often, and no endpoint needs one.
    accepted = (_FORM, _JSON) if _REGISTRATION in scope["path"] else (_FORM,)
    if body and _content_type(headers) not in accepted:
        raise HTTPException(415, headers={"Accept": ", ".join(accepted)})
    return body


def _content_type(headers: Headers) -> str:
    return headers.get("content-type", "").split(";")[0].strip().lower()


def _pairs(encoded: bytes, most: int) -> tuple[tuple[str, str], ...]:
    if not encoded:
        return ()
    if len(encoded) > most:
        raise HTTPException(414 if most == MAX_QUERY else 413)
    try:
        pairs = parse_qsl(encoded.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        raise HTTPException(400) from None
    # PostgreSQL cannot store NUL, and no parameter has a use for it.
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise HTTPException(400)
    return tuple(pairs)


def _after_body(receive: Receive) -> Receive:
    """Nothing is left to read; whoever asks again waits for the visitor to go away."""
    asked = False

    async def after_body() -> Message:
        nonlocal asked
        if asked:
            return await receive()
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return after_body


def _address(scope: Scope, headers: Headers, settings: Settings) -> str:
    """The peer, or what a trusted proxy says: the last address that is not itself a trusted proxy.

    Empty where that says nothing that can be read: the proxy's own network would spare people what its rules ask.
    """
    address = _peer(scope)
    if not _is_trusted(address, settings):
        return address
    forwarded = ",".join(headers.getlist("x-forwarded-for")).split(",")
    while forwarded and _is_trusted(address, settings):
        address = _forwarded(forwarded.pop().strip(" \t"))
    return address


def _forwarded(text: str) -> str:
    if match := _WITH_PORT.fullmatch(text):
        text = match[1] or match[2]
    try:
        # The zone of a link-local address may be any text, of any length (RFC 4007 section 11).
        return str(ip_address(text.partition("%")[0]))
    except ValueError:
        return ""


def _peer(scope: Scope) -> str:
    address = str(scope["client"][0]) if scope.get("client") else ""
    try:
        return str(ip_address(address))
    except ValueError:
        return address


def _client_certificate(scope: Scope, headers: Headers, settings: Settings) -> bytes | None:
    """What the proxy that ended TLS says of the connection (RFC 9440 section 2.1); others may say what they like."""
    values = headers.getlist("client-cert")
    if len(values) != 1 or not _is_trusted(_peer(scope), settings):
        return None
    match = _BYTE_SEQUENCE.fullmatch(values[0].strip(" "))
    try:
        return base64.b64decode(match[1], validate=True) if match else None
    except binascii.Error:
        return None


def _is_trusted(address: str, settings: Settings) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in settings.trusted_proxies)


@lru_cache(maxsize=1024)
def network_of(address: str) -> str:
    """The network whose guesses are counted together: an IPv4 address, or an IPv6 /64 (one customer's)."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    is_wide = isinstance(parsed, ipaddress.IPv6Address)
    return str(ipaddress.ip_network(f"{parsed}/64", strict=False)) if is_wide else str(parsed)


def _headers(settings: Settings) -> tuple[tuple[str, str], ...]:
    always = (
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
    )
    return (*always, ("Strict-Transport-Security", "max-age=31536000")) if settings.is_https else always
