"""Somebody allows a payment on a phone, with JavaScript off."""

import json

import pytest

from tests.browser.arrival import Arrival
from tests.browser.conftest import Browse
from tests.browser.person import PHONE
from tests.browser.tour import DETAIL_WORDS, IN_DETAIL
from tests.conftest import Start
from tests.portal import Portal

pytestmark = pytest.mark.browser


def test_a_payment_is_read_allowed_and_not_asked_for_again(browse: Browse, start: Start, arrival: Arrival) -> None:
    asking = {"require_consent": True, "authorization_details_types": [detail["type"] for detail in IN_DETAIL]}
    client = arrival.client("portal", **asking)
    realm = arrival.realm(client, arrival.client("billing"), authorization_details=DETAIL_WORDS)
    portal = Portal(start(realm), client)
    person = browse(size=PHONE, java_script_enabled=False)

    person.open(portal.url(authorization_details=json.dumps(IN_DETAIL)))
    person.give_password("alice")
    payment = person.page.locator("section", has_text="Make a payment").inner_text().split("\n")
    person.submit()

    assert [line for line in payment if line][:6] == [
        *("Make a payment", "The money leaves your account today."),
        *("At", "https://pay.example/api", "Amount", "Currency"),
    ]
    tokens = portal.redeem(arrival.received[-1]["code"])
    assert tokens.body["authorization_details"] == IN_DETAIL
    person.open(portal.url(authorization_details=json.dumps(IN_DETAIL)))
    assert person.address.startswith(portal.redirect_uri)
    portal.close()
