"""Passkeys in Chromium, with the virtual authenticator of its developer tools."""

from typing import Any

import pytest
from playwright.sync_api import CDPSession, expect

from tests.browser.arrival import Arrival
from tests.browser.conftest import Browse
from tests.browser.person import Person
from tests.conftest import Start
from tests.portal import Portal
from tests.running import RunningServer, every_factor

pytestmark = pytest.mark.browser


@pytest.fixture
def server(start: Start, arrival: Arrival) -> RunningServer:
    return start(every_factor(clients=[arrival.client("portal"), arrival.client("billing")]))


class Device:
    """A phone or a laptop with a lock: what Chromium takes for the authenticator of this machine."""

    def __init__(self, person: Person) -> None:
        self._cdp: CDPSession = person.context.new_cdp_session(person.page)
        self._cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self._id = self._cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def keys(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._cdp.send("WebAuthn.getCredentials", {"authenticatorId": self._id})[
            "credentials"
        ]
        return found

    def is_touched(self, enabled: bool) -> None:
        """Whether its owner reacts to what it asks."""
        self._cdp.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": self._id, "enabled": enabled})


def enrol(person: Person, billing: Portal) -> None:
    """Choose a passkey, make it, and arrive at the portal."""
    person.open(billing.url())
    person.give_password("alice")
    person.follow(person.page.get_by_role("button", name="Passkey").click)
    person.fill(label="My laptop")
    person.follow(person.page.get_by_role("button", name="Make a passkey").click)
    assert person.heading == "Save your recovery codes"
    person.submit()


def test_a_passkey_is_made_and_signs_in_by_itself(person: Person, billing: Portal, arrival: Arrival) -> None:
    device = Device(person)
    device.is_touched(True)
    enrol(person, billing)
    assert len(device.keys()) == 1
    assert "code" in arrival.received[-1]

    person.context.clear_cookies()
    # Or the field of the name, which asks as soon as the page is there, would have the touch for itself.
    person.page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = () => Promise.resolve(false)")
    person.open(billing.url())
    with person.page.expect_navigation(url=f"{arrival.url}/**"):
        person.page.get_by_role("button", name="Sign in with a passkey").click()

    tokens = billing.redeem(arrival.received[-1]["code"])
    assert tokens.id_claims["amr"] == ["hwk", "user", "mfa"]


def test_the_field_of_the_user_name_offers_it(person: Person, billing: Portal, arrival: Arrival) -> None:
    device = Device(person)
    enrol(person, billing)
    person.context.clear_cookies()

    # The browser shows what it has in the list of the field; a device that answers at once stands for the choice.
    with person.page.expect_navigation(url=f"{arrival.url}/**"):
        person.page.goto(billing.url(), wait_until="commit")

    assert device.keys()[0]["signCount"] > 1
    assert billing.redeem(arrival.received[-1]["code"]).id_claims["acr"] == "phishing-resistant"


def test_a_page_that_stood_for_long_is_made_fresh_with_what_was_typed(person: Person, billing: Portal) -> None:
    device = Device(person)
    person.page.clock.install()
    person.open(billing.url())
    person.give_password("alice")
    person.follow(person.page.get_by_role("button", name="Passkey").click)
    person.fill(label="My laptop")
    person.page.clock.fast_forward(301_000)
    person.clock.advance(301)

    person.follow(person.page.get_by_role("button", name="Make a passkey").click)
    assert person.alert.startswith("This page was open for too long")
    assert (person.page.locator("input[name=label]").input_value(), device.keys()) == ("My laptop", [])
    person.follow(person.page.get_by_role("button", name="Make a passkey").click)
    assert person.heading == "Save your recovery codes"


def test_it_is_the_second_factor_after_the_password(person: Person, billing: Portal, arrival: Arrival) -> None:
    device = Device(person)
    enrol(person, billing)
    person.context.clear_cookies()
    device.is_touched(False)
    person.open(billing.url())
    person.give_password("alice")
    assert person.heading == "Use your passkey"

    device.is_touched(True)
    with person.page.expect_navigation(url=f"{arrival.url}/**"):
        person.page.get_by_role("button", name="Use passkey").click()

    assert billing.redeem(arrival.received[-1]["code"]).id_claims["amr"][0] == "pwd"


def test_what_did_not_work_is_said_and_another_way_is_there(person: Person, billing: Portal) -> None:
    device = Device(person)
    enrol(person, billing)
    person.context.clear_cookies()
    device.is_touched(False)
    person.open(billing.url())
    person.give_password("alice")
    person.page.evaluate(
        "() => { navigator.credentials.get = () => Promise.reject(new DOMException('no', 'NotAllowedError')); }"
    )

    person.page.get_by_role("button", name="Use passkey").click()

    expect(person.page.get_by_role("alert")).to_have_text("That did not work. Try again, or see “Another way” below.")
    person.click("Use a recovery code")
    assert person.heading == "Use a recovery code"


def test_without_javascript_the_page_says_what_to_do(browse: Browse, billing: Portal) -> None:
    person = browse(java_script_enabled=False)
    person.open(billing.url())
    assert not person.page.get_by_role("button", name="Sign in with a passkey").is_visible()
    person.give_password("alice")
    person.follow(person.page.get_by_role("button", name="Passkey").click)
    assert person.page.locator("noscript").inner_text().startswith("Passkeys need JavaScript.")

    person.click("Make a passkey")

    assert person.alert.startswith("Your browser sent no passkey.")
    person.click("Set up something else")
    assert person.heading == "Choose your second factor"


def test_the_codes_are_copied_downloaded_and_printed(browse: Browse, billing: Portal, arrival: Arrival) -> None:
    person = browse(permissions=["clipboard-read", "clipboard-write"], accept_downloads=True)
    person.open(billing.url())
    person.give_password("alice")
    person.follow(person.page.get_by_role("button", name="Authenticator app").click)
    codes = person.enrol("alice")

    person.page.get_by_role("button", name="Copy").click()
    expect(person.page.get_by_role("status")).to_contain_text("Copied.")
    assert person.page.evaluate("navigator.clipboard.readText()").split() == codes

    with person.page.expect_download() as download:
        person.page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "recovery-codes.txt"
    text = download.value.path().read_text()
    assert all(code in text for code in codes)
    assert text.startswith("Example API portal: alice\n")

    person.page.evaluate("() => { window.print = () => { window.printed = true; }; }")
    person.page.get_by_role("button", name="Print").click()
    assert person.page.evaluate("window.printed")
    person.page.emulate_media(media="print")
    assert person.page.locator(".codes").is_visible()
    assert not person.page.locator(".tools").is_visible()
    person.page.emulate_media(media="screen")
    person.submit()
    assert "code" in arrival.received[-1]


def test_without_javascript_the_codes_can_still_be_downloaded(browse: Browse, billing: Portal) -> None:
    person = browse(java_script_enabled=False, accept_downloads=True)
    person.open(billing.url())
    person.give_password("alice")
    person.follow(person.page.get_by_role("button", name="Authenticator app").click)
    codes = person.enrol("alice")

    assert not person.page.get_by_role("button", name="Copy").is_visible()
    with person.page.expect_download() as download:
        person.page.get_by_role("link", name="Download").click()

    assert codes[0] in download.value.path().read_text()
