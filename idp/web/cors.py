"""Which pages of other origins may read answers (Fetch section 3.2): those that public clients send people back to.

A confidential client asks from its server, so that no page has a use for it. The authorization endpoint is for people,
not for scripts: nothing there is ever readable from elsewhere.
"""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from idp.web.realms import Handler, InRealm

_ALLOWED_HEADERS = "Authorization, Content-Type, DPoP"
_EXPOSED_HEADERS = "WWW-Authenticate, DPoP-Nonce"
_METHODS = "GET, POST"
# keycloak-js sends cookies to the token endpoint, and a browser then keeps the answer from its page without this.
_CREDENTIALS = {"Access-Control-Allow-Credentials": "true"}
_REMEMBERED = "3600"


def readable(handler: Handler) -> Handler:
    """The handler, whose answers the pages of public clients may read. It may be sent cookies, and looks at none."""

    def handle(request: Request, at: InRealm) -> Response:
        response = handler(request, at)
        origin = request.headers.get("origin")
        # Caches between must not give one origin's answer to another.
        response.headers.append("Vary", "Origin")
        if origin is not None and at.realm.has_page_at(origin):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = _EXPOSED_HEADERS
            response.headers.update(_CREDENTIALS)
        return response

    return handle


def preflight(request: Request, at: InRealm) -> Response:
    """What a browser asks before it sends a request that a form could not."""
    origin = request.headers.get("origin")
    if origin is None or not at.realm.has_page_at(origin) or "access-control-request-method" not in request.headers:
        raise HTTPException(405)
    headers: Mapping[str, str] = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": _METHODS,
        "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
        "Access-Control-Max-Age": _REMEMBERED,
        "Vary": "Origin",
        **_CREDENTIALS,
    }
    return Response(status_code=204, headers=dict(headers))
