"""One sign-in for all portals, and what a request may ask beyond it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.clock import START, Clock
from tests.portal import Portal
from tests.running import RunningServer, demo_client, demo_realm
from tests.visitor import PASSWORD, Visitor

ESSENTIAL = json.dumps({"id_token": {"acr": {"essential": True, "values": ["two-factor"]}}})
PAYMENTS = {"name": "payments", "when": {"scopes": ["payments"]}, "level": "two-factor", "max_age": "5m"}


@pytest.fixture
def paying(start: Callable[..., RunningServer]) -> RunningServer:
    """The demo realm, where whoever moves money has just proven the second factor."""
    rules = demo_realm()["second_factor"]["rules"]
    return start(demo_realm(second_factor={"rules": [*rules, PAYMENTS]}))


def test_the_second_portal_asks_nobody_anything(
    server: RunningServer, register: Callable[..., Portal], visitor: Visitor
) -> None:
    first = register(server, "portal").sign_in(visitor)
    cli = register(server, "cli")

    arrived = cli.send(visitor, scope="openid profile")

    second = cli.redeem(arrived.parameters()["code"])
    assert second.id_claims["sid"] == first.id_claims["sid"]
    assert second.id_claims["auth_time"] == first.id_claims["auth_time"]


def test_the_billing_portal_asks_a_signed_in_person_for_the_second_factor_alone(
    server: RunningServer, portal: Portal, billing: Portal, visit: Callable[..., Visitor], clock: Clock
) -> None:
    enrolled, visitor = visit(server), visit(server)
    billing.sign_in(enrolled)
    visitor.secrets = enrolled.secrets
    clock.advance(30)
    before = portal.sign_in(visitor)
    assert before.id_claims["acr"] == "password"

    page = billing.send(visitor)
    assert page.step == "totp"
    assert "The rule “the billing portal” asks for a second factor." in page.text
    raised = billing.redeem(visitor.sign_in(page).parameters()["code"])

    assert (raised.id_claims["acr"], raised.id_claims["amr"]) == ("two-factor", ["pwd", "otp", "mfa"])
    assert raised.id_claims["sid"] == before.id_claims["sid"]


def test_a_fresh_enough_factor_is_not_asked_for_again(portal: Portal, billing: Portal, visitor: Visitor) -> None:
    portal.sign_in(visitor, "ada")

    assert "code" in billing.send(visitor).parameters()
    assert "code" in billing.send(visitor, prompt="none").parameters()


def test_a_payment_asks_for_the_second_factor_again_after_five_minutes_and_for_it_alone(
    paying: RunningServer, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    billing, visitor, wanted = register(paying, "billing"), visit(paying), {"scope": "openid payments"}
    billing.sign_in(visitor, "ada", **wanted)
    paying.clock.advance(300)
    assert "code" in billing.send(visitor, **wanted).parameters()
    paying.clock.advance(1)
    assert billing.send(visitor, prompt="none", **wanted).parameters()["error"] == "interaction_required"

    page = billing.send(visitor, **wanted)
    assert page.step == "totp"
    assert "no older than 5 minutes" in page.text
    tokens = billing.redeem(visitor.sign_in(page, "ada").parameters()["code"])

    assert tokens.id_claims["amr"] == ["pwd", "otp", "mfa"]
    assert tokens.id_claims["auth_time"] == START


def test_a_rule_for_payments_asks_only_who_pays_and_whoever_leaves_the_scopes_to_the_client(
    paying: RunningServer, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    billing, visitor = register(paying, "billing"), visit(paying)
    billing.sign_in(visitor, "ada")
    paying.clock.advance(1800)

    assert "code" in billing.send(visitor, scope="openid profile").parameters()
    assert billing.send(visitor, scope=None).step == "totp"


def test_a_password_entered_again_does_not_make_an_old_second_factor_young(
    paying: RunningServer, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    billing, visitor = register(paying, "billing"), visit(paying)
    billing.sign_in(visitor, "ada")
    paying.clock.advance(1800)

    page = visitor.submit(billing.send(visitor, scope="openid payments", prompt="login"), password=PASSWORD)

    assert page.step == "totp"


def test_prompt_none_without_a_session(portal: Portal, visitor: Visitor) -> None:
    sent = portal.send(visitor, prompt="none").parameters()

    assert (sent["error"], sent["state"]) == ("login_required", "a state")
    assert sent["iss"] == portal.server.issuer()


def test_prompt_none_where_something_would_have_to_be_asked(portal: Portal, billing: Portal, visitor: Visitor) -> None:
    portal.sign_in(visitor)

    assert billing.send(visitor, prompt="none").parameters()["error"] == "interaction_required"
    assert portal.send(visitor, prompt="none", acr_values="two-factor").parameters()["error"] == "interaction_required"
    assert portal.send(visitor, prompt="none", max_age="0").parameters()["error"] == "interaction_required"
    assert "code" in portal.send(visitor, prompt="none").parameters()


def test_prompt_login_counts_no_earlier_proof(portal: Portal, visitor: Visitor, clock: Clock) -> None:
    before = portal.sign_in(visitor, "ada")
    clock.advance(60)

    page = portal.send(visitor, prompt="login")
    assert page.step == "password"
    assert "ada" in page.text
    page = visitor.submit(page, password=PASSWORD)
    assert page.step == "totp"
    after = portal.redeem(visitor.sign_in(page, "ada").parameters()["code"])

    assert after.id_claims["auth_time"] == START + 60
    assert after.id_claims["sid"] == before.id_claims["sid"]


def test_prompt_login_is_for_the_person_who_is_signed_in(portal: Portal, visitor: Visitor) -> None:
    before = portal.sign_in(visitor, "alice")

    page = visitor.submit(portal.send(visitor, prompt="login"), username="ada", password=PASSWORD)

    assert portal.redeem(page.parameters()["code"]).id_claims["sub"] == before.id_claims["sub"]


def test_select_account_lets_somebody_else_sign_in_with_a_session_of_their_own(
    portal: Portal, visitor: Visitor
) -> None:
    alice = portal.sign_in(visitor, "alice")

    page = portal.send(visitor, prompt="select_account")
    assert (page.step, page.form.fields["username"]) == ("password", "")
    ada = portal.redeem(visitor.sign_in(page, "ada").parameters()["code"])

    assert ada.id_claims["sid"] != alice.id_claims["sid"]
    assert ada.id_claims["sub"] != alice.id_claims["sub"]
    assert portal.refresh(alice.refresh).error == "invalid_grant"


def test_not_you_leads_to_another_account(portal: Portal, visitor: Visitor) -> None:
    portal.sign_in(visitor, "alice")
    again = portal.send(visitor, prompt="login")

    page = visitor.get(next(link for link in again.links if "select_account" in link))

    assert portal.redeem(visitor.sign_in(page, "ada").parameters()["code"]).id_claims["preferred_username"] == "ada"


@pytest.mark.parametrize("age", [30, 60])
def test_max_age_asks_for_the_password_again_once_it_is_older(
    portal: Portal, visitor: Visitor, clock: Clock, age: int
) -> None:
    portal.sign_in(visitor)
    clock.advance(age)
    assert "code" in portal.send(visitor, max_age=age).parameters()

    page = portal.send(visitor, max_age=age - 1)
    assert page.step == "password"
    tokens = portal.redeem(visitor.sign_in(page).parameters()["code"])

    assert tokens.id_claims["auth_time"] == START + age


def test_max_age_limits_the_second_factor_too(portal: Portal, visitor: Visitor, clock: Clock) -> None:
    portal.sign_in(visitor, "ada")
    clock.advance(60)

    page = portal.send(visitor, max_age=59)
    assert page.step == "password"
    assert visitor.submit(page, password=PASSWORD).step == "totp"


def test_max_age_zero_is_prompt_login(portal: Portal, visitor: Visitor) -> None:
    portal.sign_in(visitor)

    page = portal.send(visitor, max_age=0)

    assert page.step == "password"
    assert "code" in visitor.sign_in(page).parameters()


@pytest.mark.parametrize(
    ("acr_values", "step"),
    [("two-factor", "totp-enrol"), ("unheard-of two-factor", "totp-enrol"), ("two-factor password", "totp-enrol")],
)
def test_acr_values_demand_the_first_that_is_known_and_within_reach(
    portal: Portal, visitor: Visitor, acr_values: str, step: str
) -> None:
    portal.sign_in(visitor)

    page = portal.send(visitor, acr_values=acr_values)
    assert page.step == step
    assert "Developer portal asks for a stronger sign-in." in page.text

    assert portal.redeem(visitor.sign_in(page).parameters()["code"]).id_claims["acr"] == "two-factor"


@pytest.mark.parametrize("acr_values", ["password two-factor", "unheard-of", "unheard-of password"])
def test_acr_values_that_hold_ask_nobody_anything(portal: Portal, visitor: Visitor, acr_values: str) -> None:
    portal.sign_in(visitor)

    assert "code" in portal.send(visitor, acr_values=acr_values).parameters()


def test_an_acr_asked_for_is_stated_even_where_more_was_proven(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor, "ada", acr_values="password")

    assert tokens.id_claims["acr"] == "password"


def test_a_request_for_less_does_not_get_around_a_rule(billing: Portal, visitor: Visitor) -> None:
    page = visitor.submit(billing.send(visitor, acr_values="password"), username="ada", password=PASSWORD)

    assert page.step == "totp"


def test_an_essential_acr_is_proven(portal: Portal, visitor: Visitor) -> None:
    portal.sign_in(visitor)

    page = portal.send(visitor, claims=ESSENTIAL)
    assert page.step == "totp-enrol"

    assert portal.redeem(visitor.sign_in(page).parameters()["code"]).id_claims["acr"] == "two-factor"


@pytest.mark.parametrize("values", [["unheard-of"], []], ids=["unknown", "none"])
def test_an_essential_acr_nobody_can_reach_is_an_error_and_never_a_lesser_token(
    portal: Portal, visitor: Visitor, values: list[str]
) -> None:
    portal.sign_in(visitor)
    claims = json.dumps({"id_token": {"acr": {"essential": True, "values": values}}})

    sent = portal.send(visitor, claims=claims).parameters()

    assert ("code" in sent) is (values == [])
    assert sent.get("error") == ("unmet_authentication_requirements" if values else None)
    assert ("acr_values_supported" in sent.get("error_description", "")) is (values != [])


def test_a_client_may_ask_by_default(
    start: Callable[..., RunningServer], register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    client: dict[str, Any] = demo_client("portal") | {"default_acr_values": ["two-factor"], "default_max_age": 600}
    server = start(demo_realm(clients=[client], second_factor={"rules": []}))
    portal, visitor = register(server, client), visit(server)

    assert portal.sign_in(visitor).id_claims["acr"] == "two-factor"
    server.clock.advance(601)

    assert portal.send(visitor).step == "password"


def test_the_session_ends_without_use_and_in_any_case(portal: Portal, visitor: Visitor, clock: Clock) -> None:
    portal.sign_in(visitor)
    for _ in range(12):
        clock.advance(3599)
        assert "code" in portal.send(visitor, prompt="none").parameters()
    clock.advance(12)

    assert portal.send(visitor, prompt="none").parameters()["error"] == "login_required"


def test_an_hour_without_use_ends_the_session(portal: Portal, visitor: Visitor, clock: Clock) -> None:
    portal.sign_in(visitor)
    clock.advance(3600)

    assert portal.send(visitor, prompt="none").parameters()["error"] == "login_required"
