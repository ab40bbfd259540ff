"""The stories of a sign-in as people see them, with JavaScript off: no page needs it."""

from collections.abc import Callable

import pytest

from tests.browser.arrival import Arrival
from tests.browser.conftest import Browse
from tests.browser.person import Person
from tests.browser.tour import Tour
from tests.clock import Clock
from tests.portal import Portal
from tests.running import RunningServer
from tests.visitor import PASSWORD

pytestmark = pytest.mark.browser

SESSION = "idp-session-demo"


@pytest.fixture
def person(browse: Browse) -> Person:
    return browse(java_script_enabled=False)


@pytest.fixture
def proven(arrival: Arrival) -> Callable[[Portal], tuple[str, list[str]]]:
    """What the ID token of the last arrival says was proven."""

    def redeemed(portal: Portal) -> tuple[str, list[str]]:
        claims = portal.redeem(arrival.received[-1]["code"]).id_claims
        return claims["acr"], claims["amr"]

    return redeemed


Proven = Callable[[Portal], tuple[str, list[str]]]


def test_a_password_is_enough_for_alice_at_the_portal(
    person: Person, portal: Portal, arrival: Arrival, proven: Proven
) -> None:
    person.open(portal.url())
    assert person.heading == "Sign in"

    person.give_password("alice")

    assert person.address.startswith(portal.redirect_uri)
    assert arrival.received[-1]["state"] == "a state"
    assert proven(portal) == ("password", ["pwd"])


def test_ada_is_asked_for_her_code_and_told_why(person: Person, portal: Portal, proven: Proven) -> None:
    person.open(portal.url())
    person.give_password("ada")
    assert (person.heading, person.note) == ("Enter your code", "The rule “administrators” asks for a second factor.")

    person.submit(code=person.code("ada"))

    assert proven(portal) == ("two-factor", ["pwd", "otp", "mfa"])


def test_alice_sets_up_an_authenticator_app_on_her_way_to_billing(
    person: Person, billing: Portal, arrival: Arrival, proven: Proven
) -> None:
    person.open(billing.url())
    person.give_password("alice")
    assert person.heading == "Set up your authenticator app"

    codes = person.enrol("alice")
    assert (person.heading, len(set(codes))) == ("Save your recovery codes", 10)
    assert (arrival.received, SESSION in person.cookies()) == ([], False)
    person.submit()

    assert person.address.startswith(billing.redirect_uri)
    assert proven(billing) == ("two-factor", ["pwd", "otp", "mfa"])


def test_a_wrong_first_code_of_a_new_app_can_be_mended(tour: Tour, billing: Portal) -> None:
    tour.wrong_enrolment()
    assert tour.person.alert == "That code is not right. Type the one that your app shows now."

    tour.person.enrol("alice")
    tour.person.submit()

    assert tour.person.address.startswith(billing.redirect_uri)


def test_a_recovery_code_stands_in_for_the_app(tour: Tour, billing: Portal, proven: Proven) -> None:
    codes = tour.recovery_code()

    tour.person.submit(recovery_code=codes[0])

    acr, amr = proven(billing)
    assert (acr, "otp" in amr) == ("two-factor", False)


def test_a_recovery_code_may_be_typed_in_capitals_and_without_hyphens(tour: Tour, billing: Portal) -> None:
    codes = tour.recovery_code()

    tour.person.submit(recovery_code=codes[0].replace("-", " ").upper())

    assert tour.person.address.startswith(billing.redirect_uri)


def test_a_used_recovery_code_is_refused_and_says_so(tour: Tour, billing: Portal) -> None:
    codes = tour.recovery_code()
    tour.person.submit(recovery_code=codes[0])
    tour.person.open(billing.url(prompt="login"))
    tour.person.submit(password=PASSWORD)
    tour.person.click("Use a recovery code")

    tour.person.submit(recovery_code=codes[0])

    assert tour.person.alert == "That recovery code is not right or was used already. Try another one."
    assert tour.person.heading == "Use a recovery code"


def test_a_person_may_go_from_the_recovery_code_back_to_the_app(tour: Tour, clock: Clock, billing: Portal) -> None:
    tour.recovery_code()
    tour.person.click("Use a code from your authenticator app")
    clock.advance(30)

    tour.person.submit(code=tour.person.code("alice"))

    assert tour.person.address.startswith(billing.redirect_uri)


def test_a_wrong_password_keeps_the_name_and_asks_again(tour: Tour, portal: Portal) -> None:
    tour.wrong_password()
    assert tour.person.alert == "The user name or the password is not right. Check both and try again."
    assert tour.person.page.get_by_label("User name or e-mail address").input_value() == "alice"
    assert tour.person.page.get_by_label("Password").input_value() == ""

    tour.person.submit(password=PASSWORD)

    assert tour.person.address.startswith(portal.redirect_uri)


def test_a_wrong_code_asks_again(tour: Tour, portal: Portal) -> None:
    tour.wrong_totp()
    assert tour.person.alert == "That code is not right. Type the one that your app shows now."

    tour.person.submit(code=tour.person.code("ada"))

    assert tour.person.address.startswith(portal.redirect_uri)


def test_somebody_signed_in_is_asked_for_the_second_factor_alone(tour: Tour) -> None:
    tour.arrive()

    tour.person.open(tour.billing.url())

    assert tour.person.heading == "Set up your authenticator app"
    assert tour.person.page.get_by_label("Password").count() == 0


def test_a_fresh_factor_is_not_asked_for_again(tour: Tour, portal: Portal, billing: Portal) -> None:
    tour.totp()
    tour.person.submit(code=tour.person.code("ada"))

    tour.person.open(billing.url())

    assert tour.person.address.startswith(billing.redirect_uri)


def test_a_factor_that_is_too_old_is_asked_for_again_with_its_age(tour: Tour, billing: Portal) -> None:
    tour.totp_too_old()
    age = "The rule “payments” asks for a second factor no older than 5 minutes. Your last one is 6 minutes old."
    assert tour.person.note == age

    tour.person.submit(code=tour.person.code("ada"))

    assert tour.person.address.startswith(billing.redirect_uri)


def test_a_portal_may_have_the_password_asked_for_again(tour: Tour, portal: Portal) -> None:
    tour.password_again()
    assert (tour.person.heading, tour.person.note) == (
        "Enter your password",
        "Developer portal asks you to sign in again.",
    )

    tour.person.submit(password=PASSWORD)

    assert tour.person.address.startswith(portal.redirect_uri)


def test_whoever_is_somebody_else_says_so(tour: Tour, arrival: Arrival, portal: Portal) -> None:
    tour.password_again()

    tour.person.click("Not you?")

    assert tour.person.heading == "Sign in"
    tour.person.give_password("ada")
    assert tour.person.page.locator(".person-name").inner_text().split()[-1] == "ada"


@pytest.mark.parametrize("page", ["password", "totp", "enrolment"])
def test_cancelling_leads_back_to_the_portal(tour: Tour, arrival: Arrival, page: str) -> None:
    getattr(tour, page)()

    tour.person.click("Cancel")

    assert arrival.received[-1]["error"] == "access_denied"
    assert arrival.received[-1]["state"] == "a state"


def test_a_reload_of_a_page_asks_the_same(tour: Tour, portal: Portal) -> None:
    tour.totp()

    tour.person.page.reload()

    assert tour.person.heading == "Enter your code"
    tour.person.submit(code=tour.person.code("ada"))
    assert tour.person.address.startswith(portal.redirect_uri)


def test_going_back_after_the_sign_in_says_what_to_do(tour: Tour) -> None:
    tour.totp()
    tour.person.submit(code=tour.person.code("ada"))

    tour.person.page.go_back()

    assert tour.person.heading == "This sign-in is over"


def test_signing_out_is_asked_about_and_leads_back(
    person: Person, server: RunningServer, portal: Portal, arrival: Arrival
) -> None:
    person.open(portal.url())
    person.give_password("alice")
    left = portal.registered["post_logout_redirect_uris"][0]
    person.open(f"{server.endpoint('logout')}?client_id=portal&post_logout_redirect_uri={left}&state=out")
    assert person.heading == "Sign out?"

    person.click("Sign out")

    assert person.address.startswith(left)
    assert arrival.received[-1] == {"state": "out"}
    person.open(portal.url())
    assert person.heading == "Sign in"


def test_whoever_does_not_confirm_stays_signed_in(tour: Tour, portal: Portal) -> None:
    tour.sign_out()

    tour.person.open(portal.url())

    assert tour.person.address.startswith(portal.redirect_uri)


@pytest.mark.parametrize(
    ("page", "heading"),
    [
        ("unknown_client", "This application is not known here"),
        ("unknown_redirect", "The way back is not registered"),
        ("not_found", "This page does not exist"),
        ("other_browser", "This sign-in was started elsewhere"),
        ("blocked", "Your second factor is locked"),
    ],
)
def test_an_error_is_a_page_and_sends_nobody_anywhere(tour: Tour, arrival: Arrival, page: str, heading: str) -> None:
    getattr(tour, page)()

    assert (tour.person.heading, arrival.received) == (heading, [])


def test_a_sign_in_that_took_too_long_starts_again(tour: Tour, portal: Portal) -> None:
    tour.expired()
    assert tour.person.heading == "This sign-in is over"

    tour.person.click("Start again")
    tour.person.give_password("alice")

    assert tour.person.address.startswith(portal.redirect_uri)
