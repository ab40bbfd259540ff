"""A grant used later: today's rules over its proofs."""

import pytest

from idp.policy.decide import decide, decide_again
from idp.policy.proofs import Proof
from idp.policy.question import Person
from idp.realm.schema import Realm
from tests.policy.build import (
    APP,
    CODES,
    HOUR,
    NOBODY,
    NOW,
    OWNER,
    PHONE,
    SHEET,
    TWO_FACTOR,
    asking,
    code,
    password,
    person,
    realm,
    session,
    shut,
    totp,
)

PASSWORD_ONLY = (password(HOUR),)
BY_APP = (password(HOUR), totp(HOUR))
BY_CODE = (password(HOUR), code(HOUR))
FOR_ADMINS = {**TWO_FACTOR, "when": {"roles": ["admin"]}}
ADMIN = person(PHONE, CODES, roles=("admin",))


def goes_on(of: Realm, who: Person, proofs: tuple[Proof, ...], *, scopes: tuple[str, ...] = ("openid",)) -> bool:
    return decide_again(of, who, of.clients[0], asking(scopes=scopes), proofs, NOW).outcome is not None


@pytest.mark.parametrize(
    ("of", "who", "proofs", "expected"),
    [
        pytest.param(realm(), OWNER, PASSWORD_ONLY, True, id="no rules"),
        pytest.param(realm(TWO_FACTOR), OWNER, PASSWORD_ONLY, False, id="a rule made since"),
        pytest.param(realm(TWO_FACTOR), OWNER, BY_CODE, True, id="met"),
        pytest.param(realm(APP), OWNER, BY_CODE, False, id="a rule made narrower since"),
        pytest.param(realm(FOR_ADMINS), OWNER, PASSWORD_ONLY, True, id="a rule for others"),
        pytest.param(realm(FOR_ADMINS), ADMIN, PASSWORD_ONLY, False, id="a role got since"),
        pytest.param(realm({**APP, "max_age": "1h"}), OWNER, BY_APP, True, id="just young enough"),
        pytest.param(realm({**APP, "max_age": "59m"}), OWNER, BY_APP, False, id="too old by now"),
        pytest.param(realm(APP, SHEET), OWNER, BY_APP, False, id="one of two rules"),
        pytest.param(realm(TWO_FACTOR), person(shut(PHONE)), BY_APP, True, id="shut: nothing ends"),
        pytest.param(realm(TWO_FACTOR), person(CODES), BY_APP, False, id="the factor was removed"),
        pytest.param(realm(TWO_FACTOR), person(PHONE, shut(CODES)), BY_CODE, True, id="the last code was used up"),
        pytest.param(realm(), OWNER, (totp(HOUR),), False, id="no first proof"),
        pytest.param(realm(default_max_age=60), OWNER, PASSWORD_ONLY, True, id="the client's max_age is for sign-ins"),
        pytest.param(realm(default_acr_values=["app"]), OWNER, PASSWORD_ONLY, True, id="so is its acr"),
    ],
)
def test_todays_rules_decide(of: Realm, who: Person, proofs: tuple[Proof, ...], expected: bool) -> None:
    assert goes_on(of, who, proofs) is expected


def test_rules_for_a_scope_bind_where_it_is_asked_for_again() -> None:
    of = realm({**TWO_FACTOR, "when": {"scopes": ["payments"]}})

    assert goes_on(of, OWNER, PASSWORD_ONLY, scopes=("openid",))
    assert not goes_on(of, OWNER, PASSWORD_ONLY, scopes=("openid", "payments"))


def test_what_is_missing_is_told_with_its_rule() -> None:
    of = realm(APP)

    found = decide_again(of, NOBODY, of.clients[0], asking(scopes=()), PASSWORD_ONLY, NOW)

    assert [r.requirement.rule for r in found.reasons if not r.met] == ["rule 0"]


def test_what_was_let_in_is_redeemed_and_ends_when_the_rules_age_is_over() -> None:
    of = realm({**APP, "max_age": "5m"})
    outcome = decide(of, OWNER, of.clients[0], asking(), session(password(), totp()), NOW).outcome
    assert outcome is not None

    def later(seconds: int) -> bool:
        return (
            decide_again(of, OWNER, of.clients[0], asking(scopes=()), outcome.proofs, NOW + seconds).outcome is not None
        )

    assert [later(0), later(300), later(301)] == [True, True, False]
