"""The Security tab in Chromium: a passkey, a number and a mailbox are added, renamed and removed by their owner."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator

from tests.browser.conftest import Browse
from tests.browser.person import Person
from tests.browser.test_passkeys import Device
from tests.clock import Clock
from tests.databases import Databases
from tests.journeys.test_sent_codes import MASKED, NUMBER, code_of, soon, with_sending
from tests.outbound.mailbox import Mailbox
from tests.outbound.twilio_stand_in import TwilioStandIn
from tests.running import RunningServer, running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def twilio() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture(scope="module")
def server(
    databases: Databases,
    tmp_path_factory: pytest.TempPathFactory,
    clock: Clock,
    twilio: TwilioStandIn,
    mailbox: Mailbox,
) -> Iterator[RunningServer]:
    """One for the module: each story has a person of its own."""
    realm = with_sending(twilio, mailbox)
    realm["second_factor"]["rules"].pop()  # payments want a passkey: nobody would let go of their only one
    with running(databases, tmp_path_factory.mktemp("own-factors"), realm, clock=clock) as server:
        yield server


def letters(mailbox: Mailbox) -> Iterator[str]:
    """The letters as they come."""
    while True:
        yield mailbox.next().text


def row(person: Person, name: str) -> Locator:
    """The line of a factor."""
    return person.page.locator("li.row").filter(has_text=name)


def rename(person: Person, name: str, new: str) -> None:
    person.follow(row(person, name).get_by_role("link", name="Rename").click)
    person.submit(label=new)
    assert person.page.get_by_role("status").inner_text() == "The name is changed."
    assert row(person, new).count() == 1


def remove(person: Person, name: str) -> None:
    person.follow(row(person, name).get_by_role("link", name="Remove").click)
    person.submit()
    assert row(person, name).count() == 0


def test_a_passkey_is_added_renamed_and_removed(person: Person, server: RunningServer) -> None:
    device = Device(person)
    device.is_touched(True)
    person.page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = () => Promise.resolve(false)")
    person.open(f"{server.issuer()}/account")
    person.give_password("alice")
    person.click("Passkey")
    person.fill(label="My laptop")
    person.follow(person.page.get_by_role("button", name="Make a passkey").click)
    assert (person.heading, len(device.keys())) == ("Save your recovery codes", 1)
    person.submit()
    assert row(person, "My laptop").count() == 1

    person.clock.advance(301)
    person.follow(row(person, "My laptop").get_by_role("link", name="Rename").click)
    person.follow(person.page.get_by_role("button", name="Use passkey").click)
    person.submit(label="Work laptop")
    assert row(person, "Work laptop").count() == 1

    person.click("Authenticator app")
    person.secrets["alice"] = person.page.locator("#totp-secret").inner_text()
    person.submit(code=person.code("alice"))
    remove(person, "Work laptop")
    assert row(person, "Authenticator app").count() == 1


def test_a_number_and_a_mailbox_are_added_renamed_and_removed_without_a_script(
    browse: Browse, server: RunningServer, twilio: TwilioStandIn, mailbox: Mailbox
) -> None:
    person = browse(java_script_enabled=False)
    person.open(f"{server.issuer()}/account")
    person.give_password("ada")
    person.submit(code=person.code("ada"))
    person.click("Text message")
    person.submit(destination=NUMBER)
    person.submit(code=code_of(soon(lambda: twilio.texts)[-1]))
    if person.heading == "Save your recovery codes":
        person.submit()
    assert row(person, "Text message").locator(".facts").first.inner_text() == MASKED

    person.click("E-mail")
    person.submit(destination="ada@example.com")
    person.submit(code=code_of(next(text for text in letters(mailbox) if "Your code" in text)))
    assert row(person, "E-mail").locator(".facts").first.inner_text() == "a•••@example.com"

    rename(person, "E-mail", "Mailbox at work")
    remove(person, "Mailbox at work")
    rename(person, "Text message", "My phone")
    person.clock.advance(330)
    person.follow(row(person, "My phone").get_by_role("link", name="Rename").click)
    person.submit(code=person.code("ada"))
    assert person.page.locator("input[name=label]").input_value() == "My phone"
