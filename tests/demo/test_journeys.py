"""The demonstration as a whole: people at the portals, a client at the terminal, and a program by night."""

from collections.abc import Callable

import httpx
import pytest

from idp.demo.api import api
from idp.demo.client import main
from idp.resource_server import parse_challenge
from tests.clock import Clock
from tests.conftest import Start
from tests.demo.demonstration import Demonstration, demonstration_running
from tests.demo.surfer import Surfer
from tests.portal import Portal
from tests.resource_server.serving import serving
from tests.visitor import Page, Visitor

PAYMENT = {"to": "Grace Hopper", "amount": "12.50"}
ENROLMENT = ["totp-enrol", "recovery-codes-new"]


def level(page: Page) -> str:
    """The acr that a portal shows."""
    return page.html.partition('<span class="badge">')[2].partition("<")[0]


def at(page: Page) -> str:
    """The site that a page is of."""
    url = page.response.url
    return f"{url.scheme}://{url.netloc.decode()}"


# People at the portals.


def test_alice_signs_in_at_the_portal_with_her_password(demonstration: Demonstration, surfer: Surfer) -> None:
    page = surfer.sign_in(surfer.get(demonstration.portal + "/login"), "alice")

    assert (page.response.status_code, at(page)) == (200, demonstration.portal)
    assert "Alice Developer" in page.html
    assert level(page) == "password"
    assert surfer.asked() == ["password"]


def test_the_billing_portal_knows_her_and_asks_for_what_is_missing(
    demonstration: Demonstration, surfer: Surfer
) -> None:
    surfer.sign_in(surfer.get(demonstration.portal + "/login"), "alice")
    surfer.asked()

    page = surfer.sign_in(surfer.get(demonstration.billing + "/login"))

    assert surfer.asked() == ENROLMENT
    assert (at(page), level(page)) == (demonstration.billing, "two-factor")


def test_who_has_proven_enough_is_asked_nothing_at_the_next_portal(
    demonstration: Demonstration, surfer: Surfer
) -> None:
    surfer.sign_in(surfer.get(demonstration.billing + "/login"), "alice")
    surfer.asked()

    page = surfer.get(demonstration.portal + "/login?prompt=none")

    assert (at(page), level(page), surfer.asked()) == (demonstration.portal, "two-factor", [])


def test_a_refresh_changes_nothing_that_was_proven(demonstration: Demonstration, surfer: Surfer, clock: Clock) -> None:
    surfer.sign_in(surfer.get(demonstration.portal + "/login"), "alice")
    clock.advance(20)
    surfer.post(demonstration.portal + "/refresh")
    clock.advance(20)

    page = surfer.post(demonstration.portal + "/refresh")

    assert "Tokens refreshed" in page.html
    assert level(page) == "password"
    assert "40 seconds ago" in page.html


def test_the_step_up_link_asks_for_the_second_factor_alone(demonstration: Demonstration, surfer: Surfer) -> None:
    page = surfer.sign_in(surfer.get(demonstration.portal + "/login"), "alice")
    link = next(link for link in page.links if "acr_values" in link)
    surfer.asked()

    page = surfer.sign_in(surfer.get(demonstration.portal + link))

    assert surfer.asked() == ENROLMENT
    assert (at(page), level(page)) == (demonstration.portal, "two-factor")


def test_prompt_login_asks_again(demonstration: Demonstration, surfer: Surfer, clock: Clock) -> None:
    page = surfer.sign_in(surfer.get(demonstration.portal + "/login"), "alice")
    link = next(link for link in page.links if "prompt=login" in link)
    clock.advance(60)
    surfer.asked()

    page = surfer.sign_in(surfer.get(demonstration.portal + link))

    assert surfer.asked() == ["password"]
    assert "just now" in page.html


def test_max_age_asks_again_when_it_is_over(demonstration: Demonstration, surfer: Surfer, clock: Clock) -> None:
    page = surfer.sign_in(surfer.get(demonstration.portal + "/login"), "alice")
    link = next(link for link in page.links if "max_age=60" in link)
    surfer.asked()
    for seconds, asked in ((30, []), (31, ["password"])):
        clock.advance(seconds)
        surfer.sign_in(surfer.get(demonstration.portal + link))
        assert surfer.asked() == asked


def test_signing_out_at_one_portal_ends_the_session_for_both(demonstration: Demonstration, surfer: Surfer) -> None:
    for site in (demonstration.portal, demonstration.billing):
        surfer.sign_in(surfer.get(site + "/login"), "alice")

    page = surfer.post(demonstration.portal + "/logout")

    assert (at(page), surfer.way[1].path.rpartition("/")[2]) == (demonstration.portal, "logout")
    assert "You have signed out." in page.html
    assert "login_required" in surfer.get(demonstration.portal + "/login?prompt=none").html
    refused = surfer.post(demonstration.billing + "/refresh")
    assert (refused.status, "invalid_grant" in refused.html) == (400, True)

    page = surfer.post(demonstration.billing + "/logout")

    assert (at(page), "You have signed out." in page.html) == (demonstration.billing, True)


def test_ada_is_asked_for_her_code_by_her_role(demonstration: Demonstration, surfer: Surfer) -> None:
    page = surfer.sign_in(surfer.get(demonstration.portal + "/login"), "ada")

    assert surfer.asked() == ["password", "totp"]
    assert (at(page), level(page)) == (demonstration.portal, "two-factor")


def test_a_sign_in_that_was_cancelled_is_told_at_the_portal(demonstration: Demonstration, surfer: Surfer) -> None:
    page = surfer.submit(surfer.get(demonstration.portal + "/login"), action="cancel")

    assert (at(page), page.status) == (demonstration.portal, 400)
    assert "access_denied" in page.html


# The client at the terminal.


def pay(demonstration: Demonstration, surfer: Surfer, *more: str, username: str = "alice") -> int:
    """Run the command-line client; its browser is the surfer's."""

    def open_url(url: str) -> None:
        page = surfer.sign_in(surfer.get(url), username)
        assert "Back to the terminal" in page.html, page.html

    return main([*demonstration.client_options, *more], open_url=open_url, clock=demonstration.server.clock)


def test_the_client_steps_up_once_and_the_payment_is_made(
    demonstration: Demonstration, surfer: Surfer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pay(demonstration, surfer) == 0

    assert surfer.asked() == ["password", *ENROLMENT]
    said = capsys.readouterr().out
    assert said.count("the API demands a step-up: acr_values two-factor, max_age 300") == 1
    order = ["acr password, amr pwd", "200 ", "401 ", "acr two-factor, amr pwd otp mfa", "201 "]
    assert sorted(order, key=said.index) == order


def test_who_has_just_given_the_password_is_asked_for_the_code_alone(
    demonstration: Demonstration, surf: Callable[[], Surfer], clock: Clock
) -> None:
    first, second = surf(), surf()
    pay(demonstration, first)
    second.secrets = first.secrets
    clock.advance(30)

    assert pay(demonstration, second) == 0

    assert second.asked() == ["password", "totp"]


def test_who_has_proven_enough_for_the_api_is_not_asked(
    demonstration: Demonstration, surfer: Surfer, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    pay(demonstration, surfer, username="ada")
    clock.advance(240)
    surfer.asked()
    capsys.readouterr()

    assert pay(demonstration, surfer) == 0

    assert surfer.asked() == []
    assert "step-up" not in capsys.readouterr().out


def test_after_six_minutes_the_api_demands_a_fresh_sign_in(
    demonstration: Demonstration, surfer: Surfer, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    pay(demonstration, surfer, username="ada")
    clock.advance(360)
    surfer.asked()
    capsys.readouterr()

    assert pay(demonstration, surfer, username="ada") == 0

    # max_age limits every proof that the new acr rests on: auth_time is the oldest of them.
    assert surfer.asked() == ["password", "totp"]
    assert capsys.readouterr().out.count("step-up") == 1


def test_an_api_that_wants_an_acr_that_the_realm_has_not_is_asked_once(
    demonstration: Demonstration, surfer: Surfer, capsys: pytest.CaptureFixture[str]
) -> None:
    app = api(
        issuer=demonstration.server.issuer(),
        audience=demonstration.api,
        acr_values=("gold",),
        clock=demonstration.server.clock,
    )
    with serving(app) as url:
        assert pay(demonstration, surfer, "--api", url) == 1
    assert "demands gold, and the sign-in ended with password" in capsys.readouterr().err
    assert surfer.asked() == ["password"]


def test_an_api_that_is_never_satisfied_costs_one_sign_in(
    demonstration: Demonstration, surfer: Surfer, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    app = api(issuer=demonstration.server.issuer(), audience=demonstration.api, max_age=1, clock=lambda: clock() + 60)
    with serving(app) as url:
        assert pay(demonstration, surfer, "--api", url) == 1
    assert "demands a step-up again, right after one" in capsys.readouterr().err
    assert surfer.asked() == ["password", *ENROLMENT]


# Programs, and tokens that are not for the API.


def call(demonstration: Demonstration, path: str, token: str) -> httpx.Response:
    method, body = ("POST", PAYMENT) if path == "/payments" else ("GET", None)
    with httpx.Client(trust_env=False) as http:
        return http.request(method, demonstration.api + path, json=body, headers={"Authorization": f"Bearer {token}"})


def test_a_program_reads_and_does_not_pay(demonstration: Demonstration, register: Callable[..., Portal]) -> None:
    token = register(demonstration.server, "nightly-report").token(grant_type="client_credentials").access

    assert call(demonstration, "/balance", token).status_code == 200
    refused = call(demonstration, "/payments", token)

    assert (refused.status_code, refused.json()["error"]) == (403, "access_denied")
    assert "www-authenticate" not in refused.headers


def test_a_token_grown_old_is_told_to_step_up_and_an_expired_one_is_not(
    demonstration: Demonstration, register: Callable[..., Portal], visit: Callable[..., Visitor], clock: Clock
) -> None:
    client = register(demonstration.server, "cli")
    first = client.sign_in(visit(demonstration.server), "ada", scope="openid payments")
    clock.advance(360)
    expired = parse_challenge(call(demonstration, "/payments", first.access).headers["www-authenticate"])
    assert expired
    assert expired.error == "invalid_token"

    renewed = client.refresh(first.refresh)
    old = parse_challenge(call(demonstration, "/payments", renewed.access).headers["www-authenticate"])

    assert old
    assert (old.error, old.acr_values, old.max_age) == ("insufficient_user_authentication", ("two-factor",), 300)


@pytest.mark.attack
def test_a_token_that_is_not_for_the_api_opens_nothing(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor], clock: Clock
) -> None:
    with demonstration_running(start, "other") as demonstration:
        mine, foreign = (
            register(demonstration.server, "cli", realm=realm).sign_in(
                visit(demonstration.server, realm=realm), "ada", scope="openid payments"
            )
            for realm in ("demo", "other")
        )
        clock.advance(30)
        without_scope = register(demonstration.server, "cli").sign_in(
            visit(demonstration.server), "ada", scope="openid"
        )
        refused = {
            "of another realm": foreign.access,
            "for another audience": without_scope.access,
            "an ID token": mine.body["id_token"],
            "a refresh token": mine.refresh,
        }
        for what, token in refused.items():
            for path in ("/balance", "/payments"):
                answer = call(demonstration, path, token)
                challenge = parse_challenge(answer.headers["www-authenticate"])
                assert (answer.status_code, challenge and challenge.error) == (401, "invalid_token"), what
        assert call(demonstration, "/payments", mine.access).status_code == 201
