"""Codes on their way: limited and recorded with the caller's transaction, sent after it, and told of without them."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import select

from idp.outbound.codes import Addressed, Held
from idp.outbound.notices import Notice
from idp.outbound.queue import AtOnce, Outbox
from idp.outbound.results import Failed, Failure
from idp.outbound.sms.message import Check
from idp.store import tables
from idp.store.database import Database
from tests.clock import START
from tests.conftest import Log
from tests.outbound.mailbox import Mailbox
from tests.outbound.messages import ADDRESS, NUMBER, Desk, loaded, sending
from tests.outbound.twilio_stand_in import Trouble, TwilioStandIn

CODE = "482913"
AT_ONCE = 50


@pytest.fixture
def database(shared_database_url: str) -> Iterator[Database]:
    made = Database(shared_database_url)
    yield made
    made.close()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as made:
        yield made


@pytest.fixture
def desk(database: Database, twilio: TwilioStandIn, mailbox: Mailbox) -> Desk:
    return Desk(database, loaded(sending(twilio, mailbox)), AtOnce())


def text(desk: Desk, to: Addressed, *, now: int = START, code: str = CODE) -> Held | None:
    with desk.database.write() as tx:
        return desk.codes.text(tx, desk.realm, to, code=code, now=now)


def mail(desk: Desk, to: Addressed, *, now: int = START) -> Held | None:
    with desk.database.write() as tx:
        return desk.codes.mail(tx, desk.realm, to, Notice.EMAIL_CODE, now=now, code=CODE, lifetime=600)


def recorded(desk: Desk) -> list[tuple[str, str, str | None]]:
    columns = (tables.messages.c.kind, tables.messages.c.status, tables.messages.c.failure)
    with desk.database.read() as tx:
        return [tuple(row) for row in tx.execute(select(*columns).order_by(tables.messages.c.created_at))]


def test_a_code_goes_to_the_number_with_the_line_that_browsers_read(desk: Desk, twilio: TwilioStandIn) -> None:
    assert text(desk, desk.to(NUMBER)) is None
    (asked,) = twilio.asked
    assert asked.parameters["To"] == NUMBER
    assert asked.parameters["Body"].splitlines()[-1] == f"@localhost #{CODE}"
    assert asked.parameters["ValidityPeriod"] == "300"
    assert asked.parameters["StatusCallback"].startswith("http://localhost:8080/realms/demo/twilio/status?message=")
    assert recorded(desk) == [("sms-sign-in", "accepted", None)]


def test_a_code_goes_by_mail(desk: Desk, mailbox: Mailbox) -> None:
    assert mail(desk, desk.to(ADDRESS)) is None
    (letter,) = mailbox.letters
    assert letter.recipients == [ADDRESS]
    assert CODE in letter.text
    assert CODE not in str(letter.message["Subject"])
    assert recorded(desk) == [("mail-email-code", "accepted", None)]


@pytest.mark.attack
def test_nothing_is_sent_and_nothing_counted_when_the_transaction_fails(desk: Desk, twilio: TwilioStandIn) -> None:
    for _ in range(3):
        with suppress(ZeroDivisionError), desk.database.write() as tx:
            assert desk.codes.text(tx, desk.realm, desk.to(NUMBER), code=CODE, now=START) is None
            raise ZeroDivisionError
    assert twilio.asked == []
    assert recorded(desk) == []


def test_nothing_is_sent_before_the_commit(desk: Desk, twilio: TwilioStandIn) -> None:
    with desk.database.write() as tx:
        desk.codes.text(tx, desk.realm, desk.to(NUMBER), code=CODE, now=START)
        assert twilio.asked == []
    assert len(twilio.asked) == 1


@pytest.mark.attack
def test_of_fifty_requests_at_once_one_sends(desk: Desk, twilio: TwilioStandIn) -> None:
    barrier = threading.Barrier(AT_ONCE)
    results: list[Held | None] = []
    to = desk.to(NUMBER)

    def run() -> None:
        barrier.wait(20)
        results.append(text(desk, to))

    threads = [threading.Thread(target=run) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count(None) == 1
    assert results.count(Held(30, is_pause=True)) == AT_ONCE - 1
    assert len(twilio.asked) == 1


def test_each_further_code_waits_longer(desk: Desk) -> None:
    sent = [second for second in range(0, 600, 5) if text(desk, desk.to(NUMBER), now=START + second) is None]
    assert sent[:4] == [0, 30, 90, 210]
    assert len(sent) == 5


@pytest.mark.attack
def test_changing_the_number_again_and_again_ends_at_the_limit_of_the_person(desk: Desk) -> None:
    numbers = [f"+4917012{n:02}4567" for n in range(12)]
    results = [text(desk, desk.to(number, purpose="enrol")) for number in numbers]
    assert results == [None] * 8 + [Held(600, is_pause=False)] * 4


@pytest.mark.attack
def test_one_block_of_numbers_gets_few_messages_whoever_asks(desk: Desk) -> None:
    people = ("alice", "ada")
    results = [
        text(
            desk,
            desk.to(f"+49170123{n:04}", username=people[n % 2], network=f"192.0.2.{n}"),
            now=START + 601 * (n // 14),
        )
        for n in range(28)
    ]
    assert results.count(None) == 20


@pytest.mark.attack
def test_who_enrols_a_number_cannot_keep_its_owner_from_signing_in(desk: Desk) -> None:
    for second in (0, 30, 90, 210):
        assert text(desk, desk.to(NUMBER, username="ada", purpose="enrol"), now=START + second) is None
    assert text(desk, desk.to(NUMBER), now=START + 211) is None


@pytest.mark.attack
def test_who_enrols_numbers_of_a_block_cannot_keep_its_people_from_signing_in(desk: Desk) -> None:
    enrolled = [
        text(
            desk,
            desk.to(f"+49170123{n:04}", username="ada", purpose="enrol", network=f"192.0.2.{n}"),
            now=START + 601 * (n // 7),
        )
        for n in range(28)
    ]
    assert enrolled.count(None) == 20
    assert text(desk, desk.to("+491701230099"), now=START + 2404) is None


@pytest.mark.attack
def test_who_asks_for_links_cannot_keep_a_person_from_signing_in_by_mail(desk: Desk) -> None:
    link = {"link": "https://login.example.com/x", "lifetime": 3600}
    for second in range(0, 600, 10):
        to = desk.to(ADDRESS, purpose="link", network="198.51.100.7")
        with desk.database.write() as tx:
            desk.codes.mail(tx, desk.realm, to, Notice.PASSWORD_RESET, now=START + second, **link)
    assert [mail(desk, desk.to(ADDRESS), now=START + second) for second in (300, 330, 390, 510)] == [None] * 4


@pytest.mark.attack
def test_the_limit_of_the_day_stops_text_messages_and_nothing_else(
    database: Database, twilio: TwilioStandIn, mailbox: Mailbox, log: Log
) -> None:
    desk = Desk(database, loaded(sending(twilio, mailbox, daily_limit=2)), AtOnce())
    numbers = ("+491701234567", "+491751234567", "+12125550123")
    assert [text(desk, desk.to(n)) for n in numbers] == [None, None, Held(86400, is_pause=False)]
    assert mail(desk, desk.to(ADDRESS)) is None
    (held,) = log.events("message.held")
    assert (held["limit"], held["kind"], held["username"]) == ("sms-realm", "sms-sign-in", "alice")


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (Trouble(status=400, code=21610), ("sms-sign-in", "failed", "opted_out")),
        (Trouble(status=500), ("sms-sign-in", "unknown", "unknown_outcome")),
    ],
    ids=["refused", "unknown"],
)
def test_what_became_of_a_message_is_recorded_and_told(
    desk: Desk, twilio: TwilioStandIn, log: Log, trouble: Trouble, expected: tuple[str, str, str]
) -> None:
    twilio.trouble = trouble
    assert text(desk, desk.to(NUMBER)) is None
    assert recorded(desk) == [expected]
    (event,) = log.events("message.failed")
    assert (event["kind"], event["failure"]) == (expected[0], expected[2])
    assert len(twilio.asked) == 1


@pytest.mark.attack
def test_neither_code_nor_number_nor_address_is_logged_or_stored(
    desk: Desk, twilio: TwilioStandIn, mailbox: Mailbox, log: Log
) -> None:
    text(desk, desk.to(NUMBER))
    mail(desk, desk.to(ADDRESS))
    twilio.trouble, mailbox.refuse_recipient = Trouble(status=400, code=21211), f"550 no {ADDRESS}"
    text(desk, desk.to("+491751234567"))
    mail(desk, desk.to("bob@example.com"))
    with desk.database.read() as tx:
        rows: list[Any] = [*tx.execute(select(tables.messages)), *tx.execute(select(tables.limits))]
    assert len(log.events("message.failed")) == 2
    for secret in (CODE, NUMBER, NUMBER[1:], "1751234567", ADDRESS, "bob@example.com"):
        assert secret not in "\n".join(log.lines)
        assert secret not in str(rows)


def test_a_slow_provider_keeps_nobody_waiting(database: Database, twilio: TwilioStandIn, mailbox: Mailbox) -> None:
    outbox = Outbox("test", threads=1)
    desk = Desk(database, loaded(sending(twilio, mailbox)), outbox)
    twilio.trouble = Trouble(hang=True)
    assert text(desk, desk.to(NUMBER)) is None
    assert text(desk, desk.to("+491751234567")) is None
    twilio.trouble = None
    twilio.release()
    outbox.stop()
    assert len(recorded(desk)) == 2


def test_verify_makes_and_checks_the_code_itself(database: Database, twilio: TwilioStandIn, mailbox: Mailbox) -> None:
    desk = Desk(database, loaded(sending(twilio, mailbox, sender="twilio-verify")), AtOnce())
    assert desk.codes.made_elsewhere(desk.realm)
    assert text(desk, desk.to(NUMBER)) is None
    code = twilio.verifications[NUMBER].code
    assert desk.codes.check(desk.realm, NUMBER, code="0" * 6 if code != "0" * 6 else "1" * 6) is Check.WRONG
    assert desk.codes.check(desk.realm, NUMBER, code=code) is Check.APPROVED
    assert desk.codes.check(desk.realm, NUMBER, code=code) is Check.GONE
    assert recorded(desk) == [("sms-sign-in", "accepted", None)]


@pytest.mark.attack
def test_a_slow_verify_holds_only_a_few_threads(database: Database, twilio: TwilioStandIn, mailbox: Mailbox) -> None:
    desk = Desk(database, loaded(sending(twilio, mailbox, sender="twilio-verify")), AtOnce())
    twilio.trouble = Trouble(hang=True)
    threads = [
        threading.Thread(target=desk.codes.check, args=(desk.realm, NUMBER), kwargs={"code": CODE}) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    while len(twilio.asked) < len(threads):
        threads[0].join(0.01)
    assert desk.codes.check(desk.realm, NUMBER, code=CODE) == Failed(Failure.TRANSIENT)
    twilio.release()
    for thread in threads:
        thread.join()


def test_a_changed_realm_file_changes_the_sender(desk: Desk, twilio: TwilioStandIn, mailbox: Mailbox) -> None:
    text(desk, desk.to(NUMBER))
    desk.realm = loaded(sending(twilio, mailbox, **{"from": "+15005550009"}))
    text(desk, desk.to("+491751234567"))
    assert [asked.parameters["From"] for asked in twilio.asked] == ["+15005550006", "+15005550009"]
