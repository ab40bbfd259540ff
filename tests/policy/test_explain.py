"""Explanations: every rule with its conditions, and a sign-in on paper."""

from dataclasses import replace
from typing import Any

import pytest

from idp.policy.explain import Condition, Explanation, explain
from idp.policy.playing import Step
from idp.policy.question import Person, Request
from idp.realm.policy_sections import Encourage, SecondFactorPolicy, When
from idp.realm.schema import Realm
from tests.policy.build import (
    ALL,
    APP,
    CODES,
    KEY,
    NOBODY,
    NOW,
    NUMBER,
    OWNER,
    PHONE,
    SHEET,
    TWO_FACTOR,
    UNMET,
    asking,
    in_short,
    person,
    realm,
    shut,
)

PASSWORD, APPS, CODE, EITHER = ("password",), ("totp",), ("recovery-codes",), ("totp", "recovery-codes")


def explained(of: Realm, who: Person, request: Request | None = None) -> Explanation:
    return explain(of, who, of.clients[0], request or asking(), NOW)


def asked_in(told: Explanation) -> tuple[tuple[str, ...], ...]:
    return tuple(step.factors for step in told.ways[0].steps if not step.sets_up)


def set_up_in(told: Explanation) -> tuple[str, ...]:
    return tuple(factor for step in told.ways[0].steps if step.sets_up for factor in step.factors)


@pytest.mark.parametrize(
    ("of", "who", "asked", "enrolled", "end"),
    [
        pytest.param(realm(), OWNER, (PASSWORD,), (), "in as password", id="nothing asks"),
        pytest.param(realm(TWO_FACTOR), OWNER, (PASSWORD, EITHER), (), "in as app", id="a rule"),
        pytest.param(realm(APP), NOBODY, (PASSWORD,), APPS, "in as app", id="set up on the way"),
        pytest.param(realm(APP, SHEET), OWNER, (PASSWORD, APPS, CODE), (), "in as app", id="disjoint"),
        pytest.param(realm(SHEET), NOBODY, (PASSWORD, CODE), APPS, "in as app", id="codes made on the way"),
        pytest.param(realm(APP), person(CODES), (PASSWORD,), APPS, "in as app", id="codes alone"),
        pytest.param(realm(APP), person(shut(PHONE)), (PASSWORD,), (), "blocked", id="shut"),
        pytest.param(realm(TWO_FACTOR, factors={"totp": {}}), NOBODY, (PASSWORD,), APPS, "in as app", id="no codes"),
    ],
)
def test_a_sign_in_is_played_through(
    of: Realm, who: Person, asked: tuple[tuple[str, ...], ...], enrolled: tuple[str, ...], end: str
) -> None:
    told = explained(of, who)

    assert (asked_in(told), set_up_in(told), in_short(told.ways[0].end)) == (asked, enrolled, end)


@pytest.mark.parametrize(
    ("who", "asked", "enrolled", "amr"),
    [
        (person(KEY), (PASSWORD, ("webauthn",)), (), ("pwd", "hwk", "mfa")),
        (person(NUMBER), (("password",), ("sms",)), ("webauthn",), ("pwd", "sms", "hwk", "mfa")),
        (NOBODY, (("password",),), ("webauthn",), ("pwd", "hwk", "mfa")),
    ],
)
def test_a_sign_in_with_any_factor_is_played_through(
    who: Person, asked: tuple[tuple[str, ...], ...], enrolled: tuple[str, ...], amr: tuple[str, ...]
) -> None:
    told = explained(realm({"level": "two-factor", "accept": ["webauthn"]}, factors=ALL), who)

    assert (asked_in(told), set_up_in(told), told.ways[0].end.outcome and told.ways[0].end.outcome.amr) == (
        asked,
        enrolled,
        amr,
    )


def test_a_demand_of_the_request_is_played_through_as_well() -> None:
    told = explained(realm(), OWNER, asking(acr_values=("app",)))

    assert (asked_in(told), in_short(told.ways[0].end)) == ((PASSWORD, APPS), "in as app")


def test_a_demand_out_of_reach_ends_in_its_error() -> None:
    told = explained(realm(), person(shut(PHONE)), asking(acr_values=("app",)))

    assert (asked_in(told), told.ways[0].end.error) == ((), UNMET)


def test_steps_stand_in_the_order_in_which_they_are_taken() -> None:
    told = explained(realm(SHEET), NOBODY)

    assert told.ways[0].steps == (Step(PASSWORD), Step(APPS, sets_up=True), Step(CODE))


@pytest.mark.parametrize(
    ("of", "who", "acrs", "amr", "varies"),
    [
        pytest.param(realm(APP), OWNER, ("app",), ("pwd", "otp", "mfa"), False, id="no choice"),
        pytest.param(realm(TWO_FACTOR), OWNER, ("app", "two-factor"), ("pwd", "mfa"), True, id="an app or a sheet"),
        pytest.param(
            realm(TWO_FACTOR, factors=ALL), NOBODY, ("two-factor", "app"), ("pwd", "mfa"), True, id="to set up"
        ),
        pytest.param(
            realm({**TWO_FACTOR, "accept": ["webauthn"]}, factors=ALL),
            person(KEY),
            ("two-factor",),
            ("pwd", "mfa"),
            True,
            id="a passkey of one kind or another",
        ),
        pytest.param(realm(), person(shut(PHONE)), ("password",), ("pwd",), False, id="nothing asks"),
    ],
)
def test_only_what_every_choice_proves_is_promised(
    of: Realm, who: Person, acrs: tuple[str, ...], amr: tuple[str, ...], varies: bool
) -> None:
    (way, *_) = explained(of, who).ways

    assert (way.acrs, way.amr, way.amr_varies) == (acrs, amr, varies)


def test_whoever_has_a_passkey_is_told_both_ways_to_begin() -> None:
    by_password, by_passkey = explained(realm(TWO_FACTOR, factors=ALL), person(KEY, PHONE)).ways

    assert by_password.steps == (Step(PASSWORD), Step(("webauthn", "totp")))
    assert by_passkey.steps == (Step(("webauthn",)),)
    assert ("pwd" in by_password.amr, "pwd" in by_passkey.amr, "user" in by_passkey.amr) == (True, False, True)


def test_whoever_has_no_passkey_begins_with_the_password() -> None:
    assert len(explained(realm(TWO_FACTOR, factors=ALL), OWNER).ways) == 1


def test_a_way_that_ends_in_an_error_promises_nothing() -> None:
    told = explained(realm(), person(shut(PHONE)), asking(acr_values=("app",)))

    assert (told.ways[0].acrs, told.ways[0].amr) == ((), ())


DEVELOPERS = {"when": When(roles=("developer",)), "level": "two-factor", "snoozes": 3, "until": "2999-01-01"}
DEVELOPER = person(roles=("developer",))


@pytest.mark.parametrize(
    ("who", "changed", "applies", "is_duty", "left", "owns"),
    [
        pytest.param(DEVELOPER, {}, True, False, 3, (), id="never put off"),
        pytest.param(replace(DEVELOPER, snoozed=2), {}, True, False, 1, (), id="put off twice"),
        pytest.param(replace(DEVELOPER, snoozed=3), {}, True, True, 0, (), id="put off too often"),
        pytest.param(DEVELOPER, {"until": "1970-01-02"}, True, True, 3, (), id="its day has come"),
        pytest.param(DEVELOPER, {"snoozes": None}, True, False, None, (), id="only its day ends it"),
        pytest.param(NOBODY, {}, False, False, 3, (), id="for others"),
        pytest.param(person(PHONE, roles=("developer",)), {}, True, False, 3, APPS, id="owns one"),
    ],
)
def test_an_invitation_is_told_with_what_is_left_of_it(
    who: Person, changed: dict[str, Any], *, applies: bool, is_duty: bool, left: int | None, owns: tuple[str, ...]
) -> None:
    encourage = Encourage.model_validate(DEVELOPERS | changed)
    of = realm().model_copy(update={"second_factor": SecondFactorPolicy(encourage=encourage)})

    told = explained(of, who).invitation

    assert told is not None
    assert (told.applies, told.is_duty, told.snoozes_left, told.owns) == (applies, is_duty, left, owns)
    assert told.takes == ("totp", "recovery-codes")
    assert [c.key for c in told.conditions] == ["roles"]


def test_a_realm_that_invites_nobody_has_no_invitation() -> None:
    assert explained(realm(), DEVELOPER).invitation is None


def test_a_new_sign_in_is_told_not_the_one_under_way() -> None:
    assert explained(realm(), OWNER, asking("login", max_age=0)).ways[0].end.outcome


def test_every_rule_is_told_whether_it_applies_or_not() -> None:
    of = realm(TWO_FACTOR, {**TWO_FACTOR, "when": {"clients": ["billing"]}})

    told = explained(of, OWNER)

    assert [(rule.rule.name, rule.applies) for rule in told.rules] == [("rule 0", True), ("rule 1", False)]


def test_a_rule_for_everyone_has_no_conditions() -> None:
    (rule,) = explained(realm(TWO_FACTOR), OWNER).rules

    assert (rule.applies, rule.conditions) == (True, ())


def test_conditions_tell_what_is_wanted_and_what_is_there() -> None:
    when = {"roles": ["admin", "root"], "groups": ["partners"], "clients": ["portal"], "scopes": ["payments", "openid"]}

    (rule,) = explained(realm({**TWO_FACTOR, "when": when}), person(roles=("admin", "developer"))).rules

    assert not rule.applies
    assert rule.conditions == (
        Condition("roles", ("admin", "root"), ("admin",), holds=True),
        Condition("groups", ("partners",), (), holds=False),
        Condition("clients", ("portal",), ("portal",), holds=True),
        Condition("scopes", ("payments", "openid"), ("openid",), holds=True),
    )
    assert [condition.holds for condition in rule.conditions] == [True, False, True, True]


@pytest.mark.parametrize(
    "when", [{"roles": ["admin"]}, {"groups": ["partners"]}, {"clients": ["portal"]}, {"scopes": ["openid"]}]
)
@pytest.mark.parametrize("who", [NOBODY, person(roles=("admin",)), person(groups=("partners",))])
def test_a_rule_applies_where_all_its_conditions_hold(when: dict[str, list[str]], who: Person) -> None:
    (rule,) = explained(realm({**TWO_FACTOR, "when": when}), who).rules

    assert rule.applies == all(condition.holds for condition in rule.conditions)
