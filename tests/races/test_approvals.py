"""What a browser approves for somebody else, a device or a client that pushed its request, is fetched and used once."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import Table

from idp.store.tables import device_codes, pushed_requests
from tests.conftest import Start
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.protocol.device.test_device import GRANT, TV, approve, ask, confirm, enter, hidden
from tests.protocol.token_exchange.test_token_exchange import ACCESS, CLIENTS, SCOPES, SELF
from tests.protocol.token_exchange.test_token_exchange import GRANT as EXCHANGE
from tests.races.crowd import CROWD, ROUNDS, at_once, served
from tests.races.test_sign_in import at_once as piled_up
from tests.running import RunningServer, demo_realm
from tests.visitor import Visitor

pytestmark = pytest.mark.attack


@pytest.fixture
def server(start: Start) -> RunningServer:
    realm = demo_realm()
    clients = [*realm["clients"], *CLIENTS, TV]
    return start(realm | {"clients": clients, "scopes": realm["scopes"] | SCOPES})


@pytest.fixture
def tv(server: RunningServer, register: Callable[..., Portal]) -> Portal:
    return register(server, TV)


@pytest.fixture
def http(server: RunningServer) -> Iterator[httpx.Client]:
    """A connection for each of the crowd."""
    with server.http(limits=httpx.Limits(max_connections=CROWD), headers={"accept": "text/html"}) as http:
        http.timeout = httpx.Timeout(120)
        yield http


@pytest.fixture
def administrator(server: RunningServer) -> Iterator[Administrator]:
    working = Administrator(server)
    yield working
    working.close()


def like(visitor: Visitor) -> dict[str, str]:
    """The cookies of a browser as a header: what another request gets back does not change them."""
    return {"cookie": "; ".join(f"{name}={value}" for name, value in visitor.cookies().items())}


def crowd(server: RunningServer, *calls: Callable[[], httpx.Response], locked: Table) -> list[httpx.Response]:
    """The calls in turn, `CROWD` of them, which wait for each other where they would change the table."""
    return piled_up(server, *(calls[number % len(calls)] for number in range(CROWD)), locked=locked)


def test_one_of_many_polls_fetches_what_was_approved(
    server: RunningServer, tv: Portal, visitor: Visitor, http: httpx.Client
) -> None:
    for _ in range(ROUNDS):
        device = ask(tv)
        approve(visitor, device)
        server.clock.advance(5)
        form = {"grant_type": GRANT, "device_code": device["device_code"], "client_id": "tv"}

        answers = crowd(server, partial(served, http, "POST", server.endpoint("token"), data=form), locked=device_codes)

        lost = {a.json()["error"] for a in answers if a.status_code != 200}
        assert [a.status_code for a in answers].count(200) == 1
        assert lost <= {"invalid_grant", "slow_down"}


def test_one_of_many_approvals_is_the_devices(
    server: RunningServer, tv: Portal, visit: Callable[..., Visitor], http: httpx.Client, administrator: Administrator
) -> None:
    """Two people who are signed in press the button at once, and press it often."""
    for number in range(ROUNDS):
        device, presses = ask(tv), []
        for username in ("alice", "ada"):
            visitor, address = visit(server), f"{server.issuer()}/device"
            approve(visitor, ask(tv), username)
            form = {"device": hidden(enter(visitor, device["user_code"]))}
            presses.append(partial(served, http, "POST", address, data=form, headers=like(visitor)))
            server.clock.advance(30)
        before = administrator.rows()["grants"]

        answers = crowd(server, *presses, locked=device_codes)

        approved = [a for a in answers if "done=approved" in a.headers.get("location", "")]
        assert (len(approved), administrator.rows()["grants"]) == (1, before + 1), number


def test_one_of_many_that_bring_a_pushed_request_gets_a_code(
    server: RunningServer, portal: Portal, visitor: Visitor, http: httpx.Client
) -> None:
    portal.sign_in(visitor)
    for _ in range(ROUNDS):
        made: dict[str, Any] = portal.call("ext/par/request", **portal.request(prompt="none")).json()
        named = {"client_id": portal.client_id, "request_uri": made["request_uri"]}

        come = partial(served, http, "GET", server.endpoint("auth"), params=named, headers=like(visitor))
        answers = crowd(server, come, locked=pushed_requests)

        with_code = [a for a in answers if "code=" in a.headers.get("location", "")]
        assert len(with_code) == 1
        assert {a.status_code for a in answers if a not in with_code} == {400}


def test_nothing_that_was_exchanged_meanwhile_outlives_the_sign_in(
    server: RunningServer,
    register: Callable[..., Portal],
    visitor: Visitor,
    http: httpx.Client,
    administrator: Administrator,
) -> None:
    own = register(server, SELF)
    for _ in range(ROUNDS):
        token = own.sign_in(visitor, scope="openid orders stock").access
        form = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": ACCESS, "scope": "stock"}
        auth = (own.client_id, own.secret or "")
        exchange = partial(http.post, server.endpoint("token"), data=form, auth=auth)
        revoke = partial(http.post, server.endpoint("revoke"), data={"token": token}, auth=auth)

        answers = at_once(*[exchange] * 7, revoke)

        exchanged = [a.json()["access_token"] for a in answers if "access_token" in a.text]
        assert not any(own.introspect(one)["active"] for one in exchanged)
        assert own.token(**form).error == "invalid_request"


def test_a_refusal_and_an_approval_at_once_leave_one_of_them(
    server: RunningServer, tv: Portal, visitor: Visitor, http: httpx.Client
) -> None:
    """Whoever saw that the device was refused has refused it."""
    approve(visitor, ask(tv))
    for _ in range(ROUNDS):
        device = ask(tv)
        page = enter(visitor, device["user_code"])
        press = partial(served, http, "POST", f"{server.issuer()}/device", headers=like(visitor))
        form = {"device": hidden(page)}

        refuse = partial(press, data=form | {"action": "cancel"})
        answers = crowd(server, partial(press, data=form), refuse, locked=device_codes)

        approved = [a for a in answers if "done=approved" in a.headers.get("location", "")]
        server.clock.advance(5)
        told = tv.token(grant_type=GRANT, device_code=device["device_code"])
        assert told.error == (None if approved else "access_denied")
        assert len(approved) <= 1
        assert confirm(visitor, page).status == 400
