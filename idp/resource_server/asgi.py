"""ASGI middleware that demands a sign-in of a certain strength and age before an application is reached (RFC 9470)."""

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any
from urllib.parse import quote

import anyio.to_thread

from idp.resource_server.authorize import FirstUse, authorize
from idp.resource_server.dpop import Shown
from idp.resource_server.refused import Refused
from idp.resource_server.requirement import Requirement
from idp.resource_server.verifier import TokenVerifier

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_PATH = "/:@!$&'()*+,;=-._~"  # unescaped in a path (RFC 3986 section 3.3)
POLICY_VIOLATION = 1008  # RFC 6455 section 7.4.1
_log = logging.getLogger("idp.resource_server")


class RequireStepUp:
    """Wraps an application or a route: it is reached with `scope["access_token"]` set, or not at all.

    Why not is said to the logger `idp.resource_server`: at level info, and as an error where the issuer is away.

    A browser application on another origin needs a CORS middleware outside of this one, which answers preflight
    requests and exposes `WWW-Authenticate`.
    """

    def __init__(
        self,
        app: Application,
        *,
        verifier: TokenVerifier,
        requirement: Requirement,
        clock: Callable[[], float] = time.time,
        origin: str | None = None,
        is_first_use: FirstUse | None = None,
    ) -> None:
        """`origin`: scheme, host and port by which clients reach the API; with it, DPoP-bound tokens are taken.

        `is_first_use`: see `authorize`.
        """
        self._app = app
        self._verifier = verifier
        self._requirement = requirement
        self._clock = clock
        self._origin = origin
        self._is_first_use = is_first_use

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Only the life span passes without a token."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        decide = partial(
            authorize,
            _fields(scope, b"authorization"),
            verifier=self._verifier,
            requirement=self._requirement,
            now=int(self._clock()),
            shown=self._shown(scope),
            is_first_use=self._is_first_use,
        )
        try:
            scope["access_token"] = await anyio.to_thread.run_sync(decide)
        except Refused as refused:
            level = logging.ERROR if refused.status >= 500 else logging.INFO
            _log.log(level, "%s: %s", refused.error or "unauthorized", refused.reason)
            await _refuse(refused, scope, send)
            return
        await self._app(scope, receive, send)

    def _shown(self, scope: Scope) -> Shown | None:
        if self._origin is None or "method" not in scope:
            return None
        path = quote(scope["path"], safe=_PATH)
        return Shown(proofs=_fields(scope, b"dpop"), method=scope["method"], url=self._origin + path)


def _fields(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for field, value in scope["headers"] if field.lower() == name]


async def _refuse(refused: Refused, scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        return
    body = refused.body()
    headers = refused.headers() | {"Content-Length": str(len(body))}
    await send(
        {
            "type": "http.response.start",
            "status": refused.status,
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
