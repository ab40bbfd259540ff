"""A response by form_post reaches the portal by itself, and by a button where no script runs."""

import pytest

from tests.browser.arrival import Arrival
from tests.browser.conftest import Browse
from tests.portal import Portal

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scripts", [True, False])
def test_a_form_with_the_code_reaches_the_portal(
    browse: Browse, portal: Portal, arrival: Arrival, scripts: bool
) -> None:
    person = browse(java_script_enabled=scripts)
    person.open(portal.url(response_mode="form_post"))

    person.give_password("alice")
    if scripts:
        person.page.wait_for_url(f"{arrival.url}/**")
    else:
        person.click("Continue")

    assert portal.redeem(arrival.received[-1]["code"]).status == 200
