"""A link that many follow at once does what it does once."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest

from tests.conftest import Log
from tests.outbound.mailbox import Mailbox
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.protocol.links.conftest import Forgetful, administrator, mailbox, server
from tests.races.crowd import CROWD, ROUNDS, at_once, served
from tests.running import RunningServer
from tests.visitor import Page, Visitor

__all__ = ["administrator", "mailbox", "server"]
pytestmark = pytest.mark.attack


@pytest.fixture(autouse=True, params=range(ROUNDS))
def a_round() -> None:
    """Each with a server of its own: one person is sent only so many letters."""


def following(client: httpx.Client, page: Page, **fields: str) -> httpx.Response:
    """The form of a link."""
    return served(client, "POST", page.form.action, data={**page.form.fields, **fields})


@pytest.fixture
def clients(server: RunningServer) -> Iterator[list[httpx.Client]]:
    made = [server.http(headers={"accept": "text/html"}) for _ in range(CROWD)]
    for client in made:
        client.timeout = httpx.Timeout(120)
    yield made
    for client in made:
        client.close()


def test_one_of_many_new_passwords_is_set(
    server: RunningServer,
    portal: Portal,
    visit: Callable[..., Visitor],
    mailbox: Mailbox,
    clients: list[httpx.Client],
) -> None:
    page = Forgetful(visit(server), mailbox).opened()
    words = [f"the words of number {number:02}" for number in range(CROWD)]
    answers = at_once(
        *(partial(following, client, page, password=w, repeated=w) for client, w in zip(clients, words, strict=True))
    )
    done = [number for number, answer in enumerate(answers) if answer.status_code == 200]
    assert len(done) == 1
    visitor = visit(server)
    assert "code" in visitor.sign_in(portal.send(visitor), "alice", words[done[0]]).parameters()


def test_an_address_is_confirmed_once(
    server: RunningServer,
    visit: Callable[..., Visitor],
    administrator: Administrator,
    clients: list[httpx.Client],
    log: Log,
) -> None:
    page = visit(server).get(administrator.verification("alice"))
    answers = at_once(*(partial(following, client, page) for client in clients))
    assert [answer.status_code for answer in answers].count(200) == 1
    assert len(log.events("user.email_verified")) == 1


def test_many_questions_at_once_send_one_letter(
    server: RunningServer, clients: list[httpx.Client], mailbox: Mailbox
) -> None:
    address = f"{server.issuer()}/login-actions/reset-credentials"
    calls: list[Callable[[], Any]] = [
        partial(served, c, "POST", address, data={"username": "alice"}) for c in clients[:50]
    ]
    at_once(*calls)
    server.stop()
    assert len(mailbox.letters) == 1
