"""What people are told by mail of what happens when they, or others, sign in."""

from collections.abc import Iterator

import pytest

from idp.policy.lockout import SECOND_FACTOR_SHUT_AT
from idp.store import guesses, people
from idp.store.database import Database
from tests.conftest import Log, Start
from tests.journeys.test_sent_codes import soon
from tests.outbound.mailbox import Mailbox
from tests.portal import Portal
from tests.running import RunningServer, demo_realm
from tests.visitor import PASSWORD, Visitor


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def server(start: Start, mailbox: Mailbox) -> RunningServer:
    mail = {"server": {"host": "127.0.0.1", "port": mailbox.port}, "from": "Example <no-reply@example.com>"}
    return start(demo_realm(mail=mail))


def test_a_new_factor_and_a_used_recovery_code(billing: Portal, visitor: Visitor, mailbox: Mailbox) -> None:
    billing.sign_in(visitor)
    assert soon(lambda: mailbox.letters)[0].message["subject"] == "A way of signing in was added to your account"
    visitor.http.cookies.clear()
    page = visitor.submit(billing.send(visitor), username="alice", password=PASSWORD)
    page = visitor.another_way(page, "recovery-codes")

    visitor.submit(page, recovery_code=visitor.codes["alice"][0])

    letter = soon(lambda: mailbox.letters[1:])[0]
    assert (letter.recipients, letter.message["subject"]) == (["alice@example.com"], "A recovery code was used")
    assert "You have 9 left." in letter.text


def test_the_last_of_too_many_wrong_codes(
    portal: Portal, visitor: Visitor, mailbox: Mailbox, log: Log, server: RunningServer
) -> None:
    database = Database(server.settings.database)
    with database.write() as tx:
        ada = people.by_identifier(tx, "demo", "ada")
        assert ada
        for _ in range(SECOND_FACTOR_SHUT_AT - 1):
            guesses.count(tx, guesses.second_factor_subject(ada.user.id), now=server.clock(), wait=lambda _: 0)
    database.close()
    page = visitor.submit(portal.send(visitor), username="ada", password=PASSWORD)
    assert not mailbox.letters

    visitor.submit(page, code="000000")

    letter = soon(lambda: mailbox.letters)[0]
    assert (letter.recipients, letter.message["subject"]) == (["ada@example.com"], "Your second factor is locked")
    assert [event["username"] for event in log.events("factors.shut")] == ["ada"]
