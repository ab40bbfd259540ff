"""Names that would be markup if any page forgot to print them as text."""

from typing import Any

import pytest

from tests.browser.arrival import Arrival
from tests.browser.person import Person
from tests.browser.tour import Tour
from tests.conftest import Start
from tests.portal import Portal
from tests.running import DEMO, RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.attack]

HOSTILE = """"><img src=x onerror="document.title='owned'">'{{7*7}}<!--"""


@pytest.fixture
def server(start: Start, arrival: Arrival) -> RunningServer:
    rules: list[dict[str, Any]] = [
        {**rule, "name": f"{rule['name']} {HOSTILE}"} for rule in DEMO["second_factor"]["rules"]
    ]
    return start(
        arrival.realm(
            arrival.client("portal", client_name=HOSTILE),
            arrival.client("billing", client_name=HOSTILE),
            display_name=HOSTILE,
            second_factor={"rules": rules},
        )
    )


def is_text(person: Person) -> bool:
    """Whether the name can be read on the page, made no element there, and ran nothing."""
    return (
        person.page.get_by_text(HOSTILE).count() > 0
        and person.page.locator("img[src=x]").count() == 0
        and person.page.title() != "owned"
    )


@pytest.mark.parametrize("page", ["password", "password_again", "totp", "enrolment", "sign_out", "signed_out"])
def test_names_of_the_realm_its_portals_and_its_rules_are_text(tour: Tour, page: str) -> None:
    getattr(tour, page)()

    assert is_text(tour.person)


def test_a_login_hint_is_text(person: Person, portal: Portal) -> None:
    person.open(portal.url(login_hint=HOSTILE))

    assert person.page.get_by_label("User name").input_value() == HOSTILE
    assert person.page.locator("img[src=x]").count() == 0


def test_a_user_name_that_was_typed_is_text_when_it_comes_back(person: Person, portal: Portal) -> None:
    person.open(portal.url())

    person.give_password(HOSTILE, "wrong")

    assert person.page.get_by_label("User name").input_value() == HOSTILE
    assert person.page.locator("img[src=x]").count() == 0


def test_what_an_error_page_was_asked_with_is_not_on_it(person: Person, portal: Portal) -> None:
    for parameter in ("client_id", "redirect_uri", "scope", "state", "ui_locales", "kc_locale"):
        person.open(portal.url(**{"client_id": "nobody", parameter: HOSTILE}))

        assert person.heading == "This application is not known here"
        assert person.page.locator("img[src=x]").count() == 0
        assert "onerror" not in person.page.locator("main").inner_text()
