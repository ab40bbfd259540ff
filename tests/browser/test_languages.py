"""Languages: what the browser prefers, what a person chooses, and that choosing loses nothing."""

import pytest

from tests.browser.conftest import Browse
from tests.browser.person import Person
from tests.browser.tour import Tour
from tests.portal import Portal

pytestmark = pytest.mark.browser


def language(person: Person) -> str | None:
    return person.page.locator("html").get_attribute("lang")


def test_a_german_browser_gets_german_pages(browse: Browse, portal: Portal) -> None:
    person = browse(locale="de-AT")

    person.open(portal.url())

    assert (language(person), person.heading) == ("de", "Anmelden")


def test_a_language_chosen_at_the_password_is_that_of_the_next_page(tour: Tour, portal: Portal) -> None:
    tour.password()
    tour.person.click("Deutsch")
    assert (language(tour.person), tour.person.heading) == ("de", "Anmelden")

    tour.person.give_password("ada")

    assert tour.person.heading == "Geben Sie Ihren Code ein"
    tour.person.submit(code=tour.person.code("ada"))
    assert tour.person.address.startswith(portal.redirect_uri)


def test_a_language_chosen_on_the_way_keeps_the_sign_in(tour: Tour, portal: Portal) -> None:
    tour.totp()

    tour.person.click("Deutsch")

    assert tour.person.heading == "Geben Sie Ihren Code ein"
    tour.person.submit(code=tour.person.code("ada"))
    assert tour.person.address.startswith(portal.redirect_uri)


def test_a_language_chosen_while_setting_up_keeps_the_secret(tour: Tour) -> None:
    tour.enrolment()
    secret = tour.person.page.locator("#totp-secret").inner_text()

    tour.person.click("Deutsch")

    assert tour.person.heading == "Richten Sie Ihre Authenticator-App ein"
    assert tour.person.page.locator("#totp-secret").inner_text() == secret


def test_recovery_codes_outlast_a_change_of_language(tour: Tour) -> None:
    codes = tour.new_recovery_codes()

    tour.person.click("Deutsch")

    assert (tour.person.heading, tour.person.recovery_codes()) == ("Sichern Sie Ihre Notfallcodes", codes)


def test_a_chosen_language_is_remembered(tour: Tour) -> None:
    tour.password()
    tour.person.click("Deutsch")

    tour.password()

    assert tour.person.heading == "Anmelden"


def test_a_wrong_answer_is_told_in_the_chosen_language(tour: Tour) -> None:
    tour.password()
    tour.person.click("Deutsch")

    tour.person.give_password(password="wrong")

    assert tour.person.alert.startswith("Der Benutzername oder das Passwort stimmt nicht.")


def test_the_question_about_signing_out_can_be_read_in_another_language(tour: Tour, portal: Portal) -> None:
    tour.sign_out()
    tour.person.click("Deutsch")
    assert tour.person.heading == "Abmelden?"

    tour.person.click("Abmelden")

    assert tour.person.heading == "Sie sind abgemeldet"
