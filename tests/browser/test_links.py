"""The pages of a forgotten password, an invitation and an address to confirm, as they are drawn and used."""

from collections.abc import Iterator

import pytest

from tests.browser.accessibility import violations
from tests.browser.arrival import Arrival
from tests.browser.conftest import Browse
from tests.browser.person import DESKTOP, PHONE, Person
from tests.browser.test_every_page import NARROW, sticking_out
from tests.conftest import Start
from tests.outbound.mailbox import Mailbox
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.protocol.links.conftest import with_mail
from tests.running import RunningServer

pytestmark = pytest.mark.browser

NEW = "another horse, another battery"
WORDS = {
    "en": {"forgot": "Forgot your password?", "done": "Your password is set", "go on": "Continue"},
    "de": {"forgot": "Passwort vergessen?", "done": "Ihr Passwort ist gesetzt", "go on": "Weiter"},
}


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as made:
        yield made


@pytest.fixture
def server(start: Start, arrival: Arrival, mailbox: Mailbox) -> RunningServer:
    return start(arrival.realm(mail=with_mail(mailbox)["mail"]))


@pytest.fixture
def administrator(server: RunningServer) -> Iterator[Administrator]:
    working = Administrator(server)
    yield working
    working.close()


def is_well_drawn(person: Person, name: str) -> None:
    assert violations(person) == [], name
    for width, height in (NARROW, PHONE, DESKTOP):
        person.see(width=width, height=height)
        assert sticking_out(person) == [], name
    assert person.page.evaluate("document.scripts.length") == 0


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_forgotten_password_leads_back_to_the_portal(
    browse: Browse, portal: Portal, mailbox: Mailbox, language: str
) -> None:
    person, words = browse(locale=language), WORDS[language]
    person.open(portal.url())
    is_well_drawn(person, "password")
    person.click(words["forgot"])
    is_well_drawn(person, "reset")
    assert person.focused.get_attribute("name") == "username"
    person.submit(username="alice")
    is_well_drawn(person, "reset-sent")
    person.open(mailbox.next().link)
    is_well_drawn(person, "new-password")
    person.submit(password="123456789012345", repeated="123456789012345")
    is_well_drawn(person, "new-password with an error")
    person.submit(password=NEW, repeated=NEW)
    assert person.heading == words["done"]
    is_well_drawn(person, "link-done")
    person.click(words["go on"])
    person.give_password("alice", NEW)
    assert person.address.startswith(portal.registered["redirect_uris"][0])


def test_the_browser_itself_asks_for_enough_characters_and_lets_people_paste(
    person: Person, administrator: Administrator
) -> None:
    person.context.grant_permissions(["clipboard-read", "clipboard-write"])
    person.open(administrator.add("bob", email=None, password=None))
    is_well_drawn(person, "invitation")
    person.fill(password="short", repeated="short")
    person.press("Enter")
    assert person.page.evaluate("document.querySelector('#password').validity.tooShort")
    person.page.evaluate("navigator.clipboard.writeText('pasted by a password manager')")
    for name in ("password", "repeated"):
        field = person.page.locator(f"#{name}")
        field.fill("")
        field.focus()
        person.press("Control+V")
    person.follow(person.page.locator("form button").first.click)
    assert person.heading == "Your password is set"


def test_an_address_is_confirmed_by_a_click(person: Person, administrator: Administrator) -> None:
    link = administrator.verification("alice")
    person.open(link)
    is_well_drawn(person, "verify-address")
    person.click("Yes, it is mine")
    assert person.heading == "Your address is confirmed"
    person.open(link)
    is_well_drawn(person, "gone")
