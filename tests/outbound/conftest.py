"""What the tests of outbound share: a stand-in for Twilio, and the section of a realm file that points at it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from idp.outbound.sms.message import Sms
from idp.realm.factor_sections import Sms as SmsSection
from idp.realm.secrets import Secret
from tests.databases import Databases
from tests.outbound.twilio_stand_in import ACCOUNT_SID, AUTH_TOKEN, FROM, VERIFY_SERVICE, TwilioStandIn

Section = Callable[..., SmsSection]

NUMBER = "+491701234567"
CODE = "482913"


@pytest.fixture(scope="module")
def shared_database_url(databases: Databases) -> Iterator[str]:
    """One prepared database for a module whose tests take their rows out themselves: a copy for each costs a second."""
    url = databases.fresh()
    yield url
    databases.drop(url)


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def section(twilio: TwilioStandIn) -> Section:
    """`factors.sms` of a realm file, with keys changed."""

    def make(**changed: Any) -> SmsSection:
        values = {
            "sender": "twilio",
            "account_sid": Secret(ACCOUNT_SID),
            "auth_token": Secret(AUTH_TOKEN),
            "from": FROM,
            "verify_service": VERIFY_SERVICE,
            "countries": ("US", "DE"),
            "api_base_url": twilio.url,
        }
        return SmsSection.model_validate(values | changed)

    return make


@pytest.fixture
def message() -> Sms:
    return Sms(to=NUMBER, text=f"{CODE} is your code.\n\n@login.example.com #{CODE}", lifetime=300, reference="m-1")
