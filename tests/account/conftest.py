"""A realm in which everything of the account pages can be seen, and an account that has some of each."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from idp.store.database import Database
from idp.store.tables import sessions, trusted_browsers
from tests.account.owner import IPHONE, Owner, Scene
from tests.conftest import Start
from tests.outbound.mailbox import Mailbox
from tests.portal import Portal
from tests.running import RunningServer, demo_client, demo_realm
from tests.visitor import Visitor

Visit = Callable[..., Visitor]
GUEST = demo_client("portal") | {
    "client_id": "guest",
    "client_name": "Guest portal",
    "require_consent": True,
    "authorization_details_types": ["payment"],
}


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as made:
        yield made


@pytest.fixture
def server(start: Start, mailbox: Mailbox) -> RunningServer:
    """The demo realm with mail, where a browser may be trusted at the billing portal."""
    realm = demo_realm(
        mail={"server": {"host": "127.0.0.1", "port": mailbox.port}, "from": "Demo <no-reply@a.example>"}
    )
    realm["second_factor"]["rules"][1]["trusted_browser"] = "30d"
    return start(realm | {"clients": [*realm["clients"], GUEST]})


@pytest.fixture
def owner(visitor: Visitor) -> Owner:
    return Owner(visitor)


@pytest.fixture
def guest(server: RunningServer, register: Callable[..., Portal]) -> Portal:
    return register(server, GUEST)


@pytest.fixture
def scene(owner: Owner, visit: Visit, billing: Portal, portal: Portal, guest: Portal) -> Scene:
    """Alice: two apps, a trusted browser, two applications, and a phone that is signed in too."""
    server = owner.server
    first, _ = owner.add_app("Old phone"), owner.add_app("Tablet")
    tokens = owner.sign_in(billing, trust="yes")
    owner.visitor.submit(guest.send(owner.visitor))
    phone = Owner(visit(server), agent=IPHONE)
    portal.sign_in(phone.visitor)
    changes = _changes(server, first)
    return Scene(owner, phone, billing, tokens, changes)


def _changes(server: RunningServer, factor: str) -> dict[str, str]:
    database = Database(server.settings.database)
    with database.read() as tx:
        browser: Any = tx.execute(select(trusted_browsers.c.id)).scalar_one()
        session: Any = tx.execute(select(sessions.c.id).where(sessions.c.agent == IPHONE)).scalar_one()
    database.close()
    return {
        "rename": f"/factors/{factor}/rename",
        "recovery-codes": "/recovery-codes",
        "forget-browser": f"/browsers/{browser}/forget",
        "forget-browsers": "/forget-browsers",
        "sign-out": f"/sessions/{session}/sign-out",
        "sign-out-others": "/sign-out-others",
        "withdraw": "/applications/billing/withdraw",
        "withdraw-parts": "/applications/guest/withdraw-parts",
        "remove": f"/factors/{factor}/remove",
        "password": "/password",
    }
