"""Passkeys: both kinds where the device verified its owner, something had where it did not."""

import pytest

from idp.policy.decide import Outcome, decide_again, first_factors
from idp.policy.proofs import Kind, Proof
from idp.policy.question import Person
from tests.policy.build import (
    ALL,
    APP,
    CODES,
    KEY,
    LEVELS,
    NOW,
    PHONE,
    TWO_FACTOR,
    acr,
    asking,
    demand,
    in_short,
    passkey,
    password,
    person,
    realm,
    shut,
    totp,
    touched,
)

WITH_KEY = {**LEVELS, "phishing-resistant": {"factors": 2, "accept": ["webauthn"]}}
PLAIN = realm(levels=WITH_KEY, factors=ALL)
BY_KEY = {"level": "phishing-resistant"}
EITHER = {"level": "two-factor", "accept": ["webauthn", "totp"], "max_age": "5m"}
OWNER = person(KEY, PHONE)


def outcome(*given: Proof) -> Outcome:
    found = demand(PLAIN, OWNER, given=given).outcome
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("proof", "kinds"), [(passkey(), set(Kind)), (touched(), {Kind.POSSESSION}), (passkey(synced=True), set(Kind))]
)
def test_a_verified_passkey_is_of_both_kinds(proof: Proof, kinds: set[Kind]) -> None:
    assert proof.kinds == kinds


def test_no_other_factor_is_verified() -> None:
    assert Proof("totp", NOW, "phone", verified=True).kinds == {Kind.POSSESSION}


@pytest.mark.parametrize(
    ("given", "amr", "name"),
    [
        ((passkey(),), ("hwk", "user", "mfa"), "phishing-resistant"),
        ((passkey(synced=True),), ("swk", "user", "mfa"), "phishing-resistant"),
        ((password(10), touched()), ("pwd", "hwk", "mfa"), "phishing-resistant"),
        ((password(10), passkey()), ("pwd", "hwk", "user", "mfa"), "phishing-resistant"),
        ((passkey(10), totp()), ("hwk", "user", "otp", "mfa"), "phishing-resistant"),
        ((password(10), totp()), ("pwd", "otp", "mfa"), "app"),
    ],
)
def test_a_token_tells_how_the_passkey_was_used(given: tuple[Proof, ...], amr: tuple[str, ...], name: str) -> None:
    assert (outcome(*given).amr, outcome(*given).acr) == (amr, name)


@pytest.mark.parametrize(
    ("who", "proofs", "expected"),
    [
        pytest.param(OWNER, (), "ask password or webauthn", id="instead of the password"),
        pytest.param(person(PHONE), (), "ask password", id="who has none"),
        pytest.param(person(shut(KEY)), (), "ask password", id="shut"),
        pytest.param(OWNER, (touched(),), "ask password or webauthn", id="touched alone begins nothing"),
        pytest.param(OWNER, (passkey(),), "in as phishing-resistant", id="verified, and nothing else"),
        pytest.param(person(CODES), (passkey(),), "ask password", id="removed since"),
    ],
)
def test_what_a_sign_in_begins_with(who: Person, proofs: tuple[Proof, ...], expected: str) -> None:
    assert in_short(demand(PLAIN, who, *proofs)) == expected


def test_a_stranger_may_begin_with_a_passkey_where_the_realm_has_them() -> None:
    assert demand(PLAIN, None).ask == first_factors(PLAIN) == ("password", "webauthn")
    assert demand(realm(), None).ask == ("password",)


@pytest.mark.parametrize(
    ("rule", "proofs", "expected"),
    [
        pytest.param(APP, (passkey(),), "ask totp", id="a rule that does not take it"),
        pytest.param(APP, (passkey(), totp()), "ask password", id="nor what it knows"),
        pytest.param(APP, (passkey(), totp(), password()), "in as phishing-resistant", id="then the password does"),
        pytest.param(BY_KEY, (password(), totp()), "ask webauthn", id="nothing less"),
        pytest.param(BY_KEY, (password(), touched()), "in as phishing-resistant", id="after the password, touched"),
        pytest.param(EITHER, (passkey(600),), "ask webauthn or totp", id="too old for the rule"),
        pytest.param(EITHER, (passkey(600), totp()), "in as phishing-resistant", id="the first proof may be older"),
        pytest.param(EITHER, (passkey(600), touched()), "in as phishing-resistant", id="touched is a newer proof"),
        pytest.param({"level": "password", "accept": ["totp"]}, (passkey(),), "in as phishing-resistant", id="one"),
    ],
)
def test_rules_and_passkeys(rule: dict[str, object], proofs: tuple[Proof, ...], expected: str) -> None:
    assert in_short(demand(realm(rule, levels=WITH_KEY, factors=ALL), OWNER, *proofs)) == expected


def test_a_newer_touch_does_not_take_the_place_of_a_verified_passkey() -> None:
    of = realm(EITHER, levels=WITH_KEY, factors=ALL)
    found = demand(of, OWNER, passkey(600), given=(touched(),)).outcome

    assert found is not None
    assert (found.amr, found.auth_time) == (("hwk", "user", "mfa"), NOW - 600)
    assert decide_again(of, OWNER, of.clients[0], asking(), found.proofs, NOW).outcome is not None


def test_who_owns_a_passkey_alone_sets_up_an_app_by_it() -> None:
    of = realm(APP, factors=ALL)

    assert in_short(demand(of, person(KEY), password())) == "ask webauthn"
    assert in_short(demand(of, person(KEY), password(), touched())) == "enrol totp"
    assert in_short(demand(of, person(KEY), passkey())) == "enrol totp"


def test_a_newcomer_may_set_up_any_factor_that_would_do() -> None:
    assert demand(realm(TWO_FACTOR, factors=ALL), person(), password()).enrol == ("webauthn", "totp", "sms", "email")


def test_a_verified_passkey_reaches_an_acr_that_takes_it() -> None:
    found = demand(PLAIN, OWNER, given=(passkey(),), request=asking(acr_values=("phishing-resistant",)))

    assert acr(found) == "phishing-resistant"
