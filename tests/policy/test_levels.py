"""Which proofs hold which level, and which level a token names."""

import pytest

from idp.policy.proofs import Proof
from idp.realm.schema import Realm
from tests.policy.build import LEVELS, OWNER, acr, asking, code, demand, in_short, password, realm, totp

STRONGEST_LAST = realm()
SHEET_LAST = realm(levels={**LEVELS, "sheet": {"factors": 2, "accept": ["recovery-codes"]}})
NO_PASSWORD_LEVEL = realm(levels={"two-factor": {"factors": 2}})
APP_FIRST = realm(levels={"app": {"factors": 2, "accept": ["totp"]}, "password": {"factors": 1}})


@pytest.mark.parametrize(
    ("of", "proofs", "expected"),
    [
        pytest.param(STRONGEST_LAST, [password()], "password", id="the password alone"),
        pytest.param(STRONGEST_LAST, [password(), code()], "two-factor", id="a recovery code is something had"),
        pytest.param(STRONGEST_LAST, [password(), totp()], "app", id="the last listed level that holds"),
        pytest.param(STRONGEST_LAST, [password(), code(), totp()], "app", id="a proof left out is no harm"),
        pytest.param(SHEET_LAST, [password(), totp()], "app", id="a level whose accept leaves the factor out"),
        pytest.param(SHEET_LAST, [password(), code()], "sheet", id="a level for recovery codes alone"),
        pytest.param(NO_PASSWORD_LEVEL, [password()], None, id="no level holds"),
        pytest.param(NO_PASSWORD_LEVEL, [password(), totp()], "two-factor", id="no level for one factor"),
        pytest.param(APP_FIRST, [password(), totp()], "password", id="the order of the file decides"),
    ],
)
def test_nothing_demanded_the_last_listed_level_that_holds_is_named(
    of: Realm, proofs: list[Proof], expected: str | None
) -> None:
    assert acr(demand(of, OWNER, given=tuple(proofs))) == expected


def test_two_proofs_of_one_kind_are_one_kind() -> None:
    both = (totp(), code())

    assert in_short(demand(realm(), OWNER, given=both)) == "ask password"


def test_the_same_factor_twice_is_one_factor() -> None:
    assert acr(demand(realm(), OWNER, password(60), given=(password(),))) == "password"


@pytest.mark.parametrize(
    ("acr_values", "expected"),
    [
        (("two-factor",), "two-factor"),
        (("password",), "password"),
        (("app", "two-factor"), "app"),
        (("unknown", "two-factor", "app"), "two-factor"),
    ],
)
def test_the_first_demanded_level_that_holds_is_named_before_a_stronger_one(
    acr_values: tuple[str, ...], expected: str
) -> None:
    found = demand(realm(), OWNER, given=(password(), totp()), request=asking(acr_values=acr_values))

    assert acr(found) == expected


def test_a_rule_raises_what_a_token_says() -> None:
    ruled = realm({"level": "two-factor", "accept": ["totp"]})

    assert acr(demand(ruled, OWNER, given=(password(), totp()))) == "app"


def test_a_factor_that_the_realm_gave_up_holds_nothing() -> None:
    given_up = realm(factors={"totp": {}})

    assert acr(demand(given_up, OWNER, given=(password(), code()))) == "password"
