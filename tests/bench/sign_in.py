"""The requests of one sign-in, from the portal's redirect to UserInfo, each with a name."""

import base64
import hashlib
import html
import json
import re
import time
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, urlencode, urlsplit

from idp.factors.totp import PERIOD, code_at
from tests.bench.http import Answer, Connection, get, post
from tests.bench.seed import PASSWORD, REALM, SECRET, username
from tests.bench.server import CALLBACK, PORTAL, PROTOCOL

STEPS = ("authorize", "password", "page of the code", "code", "token", "userinfo")
_VERIFIER = "a-verifier-that-is-as-long-as-one-has-to-be"
_CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(_VERIFIER.encode()).digest()).rstrip(b"=").decode()
_HIDDEN = re.compile(rb'name="(transaction|csrf_token|step)" value="([^"]*)"')
_BROWSER = {"Accept": "text/html", "Accept-Language": "en", "Sec-Fetch-Site": "same-origin"}
REQUEST = {
    "response_type": "code",
    "client_id": PORTAL[0],
    "redirect_uri": CALLBACK,
    "scope": "openid profile email",
    "state": "state-of-the-benchmark",
    "nonce": "nonce-of-the-benchmark",
    "code_challenge": _CHALLENGE,
    "code_challenge_method": "S256",
}


class Unexpected(Exception):
    """The server did not do what the benchmark is about."""


class SignIn:
    """One person signing in with a browser of their own.

    `cookies`, `tokens` are what it leaves; `page` is the last one that had a form.
    """

    def __init__(self, port: int, number: int) -> None:
        self._port = port
        self.number = number
        self.page = b""
        self._form: dict[str, str] = {}
        self._location = ""
        self.cookies = ""
        self.tokens: dict[str, str] = {}

    async def run(self, connection: Connection) -> None:
        """Every step."""
        for request in self.requests():
            self.take(await connection.send(request))

    def requests(self) -> Iterator[bytes]:
        """The requests in the order of `STEPS`; `take` the answer to each before asking for the next."""
        yield from self.first_factor()
        yield self.second_factor()
        yield self.answer(code=code_now())
        yield redeem(self._port, self._location)
        yield get(self._port, f"{PROTOCOL}/userinfo", Authorization=f"Bearer {self.tokens['access_token']}")

    def first_factor(self) -> Iterator[bytes]:
        """The first two of them."""
        yield authorize(self._port)
        yield self.answer(username=username(self.number), password=PASSWORD)

    def second_factor(self, factor: str = "") -> bytes:
        """The page of a second factor: of the one that is offered first, or of another one."""
        return get(self._port, self._location + (factor and f"&factor={factor}"), **_BROWSER, Cookie=self.cookies)

    def answer(self, **fields: str) -> bytes:
        """The form of the page."""
        action = f"/realms/{REALM}/login-actions/authenticate"
        return post(self._port, action, self._form | fields, **_BROWSER, Cookie=self.cookies)

    def take(self, answer: Answer) -> None:
        """What the next request needs."""
        if answer.status == 303:
            self._location = answer.location
            # Each answer replaces all that was set before and still counts.
            self.cookies = answer.cookies or self.cookies
        elif b"<form" in answer.body and b'id="error"' not in answer.body:
            self.page = answer.body
            # The first form of the page: a second one is for a passkey in place of the password.
            self._form = {k.decode(): html.unescape(v.decode()) for k, v in reversed(_HIDDEN.findall(answer.body))}
            self.cookies = answer.cookies or self.cookies
        elif b'"access_token"' in answer.body:
            self.tokens = json.loads(answer.body)
        elif b'"preferred_username"' not in answer.body:
            raise Unexpected(f"{answer.status}: {answer.body[:500]!r}")


def code_now() -> str:
    """What every seeded app shows now."""
    return code_at(SECRET, int(time.time()) // PERIOD * PERIOD)


def authorize(port: int, cookies: str = "", request: Mapping[str, str] = REQUEST) -> bytes:
    """An authorization request of the portal."""
    headers = {"Cookie": cookies} if cookies else {}
    return get(port, f"{PROTOCOL}/auth?{urlencode(request)}", **_BROWSER, **headers)


def redeem(port: int, location: str) -> bytes:
    """The token request for the code that a redirect to the portal carries."""
    query = parse_qs(urlsplit(location).query)
    if "code" not in query:
        raise Unexpected(location)
    form = {
        "grant_type": "authorization_code",
        "code": query["code"][0],
        "redirect_uri": CALLBACK,
        "code_verifier": _VERIFIER,
    }
    return token(port, PORTAL, form)


def token(
    port: int, client: tuple[str, str], form: Mapping[str, str], *, endpoint: str = "token", **more: str
) -> bytes:
    """A request of a client that authenticates by its secret; `more` are headers."""
    basic = base64.b64encode(urlencode({client[0]: client[1]}).replace("=", ":").encode()).decode()
    return post(port, f"{PROTOCOL}/{endpoint}", form, Authorization=f"Basic {basic}", **more)
