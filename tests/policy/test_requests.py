"""What a request demands: `acr_values`, an essential acr, the client's defaults, `prompt`."""

import pytest

from idp.policy.decide import Demand
from idp.policy.proofs import Proof
from idp.policy.question import Person
from idp.realm.schema import Realm
from tests.policy.build import (
    APP,
    CODES,
    NOBODY,
    OWNER,
    PHONE,
    TWO_FACTOR,
    UNMET,
    acr,
    asking,
    code,
    demand,
    in_short,
    password,
    person,
    realm,
    shut,
    totp,
)

PLAIN = realm()
NO_SECOND = realm(levels={"password": {"factors": 1}, "two-factor": {"factors": 2}}, factors={})
SHEET_LEVEL = realm(
    levels={
        "password": {"factors": 1},
        "sheet": {"factors": 2, "accept": ["recovery-codes"]},
        "app": {"factors": 2, "accept": ["totp"]},
    }
)
WITH_PHONE = person(PHONE)
SHUT = person(shut(PHONE), shut(CODES))
SIGNED_IN = (password(60),)


@pytest.mark.parametrize(
    ("of", "who", "acr_values", "expected"),
    [
        pytest.param(PLAIN, OWNER, (), "in as password", id="nothing sent"),
        pytest.param(PLAIN, OWNER, ("unknown",), "in as password", id="none known: as if not sent"),
        pytest.param(PLAIN, OWNER, ("unknown", "app"), "ask totp", id="unknown ones are skipped"),
        pytest.param(PLAIN, OWNER, ("two-factor",), "ask totp or recovery-codes", id="demanded, not wished"),
        pytest.param(PLAIN, OWNER, ("app", "password"), "ask totp", id="the first, not the easiest"),
        pytest.param(PLAIN, OWNER, ("password", "app"), "in as password", id="the first, not the strongest"),
        pytest.param(PLAIN, NOBODY, ("two-factor",), "enrol totp", id="reached by what may be enrolled"),
        pytest.param(PLAIN, SHUT, ("two-factor",), UNMET, id="nothing that can be proven now"),
        pytest.param(PLAIN, SHUT, ("two-factor", "password"), "in as password", id="the first that can be reached"),
        pytest.param(NO_SECOND, NOBODY, ("two-factor",), UNMET, id="known and out of reach for everybody"),
        pytest.param(NO_SECOND, NOBODY, ("two-factor", "unknown"), UNMET, id="an unknown one does not save it"),
        pytest.param(SHEET_LEVEL, WITH_PHONE, ("sheet",), UNMET, id="codes are not enrolled by whoever owns a factor"),
        pytest.param(SHEET_LEVEL, WITH_PHONE, ("sheet", "app"), "ask totp", id="the next that can be reached"),
        pytest.param(SHEET_LEVEL, OWNER, ("sheet",), "ask recovery-codes", id="reached by what is owned"),
        pytest.param(SHEET_LEVEL, NOBODY, ("sheet",), "enrol totp", id="codes come with a newcomer's first factor"),
    ],
)
def test_acr_values_demand_the_first_known_one_in_reach(
    of: Realm, who: Person, acr_values: tuple[str, ...], expected: str
) -> None:
    assert in_short(demand(of, who, *SIGNED_IN, request=asking(acr_values=acr_values))) == expected


@pytest.mark.parametrize(
    ("of", "who", "essential", "expected"),
    [
        pytest.param(PLAIN, OWNER, ("two-factor",), "ask totp or recovery-codes", id="one value"),
        pytest.param(PLAIN, OWNER, ("app", "two-factor"), "ask totp or recovery-codes", id="whatever reaches any"),
        pytest.param(PLAIN, OWNER, ("app", "password"), "in as password", id="one of them holds already"),
        pytest.param(PLAIN, OWNER, ("unknown", "app"), "ask totp", id="unknown ones cannot be met"),
        pytest.param(PLAIN, OWNER, ("unknown",), UNMET, id="none known"),
        pytest.param(PLAIN, SHUT, ("two-factor",), UNMET, id="none in reach"),
        pytest.param(PLAIN, NOBODY, ("app",), "enrol totp", id="reached by what may be enrolled"),
        pytest.param(SHEET_LEVEL, person(CODES), ("app", "sheet"), "ask recovery-codes", id="owned before enrolled"),
    ],
)
def test_an_essential_acr_is_one_of_its_values_or_an_error(
    of: Realm, who: Person, essential: tuple[str, ...], expected: str
) -> None:
    assert in_short(demand(of, who, *SIGNED_IN, request=asking(essential_acr=essential))) == expected


@pytest.mark.parametrize(
    ("acr_values", "essential", "given", "expected"),
    [
        pytest.param(("password",), ("app",), (), "ask totp", id="the essential one is not taken back"),
        pytest.param(("app",), ("password",), (), "ask totp", id="nor is the other"),
        pytest.param(("app",), ("password",), (totp(),), "in as password", id="the token has an essential value"),
        pytest.param(("unknown",), ("two-factor",), (totp(),), "in as two-factor", id="one of them unknown"),
    ],
)
def test_acr_values_and_an_essential_acr_are_both_met(
    acr_values: tuple[str, ...], essential: tuple[str, ...], given: tuple[Proof, ...], expected: str
) -> None:
    request = asking(acr_values=acr_values, essential_acr=essential)

    assert in_short(demand(PLAIN, OWNER, *SIGNED_IN, given=given, request=request)) == expected


@pytest.mark.parametrize(
    ("default", "acr_values", "essential", "expected"),
    [
        pytest.param(["app"], (), (), "ask totp", id="nothing in the request"),
        pytest.param(["app"], ("unknown",), (), "ask totp", id="unknown values are as if not sent"),
        pytest.param(["app"], ("password",), (), "in as password", id="acr_values take its place"),
        pytest.param(["app"], (), ("password",), "in as password", id="an essential acr takes its place"),
        pytest.param(["password", "app"], (), (), "in as password", id="the first in reach, too"),
    ],
)
def test_the_clients_default_counts_when_the_request_demands_nothing(
    default: list[str], acr_values: tuple[str, ...], essential: tuple[str, ...], expected: str
) -> None:
    of = realm(default_acr_values=default)

    request = asking(acr_values=acr_values, essential_acr=essential)

    assert in_short(demand(of, OWNER, *SIGNED_IN, request=request)) == expected


def test_a_default_out_of_reach_is_an_error() -> None:
    assert demand(realm(default_acr_values=["app"]), SHUT, *SIGNED_IN).error == UNMET


def test_the_reasons_tell_a_demand_of_the_request_from_one_of_the_client() -> None:
    by_request = demand(PLAIN, OWNER, *SIGNED_IN, request=asking(acr_values=("app",)))
    by_client = demand(realm(default_acr_values=["app"]), OWNER, *SIGNED_IN)

    assert [r.requirement.source for r in by_request.reasons] == ["request"]
    assert [r.requirement.source for r in by_client.reasons] == ["client"]


@pytest.mark.parametrize(
    ("proofs", "expected"),
    [
        pytest.param((password(60), totp(60)), "in as app", id="everything proven before the shutting"),
        pytest.param((totp(60),), "ask password", id="only the password is missing"),
        pytest.param((password(60),), UNMET, id="nothing proven"),
    ],
)
def test_a_level_that_was_reached_stays_in_reach_when_its_factor_is_shut(
    proofs: tuple[Proof, ...], expected: str
) -> None:
    assert in_short(demand(PLAIN, SHUT, *proofs, request=asking(acr_values=("app",)))) == expected


def test_the_last_recovery_code_reaches_its_level_although_none_is_left() -> None:
    used_up = person(shut(CODES))

    found = demand(SHEET_LEVEL, used_up, given=(password(), code()), request=asking(acr_values=("sheet",)))

    assert acr(found) == "sheet"


@pytest.mark.parametrize(
    ("of", "who", "proofs", "expected"),
    [
        pytest.param(PLAIN, None, (), "login_required", id="nobody is known"),
        pytest.param(PLAIN, OWNER, (), "interaction_required", id="the password is missing"),
        pytest.param(realm(TWO_FACTOR), OWNER, SIGNED_IN, "interaction_required", id="a second factor is missing"),
        pytest.param(realm(TWO_FACTOR), NOBODY, SIGNED_IN, "interaction_required", id="something is to be set up"),
        pytest.param(realm(TWO_FACTOR), SHUT, SIGNED_IN, "interaction_required", id="nothing can be asked"),
        pytest.param(PLAIN, OWNER, SIGNED_IN, "in as password", id="nothing is missing"),
        pytest.param(realm(TWO_FACTOR), OWNER, (password(60), totp(60)), "in as app", id="everything was proven"),
    ],
)
def test_prompt_none_asks_and_shows_nothing(
    of: Realm, who: Person | None, proofs: tuple[Proof, ...], expected: str
) -> None:
    assert in_short(demand(of, who, *proofs, request=asking("none"))) == expected


def test_prompt_none_still_says_which_rule_would_ask() -> None:
    found = demand(realm(APP), OWNER, *SIGNED_IN, request=asking("none"))

    assert [(r.requirement.rule, r.met) for r in found.reasons] == [("rule 0", False)]


def test_a_stranger_is_asked_for_the_password_and_told_nothing_of_the_rules() -> None:
    assert demand(realm(TWO_FACTOR), None) == Demand(ask=("password",))


def test_an_essential_acr_that_the_realm_does_not_know_is_refused_before_the_password() -> None:
    assert demand(PLAIN, None, request=asking(essential_acr=("unknown",))) == Demand(error=UNMET)
