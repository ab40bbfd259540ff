"""Which driver a realm file gets, and the one that prints."""

import pytest

from idp.errors import SettingsError
from idp.outbound.results import Sent
from idp.outbound.sms.console import ConsoleSender
from idp.outbound.sms.drivers import sms_driver
from idp.outbound.sms.message import Sms
from idp.outbound.sms.twilio import TwilioSender
from idp.outbound.sms.twilio_verify import TwilioCodeService
from tests.outbound.conftest import NUMBER, Section


@pytest.mark.parametrize(
    ("sender", "driver"),
    [("twilio", TwilioSender), ("twilio-verify", TwilioCodeService), ("console", ConsoleSender)],
    ids=["twilio", "twilio-verify", "console"],
)
def test_the_realm_file_chooses_the_driver(section: Section, sender: str, driver: type) -> None:
    assert isinstance(sms_driver(section(sender=sender), dev=True, status_callback=None), driver)


@pytest.mark.attack
def test_codes_are_not_printed_in_production(section: Section) -> None:
    with pytest.raises(SettingsError, match="development"):
        sms_driver(section(sender="console"), dev=False, status_callback=None)


def test_the_console_prints_the_message_and_not_the_number(message: Sms, capsys: pytest.CaptureFixture[str]) -> None:
    assert ConsoleSender(dev=True).send(message) == Sent("console:m-1")
    printed = capsys.readouterr()
    assert message.text in printed.err
    assert NUMBER not in printed.err
    assert printed.out == ""
