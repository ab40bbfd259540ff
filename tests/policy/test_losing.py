"""What is left to somebody who loses a factor, and which one a rule does not let go."""

from typing import Any

import pytest

from idp.policy.losing import portals_without, rule_that_needs
from idp.policy.question import Person
from idp.realm.schema import Realm
from tests.policy.build import ALL, APP, CODES, KEY, NOW, NUMBER, PHONE, TWO_FACTOR, person, realm

BY_KEY = {"level": "two-factor", "accept": ["webauthn"]}
FOR_ADMINS = {**BY_KEY, "when": {"roles": ["admin"]}}


def of(*rules: dict[str, Any]) -> Realm:
    return realm(*rules, factors=ALL)


@pytest.mark.parametrize(
    ("rules", "who", "lost", "is_reachable"),
    [
        pytest.param((), person(PHONE), "phone", True, id="nothing asks for it"),
        pytest.param((TWO_FACTOR,), person(PHONE), "phone", False, id="the only one"),
        pytest.param((TWO_FACTOR,), person(PHONE, CODES), "phone", True, id="the sheet stands in"),
        pytest.param((APP,), person(PHONE, CODES), "phone", False, id="the sheet is not taken"),
        pytest.param((TWO_FACTOR,), person(PHONE, NUMBER), "phone", True, id="another factor"),
        pytest.param((BY_KEY,), person(KEY, NUMBER), "key", False, id="another one does not replace it"),
        pytest.param((TWO_FACTOR,), person(PHONE, CODES), "recovery-codes", True, id="the sheet itself"),
        pytest.param((FOR_ADMINS,), person(KEY), "key", True, id="a rule for others"),
    ],
)
def test_a_portal_stays_reachable_or_not(rules: Any, who: Person, lost: str, is_reachable: bool) -> None:
    (found,) = portals_without(of(*rules), who, lost, NOW)

    assert (found.client.client_id, found.is_reachable) == ("portal", is_reachable)


@pytest.mark.parametrize(
    ("rules", "who", "removed", "rule"),
    [
        ((), person(PHONE), "phone", None),
        ((TWO_FACTOR,), person(PHONE), "phone", "rule 0"),
        ((TWO_FACTOR,), person(PHONE, CODES), "phone", "rule 0"),
        ((TWO_FACTOR,), person(PHONE, NUMBER), "phone", None),
        ((TWO_FACTOR, BY_KEY), person(KEY, NUMBER), "key", "rule 1"),
        ((BY_KEY,), person(KEY, NUMBER), "number", None),
        ((FOR_ADMINS,), person(KEY), "key", None),
        ((FOR_ADMINS,), person(KEY, roles=("admin",)), "key", "rule 0"),
    ],
)
def test_the_last_factor_that_a_rule_takes_is_not_let_go(
    rules: Any, who: Person, removed: str, rule: str | None
) -> None:
    assert rule_that_needs(of(*rules), who, removed, NOW) == rule


def test_a_rule_for_a_device_without_a_browser_holds_its_factor_too() -> None:
    tv: dict[str, Any] = {"client_id": "tv", "grant_types": ("urn:ietf:params:oauth:grant-type:device_code",)}
    for_tv = realm({**BY_KEY, "when": {"clients": ["tv"]}}, factors=ALL, **tv)

    assert rule_that_needs(for_tv, person(KEY, NUMBER), "key", NOW) == "rule 0"
    assert [r.client.client_id for r in portals_without(for_tv, person(KEY), "key", NOW)] == ["tv"]
