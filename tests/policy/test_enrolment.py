"""Setting up a factor on the way: who may, what has to be proven first, and who is stuck."""

import pytest

from idp.policy.enrolling import ENROL_WITHIN
from idp.policy.proofs import Proof
from idp.policy.question import Credential, Person
from idp.realm.schema import Realm
from tests.policy.build import (
    APP,
    CODES,
    FACTORS,
    LEVELS,
    NOBODY,
    NOW,
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
    session,
    shut,
    totp,
)
from tests.policy.following import follow

USED_UP = shut(CODES)


@pytest.mark.parametrize(
    ("rule", "who", "proofs", "expected"),
    [
        pytest.param(APP, NOBODY, (), "ask password", id="owns nothing: the first proof comes first"),
        pytest.param(APP, NOBODY, (password(),), "enrol totp", id="owns nothing: then sets one up"),
        pytest.param(APP, NOBODY, (password(ENROL_WITHIN),), "enrol totp", id="the password just now"),
        pytest.param(APP, NOBODY, (password(ENROL_WITHIN + 1),), "ask password", id="not by an old session"),
        pytest.param(APP, OWNER, (password(),), "ask totp", id="owns an accepted one: proves it"),
        pytest.param(SHEET, OWNER, (password(),), "ask recovery-codes", id="the one that is accepted"),
        pytest.param(APP, person(CODES), (password(),), "enrol totp", id="codes alone are no factor owned"),
        pytest.param(APP, person(CODES), (password(), code()), "enrol totp", id="nor does a code help or harm"),
        pytest.param(TWO_FACTOR, person(CODES), (password(),), "ask recovery-codes", id="codes alone, accepted"),
        pytest.param(TWO_FACTOR, person(USED_UP), (password(),), "enrol totp", id="codes alone, used up"),
        pytest.param(APP, person(PHONE, CODES), (password(), code()), "ask totp", id="no way around by a code"),
        pytest.param(APP, person(shut(PHONE)), (password(),), "blocked", id="shut"),
        pytest.param(APP, person(shut(PHONE), CODES), (password(), code()), "blocked", id="shut, and a code at hand"),
        pytest.param(TWO_FACTOR, person(shut(PHONE), CODES), (password(),), "ask recovery-codes", id="one is shut"),
        pytest.param(
            APP, person(shut(PHONE), Credential("tablet", "totp")), (password(),), "ask totp", id="one app is shut"
        ),
        pytest.param(APP, person(shut(PHONE), USED_UP), (), "ask password", id="shut: not before the password"),
        pytest.param(SHEET, person(PHONE, USED_UP), (password(),), "blocked", id="the sheet is used up, no other way"),
        pytest.param(SHEET, person(PHONE, USED_UP), (password(), totp()), "blocked", id="whatever else is proven"),
        pytest.param(SHEET, NOBODY, (password(),), "enrol totp", id="codes come with the first factor"),
    ],
)
def test_what_a_rule_leads_to(rule: dict[str, object], who: Person, proofs: tuple[Proof, ...], expected: str) -> None:
    assert in_short(demand(realm(rule), who, *proofs)) == expected


def test_a_request_leads_to_it_as_a_rule_does() -> None:
    found = demand(realm(), NOBODY, password(), request=asking(acr_values=("two-factor",)))

    assert in_short(found) == "enrol totp"


def test_a_factor_that_is_shut_counts_where_it_was_proven_before() -> None:
    assert in_short(demand(realm(APP), person(shut(PHONE)), password(60), totp(60))) == "in as app"


def test_a_factor_just_set_up_is_a_proof() -> None:
    new = Credential("new", "totp")

    found = demand(realm(APP), person(new), given=(password(), Proof("totp", NOW, "new")))

    assert in_short(found) == "in as app"


def test_for_two_disjoint_rules_a_newcomer_sets_up_one_factor_and_proves_both() -> None:
    of = realm(APP, SHEET)

    went = follow(of, person=NOBODY, client=of.clients[0], request=asking(), session=session(), now=NOW)

    assert [in_short(found) for found in went.demands] == [
        "ask password",
        "enrol totp",
        "ask recovery-codes",
        "in as app",
    ]


@pytest.mark.parametrize("who", [person(PHONE), person(shut(PHONE)), person(PHONE, USED_UP)])
def test_nobody_who_owns_a_factor_gets_codes_by_setting_up_another(who: Person) -> None:
    assert demand(realm(SHEET), who, password()).blocked


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        pytest.param(realm(TWO_FACTOR, factors={}), "blocked", id="a realm without second factors"),
        pytest.param(realm(TWO_FACTOR, factors={"totp": {}}), "enrol totp", id="a realm without codes"),
        pytest.param(realm(TWO_FACTOR, factors={"recovery-codes": {}}), "blocked", id="a realm with codes alone"),
        pytest.param(
            realm(SHEET, levels={**LEVELS, "two-factor": {"factors": 2, "accept": ["totp"]}}, factors=FACTORS),
            "blocked",
            id="a rule that accepts nothing",
        ),
    ],
)
def test_a_realm_that_offers_nothing_blocks(of: Realm, expected: str) -> None:
    assert in_short(demand(of, NOBODY, password())) == expected


def test_what_must_be_set_up_has_its_reason() -> None:
    found = demand(realm(APP), NOBODY, password())

    assert [(r.requirement.rule, r.met) for r in found.reasons] == [("rule 0", False)]


@pytest.mark.parametrize(
    "proofs", [(password(), code()), (password(), Proof("key", NOW - ENROL_WITHIN - 1, "key"), code())]
)
def test_whoever_owns_a_factor_of_another_kind_sets_nothing_up_by_a_recovery_code(proofs: tuple[Proof, ...]) -> None:
    owner = person(Credential("key", "key"), CODES)

    assert not demand(realm(APP), owner, *proofs).enrol


def test_whoever_owns_a_factor_of_another_kind_sets_an_accepted_one_up_by_it() -> None:
    owner = person(Credential("key", "key"), CODES)

    assert demand(realm(APP), owner, password(), Proof("key", NOW, "key")).enrol == ("totp",)
