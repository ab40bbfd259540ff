"""The realm file's own tests, and what else `idp check` finds out about a policy."""

from typing import Any

import pytest

from idp.policy.expectations import broken
from idp.policy.weaknesses import half_of_everywhere, has_no_factor, never_matches, only_by_default, weakest_way_in
from idp.realm.policy_sections import Expectation, SecondFactorPolicy
from idp.realm.schema import Realm
from tests.policy.build import ALL, APP, LEVELS, NOW, SHEET, TWO_FACTOR, realm

FOR_ADMINS = {**APP, "when": {"roles": ["admin"]}}
ADMIN = {"roles": ("admin",)}


def findings(of: Realm, **expected: Any) -> list[tuple[str, tuple[str, ...]]]:
    return [(f.key, f.got) for f in broken(of, Expectation.model_validate({"at": "portal", **expected}), NOW)]


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ({"who": ADMIN, "asks": ("totp",)}, []),
        ({"who": ADMIN, "asks": ("totp",), "never": ("recovery-codes",)}, []),
        ({"asks": ()}, []),
        ({"who": ADMIN, "never": ("recovery-codes",)}, []),
        ({"who": ADMIN, "never": ("totp",)}, [("never", ("totp",))]),
        ({"who": ADMIN, "asks": ()}, [("asks", ("totp",))]),
        ({"asks": ("totp",)}, [("asks", ())]),
        ({"who": ADMIN, "asks": ("totp", "recovery-codes")}, [("asks", ("totp",))]),
        ({"who": ADMIN, "asks": ("totp",), "never": ("totp",)}, [("never", ("totp",))]),
    ],
)
def test_an_expectation_holds_or_tells_what_came_instead(expected: Any, found: Any) -> None:
    assert findings(realm(FOR_ADMINS), **expected) == found


def test_recovery_codes_need_not_be_named_where_they_would_do() -> None:
    assert findings(realm(TWO_FACTOR), asks=("totp",)) == []
    assert findings(realm(TWO_FACTOR), asks=("totp",), never=("recovery-codes",)) == [("never", ("recovery-codes",))]


def test_a_network_may_be_expected() -> None:
    of = realm({**TWO_FACTOR, "when": {"not_networks": ["10.0.0.0/8"]}})

    assert findings(of, network="10.0.0.0/8", asks=()) == []
    assert findings(of, asks=("totp",)) == []


@pytest.mark.parametrize(
    ("network", "found"),
    [
        ("10.1.0.0/16", []),
        ("10.0.0.0/7", [("asks", ("totp", "recovery-codes"))]),
        ("0.0.0.0/0", [("asks", ("totp", "recovery-codes"))]),
        ("11.0.0.0/8", [("asks", ("totp", "recovery-codes"))]),
        ("10.255.255.255", []),
    ],
)
def test_what_is_expected_of_a_network_must_hold_in_every_part_of_it(network: str, found: Any) -> None:
    of = realm({**TWO_FACTOR, "when": {"not_networks": ["10.0.0.0/8", "2001:db8::/32"]}})

    assert findings(of, network=network, asks=()) == found


def test_a_part_that_a_rule_names_is_looked_at_too() -> None:
    of = realm({**TWO_FACTOR, "when": {"networks": ["192.0.2.64/26"]}})

    assert findings(of, network="192.0.2.0/24", asks=()) == [("asks", ("totp", "recovery-codes"))]
    assert findings(of, network="192.0.2.128/25", asks=()) == []


def test_a_rule_that_is_to_come_asks_nothing_yet() -> None:
    assert findings(realm({**TWO_FACTOR, "from": "2999-01-01"}), asks=()) == []


@pytest.mark.attack
def test_what_never_does_does_not_for_people_who_lack_what_two_rules_share_either() -> None:
    """They meet each rule by another factor, and are asked for both."""
    two = [{**TWO_FACTOR, "accept": ["totp", other]} for other in ("sms", "email")]
    of = realm(*two, factors=ALL)

    assert findings(of, asks=("totp",), never=("sms",)) == [("never", ("sms",))]
    assert findings(of, asks=("totp",), never=("webauthn",)) == []


def test_what_is_only_proven_to_set_up_another_factor_does_not_do() -> None:
    assert findings(realm(APP, factors=ALL), never=("sms", "email", "webauthn", "recovery-codes")) == []


EVERYBODY_BY_IPV4 = {**TWO_FACTOR, "when": {"networks": ["0.0.0.0/0"]}}


@pytest.mark.attack
def test_nowhere_in_particular_is_both_of_ipv4_and_of_ipv6() -> None:
    of = realm(EVERYBODY_BY_IPV4)

    assert findings(of, asks=("totp",)) == [("asks", ())]
    assert weakest_way_in(of, of.clients[0], NOW).factors == ("password",)


def test_where_rules_name_every_network_what_is_expected_holds_in_all_of_them() -> None:
    everywhere = {**TWO_FACTOR, "when": {"networks": ["0.0.0.0/0", "::/0"], "not_networks": ["2001:db8::/32"]}}

    assert findings(realm(everywhere), asks=("totp",)) == [("asks", ())]
    assert findings(realm(everywhere, {**APP, "when": {"networks": ["2001:db8::/32"]}}), never=("sms",)) == []


def test_the_networks_of_encourage_are_parts_too() -> None:
    when = {"networks": ("10.1.0.0/16",)}
    duty = realm().model_dump(by_alias=True)["second_factor"] | {
        "encourage": {"when": when, "level": "two-factor", "snoozes": 0}
    }
    of = realm().model_copy(update={"second_factor": SecondFactorPolicy.model_validate(duty)})

    assert findings(of, network="10.0.0.0/8", asks=()) == [("asks", ("totp", "recovery-codes"))]


@pytest.mark.parametrize(
    ("networks", "half"),
    [
        (["0.0.0.0/0"], ("networks", "::/0")),
        (["::/1", "8000::/1", "10.0.0.0/8"], ("networks", "0.0.0.0/0")),
        (["0.0.0.0/0", "::/0"], None),
        (["10.0.0.0/8"], None),
    ],
)
def test_every_network_of_one_kind_is_told(networks: list[str], half: Any) -> None:
    (rule,) = realm({**TWO_FACTOR, "when": {"networks": networks}}).second_factor.rules

    assert half_of_everywhere(rule.when) == half


WITHIN = "its networks lie within its not_networks"


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ({"scopes": ["unused"]}, "none of its clients is registered for any of its scopes"),
        ({"networks": ["10.1.0.0/16"], "not_networks": ["10.0.0.0/8"]}, WITHIN),
        ({"networks": ["10.0.0.0/8"], "not_networks": ["10.1.0.0/16", "2001:db8::/32"]}, None),
        ({"networks": ["10.0.0.0/8"], "not_networks": ["10.0.0.0/9", "10.128.0.0/9"]}, WITHIN),
        ({"not_networks": ["0.0.0.0/0", "::/0"]}, "its not_networks are all that there are"),
        ({"not_networks": ["0.0.0.0/1", "128.0.0.0/1", "::/0"]}, "its not_networks are all that there are"),
        ({"not_networks": ["0.0.0.0/0"]}, None),
        ({"networks": ["2001:db8::/32"], "not_networks": ["0.0.0.0/0"]}, None),
        ({"scopes": ["payments"]}, None),
        ({"roles": ["admin"]}, None),
    ],
)
def test_a_rule_that_can_never_match_is_found(when: dict[str, Any], why: str | None) -> None:
    of = realm({**TWO_FACTOR, "when": when})

    assert never_matches(of, of.second_factor.rules[0]) == why


def test_a_rule_that_no_factor_can_be_set_up_for_is_found() -> None:
    of = realm(SHEET, APP)

    assert [has_no_factor(of, rule) for rule in of.second_factor.rules] == [True, False]


@pytest.mark.parametrize(
    ("rules", "factors"),
    [
        ([], ("password",)),
        ([FOR_ADMINS], ("password",)),
        ([TWO_FACTOR], ("password", "recovery-codes")),
        ([APP], ("password", "totp")),
    ],
)
def test_the_weakest_way_in_is_told(rules: list[dict[str, Any]], factors: tuple[str, ...]) -> None:
    of = realm(*rules)

    assert weakest_way_in(of, of.clients[0], NOW).factors == factors


@pytest.mark.parametrize(
    ("rules", "default", "factors", "by_default"),
    [
        ([], ["two-factor"], ("password",), "two-factor"),
        ([FOR_ADMINS], ["app"], ("password",), "app"),
        ([TWO_FACTOR], ["app"], ("password", "recovery-codes"), "app"),
        ([TWO_FACTOR], ["two-factor"], ("password", "recovery-codes"), None),
        ([APP], ["app"], ("password", "totp"), None),
        ([{**APP, "when": {"scopes": ["payments"]}}], ["two-factor"], ("password",), "two-factor"),
        ([], ["password"], ("password",), None),
    ],
)
def test_what_a_client_asks_for_by_default_only_is_no_obstacle(
    rules: list[dict[str, Any]], default: list[str], factors: tuple[str, ...], by_default: str | None
) -> None:
    of = realm(*rules, default_acr_values=default)

    way = weakest_way_in(of, of.clients[0], NOW)

    assert (way.factors, only_by_default(of, way)) == (factors, by_default)


def test_a_rule_for_the_only_scope_of_a_client_cannot_be_walked_around() -> None:
    of = realm({**APP, "when": {"scopes": ["payments"]}}, scope="payments")

    assert weakest_way_in(of, of.clients[0], NOW).factors == ("password", "totp")


def test_where_no_factor_meets_a_rule_there_is_no_way_in() -> None:
    of = realm({"level": "app"}, factors={"recovery-codes": {}})

    assert weakest_way_in(of, of.clients[0], NOW).factors == ()


def test_the_account_pages_may_be_expected_to_ask() -> None:
    of = realm({**APP, "when": {"clients": ["account"]}})

    assert findings(of, at="account", asks=("totp",)) == []
    assert findings(of, at="account", asks=()) == [("asks", ("totp",))]


STRONG = {"level": "two-factor", "accept": ["totp", "webauthn"]}


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ({"asks": ("totp", "webauthn"), "never": ("sms", "email", "recovery-codes")}, []),
        ({"asks": ("webauthn",)}, [("asks", ("webauthn", "totp"))]),
        ({"asks": ("webauthn", "totp"), "never": ("totp",)}, [("never", ("totp",))]),
    ],
)
def test_an_expectation_is_about_somebody_who_owns_every_factor(expected: Any, found: Any) -> None:
    assert findings(realm(STRONG, factors=ALL), **expected) == found


def test_rules_that_share_no_factor_ask_one_after_the_other() -> None:
    of = realm(APP, {"level": "two-factor", "accept": ["sms"]}, SHEET, factors=ALL)

    assert findings(of, asks=("totp", "sms", "recovery-codes")) == []


@pytest.mark.parametrize(
    ("rules", "factors"),
    [
        ([TWO_FACTOR], ("password", "recovery-codes")),
        ([{"level": "two-factor", "accept": ["webauthn", "sms", "email"]}], ("password", "email")),
        ([{**TWO_FACTOR, "trusted_browser": "30d"}], ("password", "recovery-codes")),
        ([{"level": "phishing-resistant"}], ("password", "webauthn")),
    ],
)
def test_the_weakest_way_in_is_by_the_weakest_factor(rules: list[dict[str, Any]], factors: tuple[str, ...]) -> None:
    levels = {**LEVELS, "phishing-resistant": {"factors": 2, "accept": ["webauthn"]}}
    of = realm(*rules, levels=levels, factors=ALL)

    assert weakest_way_in(of, of.clients[0], NOW).factors == factors


@pytest.mark.parametrize("factor", ["webauthn", "totp", "sms", "email"])
def test_every_factor_but_the_sheet_can_be_set_up_for_a_rule(factor: str) -> None:
    of = realm({"level": "two-factor", "accept": [factor]}, factors=ALL)

    assert not has_no_factor(of, of.second_factor.rules[0])
