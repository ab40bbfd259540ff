"""What is measured: one class a scenario. `once` is one operation; it says False when nothing is left to do."""

import json
from abc import ABC, abstractmethod
from itertools import count

from tests.bench.http import Connection
from tests.bench.seed import forget
from tests.bench.server import PORTAL, REPORT
from tests.bench.sign_in import SignIn, Unexpected, authorize, token


class Scenario(ABC):
    """`limit` names what the core can do at best, and `target` is the part of it that is to be reached."""

    name: str
    limit: str | None = None
    target: float | None = None
    warm_up = 3
    """Operations on each connection before any is measured."""

    def prepare(self) -> None:  # noqa: B027  # most need nothing
        """Before each round, outside of what is measured."""

    @abstractmethod
    async def once(self, connection: Connection) -> bool:
        """One operation."""


class Login(Scenario):
    """Password, TOTP, code exchange, UserInfo: each person at most once a round, because a code is good for once."""

    name = "login with TOTP"
    limit = "argon2"
    target = 0.7

    def __init__(self, port: int, database: str, users: int) -> None:
        self._port, self._database, self._users = port, database, users
        self._numbers = iter(range(0))

    def prepare(self) -> None:
        forget(self._database)
        self._numbers = iter(range(self._users))

    async def once(self, connection: Connection) -> bool:
        number = next(self._numbers, None)
        if number is None:
            return False
        await SignIn(self._port, number).run(connection)
        return True


class Repeated(Scenario):
    """One request, made beforehand, again and again."""

    def __init__(self, name: str, request: bytes, expected: bytes, *, limit: str | None = None) -> None:
        self.name, self._request, self._expected, self.limit = name, request, expected, limit

    async def once(self, connection: Connection) -> bool:
        answer = await connection.send(self._request)
        if self._expected not in answer.body and self._expected not in answer.head:
            raise Unexpected(f"{self.name}: {answer.status}: {answer.body[:500]!r}")
        return True


class ClientCredentials(Repeated):
    """A program gets a token for itself: one signature, no row."""

    target = 0.5

    def __init__(self, port: int) -> None:
        request = token(port, REPORT, {"grant_type": "client_credentials"})
        super().__init__("client credentials", request, b'"access_token"', limit="rs256")


class Refresh(Scenario):
    """A chain of refresh tokens on each connection, as each is used once."""

    name = "refresh"
    limit = "rs256"

    def __init__(self, port: int, database: str) -> None:
        self._port, self._database, self._numbers = port, database, count()
        self._tokens: dict[Connection, str] = {}

    def prepare(self) -> None:
        """The connections are new."""
        forget(self._database)
        self._tokens.clear()

    async def once(self, connection: Connection) -> bool:
        if connection not in self._tokens:
            person = SignIn(self._port, next(self._numbers))
            await person.run(connection)
            self._tokens[connection] = person.tokens["refresh_token"]
        form = {"grant_type": "refresh_token", "refresh_token": self._tokens[connection]}
        answer = await connection.send(token(self._port, PORTAL, form))
        if answer.status != 200:
            raise Unexpected(f"refresh: {answer.status}: {answer.body[:500]!r}")
        self._tokens[connection] = json.loads(answer.body)["refresh_token"]
        return True


def silent(port: int, person: SignIn) -> Scenario:
    """Somebody who is signed in opens the portal again, and is asked nothing."""
    return Repeated("silent single sign-on", authorize(port, person.cookies), b"&code=")
