"""Where a request comes from, as the rules of a realm and the log have it."""

import asyncio
import tracemalloc
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from idp.settings import Settings, secret_keys, trusted_networks
from idp.web.intake import Intake

SETTINGS = Settings(
    config=Path(),
    database="",
    public_url="http://localhost",
    trusted_proxies=trusted_networks(["10.0.0.0/8"]),
    secret_keys=secret_keys({}, dev=True),
)


def address_of(peer: str, *forwarded: str) -> str:
    seen: list[str] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["idp.address"])
        await Response()(scope, receive, send)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Message) -> None:
        """Nobody reads it."""

    intake = Intake(application, settings=SETTINGS, refuse=lambda _, status, __: Response(status_code=status))
    headers = [(b"host", b"localhost"), *((b"x-forwarded-for", value.encode()) for value in forwarded)]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers, "client": (peer, 1)}
    asyncio.run(intake(scope, receive, send))
    return seen[0]


@pytest.mark.attack
@pytest.mark.parametrize(
    ("peer", "forwarded"),
    [("::ffff:203.0.113.5", ""), ("10.1.1.1", "::ffff:203.0.113.5"), ("::ffff:10.1.1.1", "203.0.113.5")],
    ids=["a socket of both kinds", "a proxy with one", "a proxy that comes by one"],
)
def test_an_ipv4_address_is_one_however_it_is_written(peer: str, forwarded: str) -> None:
    """Or a rule for people in 203.0.113.0/24 would ask nothing of them at a server that listens on `::`."""
    assert address_of(peer, forwarded) == "203.0.113.5"


@pytest.mark.attack
@pytest.mark.parametrize(
    "forwarded",
    [
        (),
        ("",),
        ("203.0.113.5,",),
        ("203.0.113.5", "unknown"),
        ("_hidden, 10.1.1.2",),
        ('"203.0.113.5"',),
        ("203.0.113.5:x",),
    ],
)
def test_a_proxy_that_names_nobody_does_not_stand_for_them(forwarded: tuple[str, ...]) -> None:
    """Rules that spare the company's networks would spare everybody, for the proxy is in one of them."""
    assert address_of("10.1.1.1", *forwarded) == ""


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("203.0.113.5:4711", "203.0.113.5"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[::ffff:203.0.113.5]:1, 10.1.1.2:2", "203.0.113.5"),
    ],
)
def test_a_proxy_may_write_the_port_too(forwarded: str, address: str) -> None:
    assert address_of("10.1.1.1", forwarded) == address


@pytest.mark.attack
def test_an_endless_list_of_addresses_is_not_looked_through() -> None:
    """It would take gigabytes, and seconds in which nobody is answered."""
    tracemalloc.start()
    with pytest.raises(IndexError):  # the application is not asked
        address_of("10.1.1.1", "," * 1_000_000)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 4_000_000


@pytest.mark.parametrize("peer", ["2001:db8::1", "203.0.113.5", ""])
def test_every_other_address_stays_what_it_is(peer: str) -> None:
    assert address_of(peer, "192.0.2.1") == peer
