"""The cookies of a realm: `__Host-` and Secure over https, the realm in the name, as a host may have several."""

from starlette.requests import Request
from starlette.responses import Response

from idp.login.browser import Browser, Cookies
from idp.settings import Settings
from idp.web.intake import network_of

_YEAR = 31536000
_LONGEST = 4096
_LONGEST_AGENT = 200
LOCALE = "locale"


class CookieJar:
    """Reads and writes them."""

    def __init__(self, settings: Settings) -> None:
        self._secure = settings.is_https

    def name(self, kind: str, realm: str) -> str:
        """The name of a cookie of that kind."""
        return f"{'__Host-' if self._secure else ''}idp-{kind}-{realm}"

    def browser(self, request: Request, realm: str) -> Browser:
        """What the browser sent for this realm."""
        sent = sent_cookies(request)
        return Browser(
            secret=sent.get(self.name("browser", realm), ""),
            session=sent.get(self.name("session", realm), ""),
            known=sent.get(self.name("known", realm), ""),
            trusted=sent.get(self.name("trusted", realm), ""),
            network=network_of(request.scope["idp.address"]),
            address=request.scope["idp.address"],
            agent=request.headers.get("user-agent", "")[:_LONGEST_AGENT],
        )

    def keep(self, response: Response, realm: str, cookies: Cookies) -> None:
        """What the browser is to keep. Lax: a portal's redirect must bring the session along."""
        if cookies.secret is not None:
            self._set(response, "browser", realm, cookies.secret)
        if cookies.session is not None:
            self._set(response, "session", realm, cookies.session)
        if cookies.known is not None:
            self._set(response, "known", realm, cookies.known, max_age=_YEAR)
        if cookies.trusted is not None:
            self._set(response, "trusted", realm, cookies.trusted, max_age=_YEAR)
        if cookies.state is not None:
            self._keep_state(response, realm, cookies.state)

    def locale(self, request: Request, realm: str) -> str | None:
        """The language that was chosen on a page."""
        return sent_cookies(request).get(self.name(LOCALE, realm))

    def keep_locale(self, response: Response, realm: str, locale: str) -> None:
        """Remember the chosen language."""
        self._set(response, LOCALE, realm, locale, max_age=_YEAR)

    def _keep_state(self, response: Response, realm: str, state: str) -> None:
        """Read by our own script in a frame of other sites: nothing that anybody could use is in it."""
        response.set_cookie(
            self.name("state", realm),
            state,
            max_age=0 if state == "" else None,
            path="/",
            secure=self._secure,
            httponly=False,
            samesite="none" if self._secure else "lax",
        )

    def _set(self, response: Response, kind: str, realm: str, value: str, max_age: int | None = None) -> None:
        response.set_cookie(
            self.name(kind, realm),
            value,
            max_age=0 if value == "" else max_age,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="strict" if kind == "known" else "lax",
        )


def sent_cookies(request: Request) -> dict[str, str]:
    """The cookies of the request. One that is sent twice was tossed in by a neighbour: neither counts."""
    found: dict[str, list[str]] = {}
    for header in request.headers.getlist("cookie"):
        for part in header[: 4 * _LONGEST].split(";"):
            # Nothing but what RFC 6265 calls white space: a browser lets a neighbour set a cookie whose name is the
            # prefix behind a character that only Python takes for some (U+00A0).
            name, equals, value = part.strip(" \t").partition("=")
            if equals and name:
                found.setdefault(name, []).append(value)
    return {name: values[0] for name, values in found.items() if len(values) == 1 and len(values[0]) <= _LONGEST}
