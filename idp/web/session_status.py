"""Frames in which portals look whether the session has changed (OpenID Connect Session Management 1.0 section 3)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from idp.oauth.redirect_uris import is_registered
from idp.realm.origins import origin_of
from idp.web.cookies import CookieJar
from idp.web.pages import Pages
from idp.web.realms import InRealm

# Every site may frame them: they show nothing, and what is told of the session is told to pages of its clients.
_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *"
)


class SessionStatusEndpoints:
    """Pages without anything to see; the scripts in them are static files."""

    def __init__(self, pages: Pages, cookies: CookieJar) -> None:
        self._pages = pages
        self._cookies = cookies

    def check_session(self, request: Request, at: InRealm) -> Response:
        """The `check_session_iframe`, at Keycloak's address."""
        return self._frame(request, at, "check-session.js")

    def expected(self, request: Request, at: InRealm) -> Response:
        """Whether the frame may answer a page: one of the client's origin, as its redirect URIs are compared.

        Section 3.2: whether somebody is signed in is nobody else's to know.
        """
        asked = dict(request.scope["idp.query"])
        client = at.realm.client(asked.get("client_id", ""))
        origins = filter(None, map(origin_of, client.redirect_uris if client else ()))
        return JSONResponse({"expected": is_registered(asked.get("origin", ""), origins)})

    def third_party_cookies(self, request: Request, at: InRealm) -> Response:
        """Where Keycloak's adapter looks first whether the frame will be able to see its cookie."""
        return self._frame(request, at, "third-party-cookies.js")

    def _frame(self, request: Request, at: InRealm, script: str) -> Response:
        context = {"script": script, "cookie": self._cookies.name("state", at.realm.name)}
        response = self._pages.render(request, at.realm, "page/frame.html", context, locale=at.realm.locales[0])
        response.headers["Content-Security-Policy"] = _POLICY
        return response
