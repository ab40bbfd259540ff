"""What people do to their account: changes are confirmed, and a factor is added by one that is owned."""

from typing import Any

import pytest

from idp.policy.enrolling import ENROL_WITHIN
from idp.policy.proofs import Proof
from idp.policy.question import Person
from tests.policy.build import (
    ALL,
    CODES,
    KEY,
    LEVELS,
    MAILBOX,
    NOBODY,
    NUMBER,
    OWNER,
    PHONE,
    TWO_FACTOR,
    asking,
    code,
    demand,
    in_short,
    mail,
    passkey,
    password,
    person,
    realm,
    shut,
    sms,
    totp,
    touched,
)

PLAIN = realm(factors=ALL)
BY_KEY = realm(levels={**LEVELS, "phishing-resistant": {"factors": 2, "accept": ["webauthn"]}}, factors=ALL)
STRICT = realm({"level": "two-factor", "accept": ["totp", "webauthn"], "when": {"roles": ["admin"]}}, factors=ALL)
SHEET_OR_KEY = {"level": "two-factor", "accept": ["webauthn", "recovery-codes"], "when": {"roles": ["admin"]}}
BY_SHEET = realm(SHEET_OR_KEY, factors=ALL)
OLD = ENROL_WITHIN + 1


@pytest.mark.parametrize(
    ("who", "proofs", "expected"),
    [
        pytest.param(NOBODY, (password(60),), "in as password", id="owns nothing: the password"),
        pytest.param(NOBODY, (password(61),), "ask password", id="owns nothing: not an old one"),
        pytest.param(OWNER, (password(),), "ask totp", id="a factor that is owned"),
        pytest.param(OWNER, (password(600), totp(60)), "in as app", id="proven lately"),
        pytest.param(OWNER, (password(), totp(61)), "ask totp", id="not so lately"),
        pytest.param(OWNER, (password(), code()), "ask totp", id="a recovery code is not enough"),
        pytest.param(person(CODES), (password(60), code()), "in as two-factor", id="codes alone are no factor owned"),
        pytest.param(person(CODES), (password(61), code()), "ask password", id="nor do they confirm"),
        pytest.param(person(shut(PHONE)), (password(),), "blocked", id="shut"),
        pytest.param(person(KEY, NUMBER), (passkey(),), "in as app", id="any of them"),
        pytest.param(person(KEY, NUMBER), (password(), sms()), "in as two-factor", id="or another"),
        pytest.param(person(KEY), (), "ask password or webauthn", id="the first proof comes first"),
    ],
)
def test_a_change_of_the_account_is_confirmed(who: Person, proofs: tuple[Proof, ...], expected: str) -> None:
    levels = {**LEVELS, "app": {"factors": 2, "accept": ["totp", "webauthn"]}}
    found = demand(realm(levels=levels, factors=ALL), who, *proofs, request=asking(confirm=60))

    assert in_short(found) == expected


def test_its_reason_is_the_account() -> None:
    found = demand(PLAIN, OWNER, password(), request=asking(confirm=60))

    assert [(r.requirement.source, r.requirement.rule, r.met) for r in found.reasons] == [("account", None, False)]


@pytest.mark.parametrize(
    ("who", "adding", "proofs", "expected"),
    [
        pytest.param(NOBODY, "totp", (password(),), "enrol totp", id="owns nothing: the password just now"),
        pytest.param(NOBODY, "totp", (password(OLD),), "ask password", id="owns nothing: not an old one"),
        pytest.param(NOBODY, "totp", (), "ask password", id="signs in first"),
        pytest.param(OWNER, "webauthn", (password(),), "ask totp", id="owns one: proves it"),
        pytest.param(OWNER, "webauthn", (password(OLD), totp()), "enrol webauthn", id="then sets it up, and only that"),
        pytest.param(OWNER, "totp", (password(), totp()), "enrol totp", id="a second app"),
        pytest.param(OWNER, "webauthn", (password(), totp(OLD)), "ask totp", id="not by an old session"),
        pytest.param(OWNER, "webauthn", (password(), code()), "ask totp", id="never by a recovery code"),
        pytest.param(person(CODES), "totp", (password(OLD), code()), "ask password", id="codes alone: the password"),
        pytest.param(person(shut(PHONE), CODES), "sms", (password(), code()), "blocked", id="shut"),
        pytest.param(person(KEY), "totp", (touched(), password()), "enrol totp", id="by a passkey"),
        pytest.param(person(KEY, NUMBER), "totp", (password(), sms()), "enrol totp", id="by any that is owned"),
        pytest.param(OWNER, "recovery-codes", (password(), totp()), "blocked", id="codes come with another factor"),
        pytest.param(NOBODY, "recovery-codes", (password(),), "blocked", id="for a newcomer, too"),
        pytest.param(OWNER, "password", (password(), totp()), "blocked", id="no second factor"),
        pytest.param(OWNER, "pigeon", (password(), totp()), "blocked", id="unheard of"),
    ],
)
def test_a_factor_is_added_by_one_that_is_owned(
    who: Person, adding: str, proofs: tuple[Proof, ...], expected: str
) -> None:
    assert in_short(demand(PLAIN, who, *proofs, adding=adding)) == expected


def test_a_factor_that_the_realm_does_not_have_cannot_be_added() -> None:
    assert demand(realm(), OWNER, password(), adding="webauthn").blocked


def test_what_is_asked_otherwise_goes_first() -> None:
    assert in_short(demand(realm(TWO_FACTOR, factors=ALL), NOBODY, password(), adding="sms")).startswith(
        "enrol webauthn"
    )


def test_nothing_is_added_where_nothing_may_be_shown() -> None:
    found = demand(PLAIN, OWNER, password(), totp(), adding="webauthn", request=asking("none"))

    assert found.error == "interaction_required"


@pytest.mark.attack
@pytest.mark.parametrize(
    ("of", "adding", "by", "expected"),
    [
        pytest.param(BY_KEY, "webauthn", mail(), "ask webauthn", id="a level takes passkeys alone"),
        pytest.param(BY_KEY, "webauthn", touched(), "enrol webauthn", id="by the one that it takes"),
        pytest.param(BY_KEY, "totp", mail(), "enrol totp", id="what that level does not take"),
        pytest.param(STRICT, "totp", mail(), "ask webauthn", id="a rule takes apps and passkeys"),
        pytest.param(STRICT, "sms", mail(), "enrol sms", id="what that rule does not take"),
    ],
)
def test_the_mailbox_does_not_buy_what_a_passkey_is_asked_for(of: Any, adding: str, by: Proof, expected: str) -> None:
    assert in_short(demand(of, person(KEY, MAILBOX), password(), by, adding=adding)) == expected


@pytest.mark.attack
@pytest.mark.parametrize(
    ("of", "changing", "by", "expected"),
    [
        pytest.param(BY_KEY, "key", mail(), "ask webauthn", id="away with the passkey that a level takes"),
        pytest.param(STRICT, "key", mail(), "ask webauthn", id="or a rule"),
        pytest.param(BY_KEY, "key", touched(), "in as phishing-resistant", id="by itself"),
        pytest.param(BY_KEY, "mailbox", mail(), "in as two-factor", id="away with what that level does not take"),
        pytest.param(
            BY_SHEET, "recovery-codes", mail(), "ask webauthn", id="a new sheet for a rule without the mailbox"
        ),
        pytest.param(BY_KEY, "recovery-codes", mail(), "in as two-factor", id="a new sheet that no such rule takes"),
    ],
)
def test_nor_does_it_remove_it_or_make_the_codes_that_stand_in_for_it(
    of: Any, changing: str, by: Proof, expected: str
) -> None:
    asked = asking(confirm=60, changing=changing)

    assert in_short(demand(of, person(KEY, MAILBOX, CODES), password(), by, request=asked)).startswith(expected)


@pytest.mark.attack
def test_nor_on_the_way_to_another_demand() -> None:
    of = realm(
        {"level": "two-factor", "accept": ["totp"]},
        {"level": "two-factor", "accept": ["totp", "webauthn"], "when": {"clients": ["another"]}},
        factors=ALL,
    )

    assert in_short(demand(of, person(KEY, MAILBOX), password(), mail())) == "ask webauthn"


def test_who_owns_only_what_a_rule_does_not_take_sets_up_what_it_does() -> None:
    of = realm({"level": "two-factor", "accept": ["totp", "webauthn"]}, factors=ALL)

    assert in_short(demand(of, person(MAILBOX), password())) == "ask email"
    assert in_short(demand(of, person(MAILBOX), password(), mail())) == "enrol webauthn or totp"
