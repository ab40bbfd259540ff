"""A realm with mail, and people who read it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import Start
from tests.outbound.mailbox import Letter, Mailbox
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.running import RunningServer, demo_realm
from tests.visitor import Page, Visitor

NEW = "another horse, another battery"


def with_mail(mailbox: Mailbox, name: str = "demo", **changed: Any) -> dict[str, Any]:
    """The demo realm, which sends its mail to the mailbox."""
    mail = {"server": {"host": "127.0.0.1", "port": mailbox.port}, "from": "Demo <no-reply@a.example>"}
    return demo_realm(name, mail=mail, **changed)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as made:
        yield made


@pytest.fixture
def server(start: Start, mailbox: Mailbox) -> RunningServer:
    return start(with_mail(mailbox))


@pytest.fixture
def administrator(server: RunningServer) -> Iterator[Administrator]:
    working = Administrator(server)
    yield working
    working.close()


class Forgetful:
    """Somebody at a browser who does not know their password."""

    def __init__(self, visitor: Visitor, mailbox: Mailbox) -> None:
        self.visitor, self.mailbox = visitor, mailbox

    def question(self, page: Page | None = None) -> Page:
        """The page that asks who it is, by the link on a password page or by its address."""
        if page is None:
            return self.visitor.get(f"{self.visitor.server.issuer()}/login-actions/reset-credentials")
        return self.visitor.get(next(link for link in page.links if "reset-credentials" in link))

    def ask(self, identifier: str = "alice", page: Page | None = None) -> Page:
        return self.visitor.submit(self.question(page), username=identifier)

    def letter(self, identifier: str = "alice", page: Page | None = None) -> Letter:
        """The one with the link."""
        self.ask(identifier, page)
        while "/action-token?" not in (letter := self.mailbox.next()).text:
            pass
        return letter

    def opened(self, identifier: str = "alice", page: Page | None = None) -> Page:
        """The page of the link, in the same browser."""
        return self.visitor.get(self.letter(identifier, page).link)

    def choose(self, page: Page, password: str = NEW, repeated: str | None = None) -> Page:
        return self.visitor.submit(page, password=password, repeated=password if repeated is None else repeated)


@pytest.fixture
def forgetful(visitor: Visitor, mailbox: Mailbox) -> Forgetful:
    return Forgetful(visitor, mailbox)


@pytest.fixture
def signs_in(portal: Portal, visit: Callable[..., Visitor]) -> Callable[..., bool]:
    """Whether a password opens the portal, in a browser of its own."""

    def does(username: str, password: str) -> bool:
        visitor = visit(portal.server)
        return "code=" in (visitor.sign_in(portal.send(visitor), username, password).location or "")

    return does
