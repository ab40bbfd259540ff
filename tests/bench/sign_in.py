"""The requests of one sign-in, from the portal's redirect to UserInfo, each with a name."""

import base64
import hashlib
import html
import json
import re
import time
from collections.abc import Iterator
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
_AUTHORIZE = f"{PROTOCOL}/auth?" + urlencode(
    {
        "response_type": "code",
        "client_id": PORTAL[0],
        "redirect_uri": CALLBACK,
        "scope": "openid profile email",
        "state": "state-of-the-benchmark",
        "nonce": "nonce-of-the-benchmark",
        "code_challenge": _CHALLENGE,
        "code_challenge_method": "S256",
    }
)


class Unexpected(Exception):
    """The server did not do what the benchmark is about."""


class SignIn:
    """One person signing in with a browser of their own; `cookies`, `tokens` are what it leaves."""

    def __init__(self, port: int, number: int) -> None:
        self._port = port
        self._number = number
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
        answer = f"/realms/{REALM}/login-actions/authenticate"
        yield authorize(self._port)
        credentials = {"username": username(self._number), "password": PASSWORD}
        yield post(self._port, answer, self._form | credentials, **_BROWSER, Cookie=self.cookies)
        yield get(self._port, self._location, **_BROWSER, Cookie=self.cookies)
        code = {"code": code_at(SECRET, int(time.time()) // PERIOD * PERIOD)}
        yield post(self._port, answer, self._form | code, **_BROWSER, Cookie=self.cookies)
        yield redeem(self._port, self._location)
        yield get(self._port, f"{PROTOCOL}/userinfo", Authorization=f"Bearer {self.tokens['access_token']}")

    def take(self, answer: Answer) -> None:
        """What the next request needs."""
        if answer.status == 303:
            self._location = answer.location
            # Each answer replaces all that was set before and still counts.
            self.cookies = answer.cookies or self.cookies
        elif b"<form" in answer.body and b'role="alert"' not in answer.body:
            self._form = {k.decode(): html.unescape(v.decode()) for k, v in _HIDDEN.findall(answer.body)}
            self.cookies = answer.cookies or self.cookies
        elif b'"access_token"' in answer.body:
            self.tokens = json.loads(answer.body)
        elif b'"preferred_username"' not in answer.body:
            raise Unexpected(f"{answer.status}: {answer.body[:500]!r}")


def authorize(port: int, cookies: str = "") -> bytes:
    """The authorization request of the portal."""
    headers = {"Cookie": cookies} if cookies else {}
    return get(port, _AUTHORIZE, **_BROWSER, **headers)


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


def token(port: int, client: tuple[str, str], form: dict[str, str], endpoint: str = "token") -> bytes:
    """A request of a client that authenticates by its secret."""
    basic = base64.b64encode(urlencode({client[0]: client[1]}).replace("=", ":").encode()).decode()
    return post(port, f"{PROTOCOL}/{endpoint}", form, Authorization=f"Basic {basic}")
