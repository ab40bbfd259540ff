"""A login by its parts alone: what its libraries cost without a rule, a cookie, a header or an event of ours.

As many requests, statements, transactions, pages, hashes and signatures as a login has, with nothing between them: the
server of `python -m tests.bench.parts PORT DATABASE`. What comes out is the most that any server of these parts can do.
"""

import sys
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from idp.cli.allocation import share_one_arena
from idp.cli.collecting import keep
from idp.factors.password import Passwords
from idp.realm.schema import Sessions
from idp.store import guesses, sessions
from idp.store.database import Database, Transaction
from idp.web.themes import Themes, built_in
from idp.web.threads import Endpoint, Threads
from tests.bench.http import Connection, get
from tests.bench.process import Process
from tests.bench.scenarios import Login, Scenario
from tests.bench.sign_in import STEPS, Unexpected

_THREADS = 20
_SUBJECTS = 5000
_HIDDEN = {"transaction": "t" * 200, "csrf_token": "c" * 22, "step": "password", "locale": "en"}
_PAGE: dict[str, object] = {
    "realm": {"title": "bench", "support": None},
    "action": "/",
    "hidden": _HIDDEN,
    "client_name": "portal",
    "username": "",
    "error": None,
    "reasons": ["Because."],
    "alternatives": [],
    "typed": {},
    "trust": None,
    "languages": [],
    "dev": True,
}
_PASSWORD_PAGE = _PAGE | {"username_fixed": False, "not_you": None, "passkey": None, "forgotten": None}
_CLAIMS = {"iss": "http://localhost/realms/bench", "sub": "x" * 36, "aud": "portal", "exp": 1, "jti": "x" * 36}
_CLAIMS |= {"acr": "two-factor", "amr": ["pwd", "otp", "mfa"], "auth_time": 1, "sid": "x" * 36, "scope": "openid"}


class PartsOfLogin(Scenario):
    """One request after the other, as a login sends them."""

    name = "login by its parts alone"
    limit = Login.limit

    def __init__(self, port: int) -> None:
        self._requests = [get(port, f"/{number}") for number in range(len(STEPS))]

    async def once(self, connection: Connection) -> bool:
        for request in self._requests:
            answer = await connection.send(request)
            if answer.status not in (200, 303):
                raise Unexpected(f"{self.name}: {answer.status}: {answer.body[:500]!r}")
        return True


class PartsServer(Process):
    """The server of them."""

    def __init__(self, folder: Path, database: str) -> None:
        self.database = database
        super().__init__(folder, "-m", "tests.bench.parts", "{port}", database, path="/0", environ={})


class _Parts:
    """The requests in the order of a login's, each with the statements and commits that `--only steps` counts."""

    def __init__(self, url: str) -> None:
        self._database, self._themes = Database(url), Themes(built_in())
        self._passwords, self._key = Passwords(), RSAKey.generate_key(2048)
        self._hash = self._passwords.hash("a password")
        self._numbers = count()

    def requests(self) -> tuple[Callable[[Request], Response], ...]:
        return (self.authorize, self.password, self.page_of_the_code, self.code, self.token, self.userinfo)

    def authorize(self, _: Request) -> Response:
        return self._page("login/password.html", _PASSWORD_PAGE)

    def password(self, _: Request) -> Response:
        self._write(reads=1, writes=1)
        self._passwords.verify(self._hash, "a password")
        self._write(reads=2, writes=2)
        return Response(status_code=303)

    def page_of_the_code(self, _: Request) -> Response:
        with self._database.read() as tx:
            self._read(tx, 2)
        return self._page("login/totp.html", _PAGE)

    def code(self, _: Request) -> Response:
        self._write(reads=3, writes=2)
        self._write(reads=4, writes=6)
        return Response(status_code=303)

    def token(self, _: Request) -> Response:
        self._write(reads=2, writes=2)
        return JSONResponse({name: jwt.encode({"alg": "RS256"}, _CLAIMS, self._key) for name in ("access", "id")})

    def userinfo(self, _: Request) -> Response:
        with self._database.read() as tx:
            self._read(tx, 2)
        return JSONResponse(_CLAIMS)

    def _page(self, template: str, context: Mapping[str, object]) -> Response:
        return HTMLResponse(self._themes.render(theme="base", locale="en", template=template, context=context))

    def _write(self, *, reads: int, writes: int) -> None:
        with self._database.write() as tx:
            self._read(tx, reads)
            for _ in range(writes):
                subject = f"one of {_SUBJECTS}, number {next(self._numbers) % _SUBJECTS}"
                guesses.count(tx, subject, now=0, wait=lambda _: 0)

    def _read(self, tx: Transaction, times: int) -> None:
        for _ in range(times):
            sessions.find(tx, "bench", secret="nobody's", limits=Sessions(), now=0)


def main(port: int, database: str) -> None:
    """Serve."""
    share_one_arena()
    threads = Threads(_THREADS)
    routes = [Route(f"/{n}", Endpoint(threads, handle)) for n, handle in enumerate(_Parts(database).requests())]
    keep()
    app = Starlette(routes=routes)
    uvicorn.run(app, port=port, lifespan="off", log_config=None, access_log=False, loop="uvloop", http="httptools")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
