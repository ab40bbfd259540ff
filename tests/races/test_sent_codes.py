"""A code that is asked for many times at once is sent once; one that is typed many times at once opens one door."""

from collections.abc import Iterator

import pytest

from tests.conftest import Start
from tests.journeys.test_sent_codes import choose, code_of, press, soon, with_sending
from tests.outbound.mailbox import Mailbox
from tests.outbound.twilio_stand_in import TwilioStandIn
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.races.crowd import ROUNDS
from tests.races.test_sign_in import arrived, at_once, copies
from tests.running import RunningServer
from tests.visitor import PASSWORD, Visitor

pytestmark = pytest.mark.attack


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def server(start: Start, twilio: TwilioStandIn) -> Iterator[RunningServer]:
    with Mailbox() as mailbox:
        yield start(with_sending(twilio, mailbox))


def test_one_message_for_many_requests_and_one_way_in_by_its_code(
    billing: Portal, visitor: Visitor, twilio: TwilioStandIn
) -> None:
    page = press(visitor, choose(billing, visitor, "sms"), destination="+49 170 1234567")
    visitor.submit(visitor.submit(page, code=code_of(soon(lambda: twilio.texts)[-1])))
    visitor.http.timeout = 120
    administrator = Administrator(billing.server)
    for number in range(1, ROUNDS + 1):
        visitor.http.cookies.clear()
        visitor.server.clock.advance(86400)
        page = visitor.submit(billing.send(visitor), username="alice", password=PASSWORD)
        target = next(b["value"] for b in page.form.buttons if b.get("name") == "send")

        at_once(billing.server, *copies(visitor, page, send=target))

        soon(lambda: len(twilio.texts) > number)  # noqa: B023 - called at once
        assert len(twilio.texts) == number + 1
        page = visitor.get(str(page.response.url))
        results = at_once(billing.server, *copies(visitor, page, code=code_of(twilio.texts[-1])))
        assert len(arrived(results)) == 1
        assert administrator.rows()["sessions"] == number + 1
    administrator.close()
