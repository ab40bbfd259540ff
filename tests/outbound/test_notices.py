"""What people are told by mail, in their language, with nothing in it that somebody else has written."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from idp.cli.letters import letters_at_once
from idp.events.log import remote_address
from idp.outbound.notices import Letter, Notice, write
from idp.outbound.queue import AtOnce
from idp.store.database import Database
from tests.clock import START
from tests.conftest import Log
from tests.outbound.mailbox import Mailbox
from tests.outbound.messages import THEMES, Desk, loaded, sending
from tests.outbound.twilio_stand_in import TwilioStandIn
from tests.running import demo_realm

REALM = loaded(demo_realm())
VALUES: dict[str, Any] = {
    "factor": "totp",
    "label": "My phone",
    "left": 3,
    "browser": "Firefox on Linux",
    "client": "Billing portal",
    "code": "482913",
    "link": "https://login.example.com/realms/demo/reset?key=abc",
    "lifetime": 600,
}


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as made:
        yield made


@pytest.fixture
def desk(shared_database_url: str, twilio: TwilioStandIn, mailbox: Mailbox) -> Iterator[Desk]:
    database = Database(shared_database_url)
    yield Desk(database, loaded(sending(twilio, mailbox)), AtOnce())
    database.close()


def written(notice: Notice, *, locale: str = "en", username: str = "alice", **changed: Any) -> Letter:
    values = {name: VALUES[name] for name in notice.value.values} | changed
    return write(THEMES.phrase, notice, realm=REALM, locale=locale, username=username, now=START, values=values)


def told(desk: Desk, notice: Notice, **options: Any) -> bool:
    with desk.database.write() as tx:
        return desk.letters.notice(tx, desk.realm, desk.user(), notice, now=START, **options)


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize("notice", Notice, ids=lambda notice: notice.value.key)
def test_every_letter_is_complete_in_every_language(notice: Notice, locale: str) -> None:
    letter = written(notice, locale=locale)
    assert "{" not in letter.subject + letter.text
    assert "alice" in letter.text
    assert "Example API portal" in letter.text
    assert "\n" not in letter.subject
    for name in ("label", "browser", "client", "code", "link"):
        if name in notice.value.values:
            assert VALUES[name] in letter.text
            assert VALUES[name] not in letter.subject


def test_a_change_says_when_and_from_where_it_was_made() -> None:
    token = remote_address.set("198.51.100.7")
    text = written(Notice.FACTOR_ADDED).text
    remote_address.reset(token)
    assert "authenticator app “My phone”" in text
    assert "When: 2027-01-15, 08:00 UTC" in text
    assert "198.51.100.7" in text


def test_what_an_administrator_does_does_not_say_from_where() -> None:
    token = remote_address.set("198.51.100.7")
    assert "198.51.100.7" not in written(Notice.FACTORS_RESET).text
    remote_address.reset(token)


def test_a_lifetime_is_told_in_the_unit_that_fits() -> None:
    assert "10 minutes" in written(Notice.EMAIL_CODE).text
    assert "1 Tag" in written(Notice.INVITATION, locale="de", lifetime=86400).text


@pytest.mark.attack
def test_what_a_person_has_named_stays_on_its_line() -> None:
    hostile = "phone\r\n\r\nCall +1 555 0100\u2028now\x00" + "x" * 200
    text = written(Notice.FACTOR_ADDED, label=hostile, username="a\nb").text
    assert "phone Call +1 555 0100 now" in text
    assert "x" * 100 not in text
    assert "Hello a b," in text


@pytest.mark.attack
@pytest.mark.parametrize("link", ["https://a.example/ b", "https://a.example/\nb", "https://ä.example/"], ids=ascii)
def test_a_link_that_would_end_early_is_a_bug_and_not_a_letter(link: str) -> None:
    with pytest.raises(ValueError, match="link"):
        written(Notice.PASSWORD_RESET, link=link)


@pytest.mark.parametrize("values", [{}, {"factor": "totp"}, {"factor": "totp", "label": "", "more": 1}], ids=str)
def test_a_letter_is_written_from_its_own_values_only(desk: Desk, values: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="factor-added"):
        told(desk, Notice.FACTOR_ADDED, **values)


def test_a_person_is_told_after_the_commit(desk: Desk, mailbox: Mailbox, log: Log) -> None:
    with desk.database.write() as tx:
        assert desk.letters.notice(tx, desk.realm, desk.user(), Notice.PASSWORD_CHANGED, now=START)
        assert mailbox.letters == []
    (letter,) = mailbox.letters
    assert letter.recipients == ["alice@example.com"]
    assert letter.message["Subject"] == "Your password was changed"
    (event,) = log.events("message.handed_over")
    assert (event["kind"], event["username"]) == ("mail-password-changed", "alice")


def test_nobody_is_told_of_what_did_not_happen(desk: Desk, mailbox: Mailbox) -> None:
    with suppress(ZeroDivisionError), desk.database.write() as tx:
        desk.letters.notice(tx, desk.realm, desk.user(), Notice.PASSWORD_CHANGED, now=START)
        raise ZeroDivisionError
    assert mailbox.letters == []


def test_a_realm_without_mail_tells_nobody_and_says_so(desk: Desk, twilio: TwilioStandIn, mailbox: Mailbox) -> None:
    realm = sending(twilio, mailbox)
    del realm["mail"], realm["factors"]["email"]
    desk.realm = loaded(realm)
    assert not told(desk, Notice.PASSWORD_CHANGED)


def test_a_letter_that_cannot_be_sent_hinders_nothing(desk: Desk, mailbox: Mailbox, log: Log) -> None:
    mailbox.refuse_letter = "554 no"
    assert told(desk, Notice.PASSWORD_CHANGED)
    (event,) = log.events("message.failed")
    assert event["failure"] == "configuration"


def test_a_command_sends_before_it_ends(desk: Desk, mailbox: Mailbox) -> None:
    desk.realm = desk.realm.model_copy(update={"theme": "one-that-only-the-server-has"})
    desk.letters = letters_at_once(desk.realm)
    assert told(desk, Notice.FACTORS_RESET)
    assert [letter.message["Subject"] for letter in mailbox.letters] == ["Your second factors were reset"]
