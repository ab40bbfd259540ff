"""The pages of every second factor as they are drawn: axe finds nothing and nothing sticks out, in either scheme."""

from collections.abc import Callable, Iterator

import pytest

from tests.browser.accessibility import violations
from tests.browser.arrival import Arrival
from tests.browser.conftest import Browse
from tests.browser.person import DESKTOP, PHONE, Person
from tests.browser.test_every_page import NARROW, sticking_out
from tests.conftest import Start
from tests.journeys.test_sent_codes import code_of, with_sending
from tests.outbound.mailbox import Mailbox
from tests.outbound.twilio_stand_in import Trouble, TwilioStandIn
from tests.portal import Portal
from tests.running import RunningServer

pytestmark = pytest.mark.browser


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def server(start: Start, arrival: Arrival, twilio: TwilioStandIn) -> Iterator[RunningServer]:
    with Mailbox() as mailbox:
        clients = [arrival.client("portal"), arrival.client("billing")]
        yield start(with_sending(twilio, mailbox) | {"clients": clients})


@pytest.fixture
def look() -> Callable[[Person, str], None]:
    """At the page that the person has before them, under a heading."""

    def at(person: Person, heading: str) -> None:
        assert person.heading == heading
        assert violations(person) == []
        for width, height in (NARROW, PHONE, DESKTOP):
            person.see(width=width, height=height)
            assert sticking_out(person) == []

    return at


def test_the_pages_of_a_sign_in_with_every_factor(
    browse: Browse, billing: Portal, twilio: TwilioStandIn, look: Callable[[Person, str], None]
) -> None:
    person = browse()
    person.open(billing.url())
    look(person, "Sign in")
    person.give_password("alice")
    look(person, "Choose your second factor")
    person.follow(person.page.get_by_role("button", name="Passkey").click)
    look(person, "Set up a passkey")
    person.click("Set up something else")
    person.follow(person.page.get_by_role("button", name="E-mail").click)
    look(person, "Set up codes by e-mail")
    person.click("Set up something else")
    person.follow(person.page.get_by_role("button", name="Text message").click)
    look(person, "Set up text messages")
    person.fill(destination="+49 170 1234567")
    person.click("Send code")
    look(person, "Set up text messages")
    person.fill(code=code_of(twilio.texts[-1]))
    person.click("Continue")
    look(person, "Save your recovery codes")
    person.submit()

    person.context.clear_cookies()
    person.clock.advance(600)
    person.open(billing.url())
    person.give_password("alice")
    look(person, "Get a code by text message")
    person.follow(person.page.locator("button[name=send]").click)
    look(person, "Get a code by text message")
    person.clock.advance(60)
    twilio.trouble = Trouble(status=400, code=21610)
    person.follow(person.page.locator("button[name=send]").click)
    look(person, "Get a code by text message")
    assert person.alert.startswith("That number wants no more messages from us. Answer the last one with START")
