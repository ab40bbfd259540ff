"""Rules: whom they bind, and that each is met by itself."""

import pytest

from idp.policy.proofs import Proof
from idp.policy.question import Person
from idp.realm.schema import Realm
from tests.policy.build import (
    APP,
    FACTORS,
    OWNER,
    PHONE,
    SHEET,
    TWO_FACTOR,
    asking,
    code,
    demand,
    in_short,
    password,
    person,
    realm,
    totp,
)

ADMIN = person(*OWNER.credentials, roles=("admin",))
PARTNER = person(*OWNER.credentials, groups=("partners",))
ADMIN_PARTNER = person(*OWNER.credentials, roles=("admin", "developer"), groups=("partners",))
ASKED, LET_IN = "ask totp or recovery-codes", "in as password"


@pytest.mark.parametrize(
    ("when", "who", "scopes", "expected"),
    [
        pytest.param({}, OWNER, (), ASKED, id="nothing named: everyone"),
        pytest.param({"roles": ["admin"]}, ADMIN, (), ASKED, id="role had"),
        pytest.param({"roles": ["admin"]}, OWNER, (), LET_IN, id="role not had"),
        pytest.param({"roles": ["root", "admin"]}, ADMIN, (), ASKED, id="roles joined by or"),
        pytest.param({"groups": ["partners"]}, PARTNER, (), ASKED, id="group belonged to"),
        pytest.param({"groups": ["partners"]}, ADMIN, (), LET_IN, id="group not belonged to"),
        pytest.param({"roles": ["partners"]}, PARTNER, (), LET_IN, id="a group is no role"),
        pytest.param({"clients": ["portal"]}, OWNER, (), ASKED, id="this client"),
        pytest.param({"clients": ["billing"]}, OWNER, (), LET_IN, id="another client"),
        pytest.param({"clients": ["billing", "portal"]}, OWNER, (), ASKED, id="clients joined by or"),
        pytest.param({"scopes": ["payments"]}, OWNER, ("openid", "payments"), ASKED, id="scope granted"),
        pytest.param({"scopes": ["payments"]}, OWNER, ("openid",), LET_IN, id="scope registered, not granted"),
        pytest.param({"scopes": ["payments", "email"]}, OWNER, ("email",), ASKED, id="scopes joined by or"),
        pytest.param({"roles": ["admin"], "groups": ["partners"]}, ADMIN_PARTNER, (), ASKED, id="keys joined by and"),
        pytest.param({"roles": ["admin"], "groups": ["partners"]}, ADMIN, (), LET_IN, id="one key is not enough"),
        pytest.param({"roles": ["admin"], "scopes": ["payments"]}, ADMIN, ("openid",), LET_IN, id="nor is the other"),
        pytest.param({"roles": ["root", "admin"], "clients": ["portal"]}, ADMIN, (), ASKED, id="or and and"),
    ],
)
def test_a_rule_binds_where_all_its_keys_hold(
    when: dict[str, list[str]], who: Person, scopes: tuple[str, ...], expected: str
) -> None:
    of = realm({**TWO_FACTOR, "when": when})

    assert in_short(demand(of, who, password(), request=asking(scopes=scopes))) == expected


@pytest.mark.parametrize(
    ("rules", "proofs", "expected"),
    [
        pytest.param((APP,), (password(), code()), "ask totp", id="accept narrows the level"),
        pytest.param((SHEET,), (password(), totp()), "ask recovery-codes", id="to the other factor, too"),
        pytest.param(({"level": "app"},), (password(), code()), "ask totp", id="the level's own accept"),
        pytest.param(({"level": "app", "accept": ["totp"]},), (password(), totp()), "in as app", id="both the same"),
        pytest.param(({"level": "password"},), (password(),), "in as password", id="one factor asks for nothing"),
        pytest.param((APP, TWO_FACTOR), (password(),), "ask totp", id="one proof for both, where there is one"),
        pytest.param((TWO_FACTOR, APP), (password(),), "ask totp", id="in either order"),
        pytest.param((TWO_FACTOR, APP), (password(), code()), "ask totp", id="one met, one not"),
        pytest.param((APP, SHEET), (password(),), "ask totp", id="disjoint: one after the other"),
        pytest.param((APP, SHEET), (password(), totp()), "ask recovery-codes", id="disjoint: then the other"),
        pytest.param((APP, SHEET), (password(), totp(), code()), "in as app", id="disjoint: both"),
        pytest.param((SHEET, APP), (password(),), "ask recovery-codes", id="disjoint: in the order of the file"),
        pytest.param(
            ({**APP, "max_age": "1m"}, {**APP, "max_age": "1h"}),
            (password(), totp(61)),
            "ask totp",
            id="stricter age",
        ),
        pytest.param(
            ({**TWO_FACTOR, "max_age": "1m"}, APP),
            (password(), totp(61), code()),
            "in as app",
            id="each by its own",
        ),
    ],
)
def test_every_matching_rule_is_met_by_itself(
    rules: tuple[dict[str, object], ...], proofs: tuple[Proof, ...], expected: str
) -> None:
    assert in_short(demand(realm(*rules), OWNER, *proofs)) == expected


def test_a_rule_binds_besides_what_the_request_demands() -> None:
    request = asking(acr_values=("password",))

    assert in_short(demand(realm(TWO_FACTOR), OWNER, password(), request=request)) == ASKED


def test_a_request_binds_besides_the_rules() -> None:
    request = asking(acr_values=("app",))

    assert in_short(demand(realm(TWO_FACTOR), OWNER, password(), code(), request=request)) == "ask totp"


def test_the_factors_of_the_other_rule_are_offered_only_where_they_help_both() -> None:
    without_codes: Realm = realm(TWO_FACTOR, SHEET)

    assert in_short(demand(without_codes, person(PHONE), password())) == "ask totp"


def test_every_matching_rule_is_a_reason_met_or_not() -> None:
    of = realm(APP, {**TWO_FACTOR, "when": {"roles": ["admin"]}}, SHEET)

    found = demand(of, OWNER, password(), totp())

    assert [(r.requirement.rule, r.met) for r in found.reasons] == [("rule 0", True), ("rule 2", False)]


def test_the_first_proof_is_asked_for_with_the_reasons_for_more() -> None:
    found = demand(realm(APP), OWNER)

    assert (found.ask, [r.requirement.rule for r in found.reasons]) == (("password",), ["rule 0"])


def test_the_strongest_factor_stands_in_front() -> None:
    turned = realm(TWO_FACTOR, factors=dict(reversed(FACTORS.items())))

    assert demand(turned, OWNER, password()).ask == ("totp", "recovery-codes")
