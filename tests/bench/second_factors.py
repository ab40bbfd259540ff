"""Second factors: people wait at the page of one, and what is measured is the request that answers it."""

import asyncio
import html
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from tests.authenticator import Authenticator, Key
from tests.bench.figures import Figure, NewDatabase, Options, rate, running
from tests.bench.http import Connection, connected
from tests.bench.load import CONNECTIONS
from tests.bench.scenarios import Scenario
from tests.bench.seed import PASSKEY, RECOVERY_CODE, forget, handle, seed
from tests.bench.server import Server
from tests.bench.sign_in import SignIn, Unexpected, code_now
from tests.bench.stand_ins import Arrivals, every_factor
from tests.outbound.mailbox import Mailbox
from tests.outbound.twilio_stand_in import TwilioStandIn

# A network may ask for no more than 200 messages an hour.
_MOST_READY = 190
_OPTIONS = re.compile(rb'data-options="([^"]*)"')
_SEND = re.compile(rb'name="send" value="([^"]*)"')


def measure(folder: Path, new_database: NewDatabase, options: Options) -> Iterator[Figure]:
    """Each factor, of people who have all of them."""
    database, people = new_database(), min(options.ready, options.people, _MOST_READY)
    seed(database, people, with_every_factor=True)
    with TwilioStandIn() as twilio, Mailbox() as mailbox:
        arrivals = Arrivals(twilio, mailbox)
        with running(folder, database, every_factor(twilio, mailbox)) as server:
            for factor in _factors(server, arrivals):
                yield rate(server, SecondFactor(server, factor, people=people, arrivals=arrivals), options)


@dataclass(frozen=True, slots=True)
class Factor:
    """`answer` makes the request; `arrives`: what that request sends is waited for, else it ends the sign-in."""

    name: str
    factor: str
    limit: str
    answer: Callable[[SignIn, Connection], Awaitable[bytes]]
    arrives: bool = False


def _factors(server: Server, arrivals: Arrivals) -> tuple[Factor, ...]:
    key_at = f"http://localhost:{server.port}"

    async def totp(person: SignIn, _: Connection) -> bytes:
        return person.answer(code=code_now())

    async def recovery_code(person: SignIn, _: Connection) -> bytes:
        return person.answer(recovery_code=RECOVERY_CODE)

    async def passkey(person: SignIn, _: Connection) -> bytes:
        device = Authenticator(key_at, keys=[Key(handle(person.number), b"", PASSKEY)])
        asked = json.loads(html.unescape(_found(_OPTIONS, person)))
        return person.answer(credential=device.get(asked, user_handle=None))

    async def send(person: SignIn, _: Connection) -> bytes:
        return ask_for_code(person)

    def typed(factor: str) -> Callable[[SignIn, Connection], Awaitable[bytes]]:
        async def type_in(person: SignIn, connection: Connection) -> bytes:
            person.take(await connection.send(ask_for_code(person)))
            return person.answer(code=await arrivals.code(factor, person.number))

        return type_in

    # A guess is counted, and what was right is used up: two commits are the least.
    least = "commit+commit"
    return (
        Factor("totp", "totp", least, totp),
        Factor("recovery code", "recovery-codes", least, recovery_code),
        Factor("passkey", "webauthn", "es256-verify", passkey),
        Factor("text message, from button to arrival", "sms", least, send, arrives=True),
        Factor("text message, its code", "sms", least, typed("sms")),
        Factor("mail, from button to arrival", "email", least, send, arrives=True),
        Factor("mail, its code", "email", least, typed("email")),
    )


@dataclass
class SecondFactor(Scenario):
    """One factor: the passwords before it are given outside of what is measured."""

    server: Server
    factor: Factor
    people: int = field(kw_only=True)
    arrivals: Arrivals = field(kw_only=True)
    warm_up = 1

    def __post_init__(self) -> None:
        self.name, self.limit = self.factor.name, self.factor.limit
        self._ready: Iterator[tuple[int, bytes]] = iter(())

    def prepare(self) -> None:
        """Everybody comes to the page of the factor."""
        forget(self.server.database)
        self.arrivals.forget()
        ready = uvloop.run(at_second_factor(self.server, range(self.people), self.factor.factor, self.factor.answer))
        if self.factor.arrives:
            self.arrivals.forget()
        self._ready = iter(ready)

    async def once(self, connection: Connection) -> bool:
        number, request = next(self._ready, (0, b""))
        if not request:
            return False
        answer = await connection.send(request)
        if self.factor.arrives:
            await self.arrivals.code(self.factor.factor, number)
        elif answer.status != 303 or "code=" not in answer.location:
            raise Unexpected(f"{self.name}: {answer.status}: {answer.head!r} {answer.body[:500]!r}")
        return True


async def at_second_factor(
    server: Server, numbers: range, factor: str, answer: Callable[[SignIn, Connection], Awaitable[bytes]]
) -> list[tuple[int, bytes]]:
    """So many people past their password, each with the request that comes next."""
    waiting, ready = iter(numbers), []

    async def come(connection: Connection) -> None:
        for number in waiting:
            person = SignIn(server.port, number)
            for request in person.first_factor():
                person.take(await connection.send(request))
            person.take(await connection.send(person.second_factor(factor)))
            ready.append((number, await answer(person, connection)))

    async with connected(server.port, CONNECTIONS) as connections, asyncio.TaskGroup() as group:
        for connection in connections:
            group.create_task(come(connection))
    return ready


def ask_for_code(person: SignIn) -> bytes:
    """The button that has a code sent."""
    return person.answer(send=_found(_SEND, person))


def _found(pattern: re.Pattern[bytes], person: SignIn) -> str:
    found = pattern.search(person.page)
    if found is None:
        raise Unexpected(f"not the page of that factor: {person.page[:500]!r}")
    return found[1].decode()
