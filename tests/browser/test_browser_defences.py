"""What the browser itself refuses on the server's behalf, because the pages' policy tells it to."""

import pytest

from tests.browser.arrival import Arrival
from tests.browser.person import Person
from tests.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.attack]


def complaint(person: Person) -> str:
    """The one thing that the browser complained about, and was meant to."""
    found = " ".join(person.complaints)
    person.complaints.clear()
    return found


def test_a_page_of_the_sign_in_cannot_be_framed(person: Person, portal: Portal, arrival: Arrival) -> None:
    person.open(arrival.url)
    framed = "url => document.body.append(Object.assign(document.createElement('iframe'), {src: url}))"
    with person.page.expect_console_message(lambda message: "frame" in message.text.lower()):
        person.page.evaluate(framed, portal.url())

    assert person.page.frame_locator("iframe").locator("form").count() == 0
    assert "frame-ancestors" in complaint(person)


def test_a_form_that_was_turned_elsewhere_is_not_sent(person: Person, portal: Portal) -> None:
    person.open(portal.url())
    elsewhere = Arrival()
    person.fill(username="alice", password="a password to steal")
    person.page.evaluate("url => document.forms[0].action = url", elsewhere.url)
    with person.page.expect_console_message(lambda message: "form-action" in message.text):
        person.page.evaluate("document.forms[0].requestSubmit()")

    elsewhere.close()
    assert elsewhere.received == []
    assert "form-action" in complaint(person)


def test_a_script_that_got_into_a_page_does_not_run(person: Person, portal: Portal) -> None:
    person.open(portal.url())
    image = """<img src="data:," onerror="window.ran = 1">"""
    with person.page.expect_console_message(lambda message: "script" in message.text.lower()):
        person.page.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", image)

    assert person.page.evaluate("window.ran") is None
    assert "script" in complaint(person).lower()


def test_the_session_cookie_cannot_be_read_by_a_script(person: Person, portal: Portal) -> None:
    person.open(portal.url())
    person.give_password("alice")
    person.open(f"{portal.server.issuer()}/nothing-here")

    assert "idp-session-demo" in person.cookies()
    assert "session" not in person.page.evaluate("document.cookie")
