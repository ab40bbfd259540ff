"""Which of several factors is offered first, and that a sign-in takes one recovery code."""

from dataclasses import replace

import pytest

from idp.policy.proofs import Proof
from idp.policy.question import Credential, Person
from idp.store import proofs as stored
from tests.policy.build import (
    ALL,
    CODES,
    KEY,
    MAILBOX,
    NOBODY,
    NUMBER,
    OWNER,
    PHONE,
    SHEET,
    TWO_FACTOR,
    code,
    demand,
    in_short,
    passkey,
    password,
    person,
    realm,
    sms,
    totp,
    touched,
)

EVERY = realm(TWO_FACTOR, factors=ALL)


def used(credential: Credential, at: int) -> Credential:
    return replace(credential, last_used_at=at)


@pytest.mark.parametrize(
    ("who", "ask"),
    [
        (person(CODES, MAILBOX, NUMBER, PHONE, KEY), ("webauthn", "totp", "sms", "email", "recovery-codes")),
        (person(KEY, PHONE, used(NUMBER, 5)), ("sms", "webauthn", "totp")),
        (person(used(KEY, 4), used(PHONE, 9), used(NUMBER, 5)), ("totp", "sms", "webauthn")),
        (person(used(KEY, 4), PHONE, used(Credential("tablet", "totp"), 5)), ("totp", "webauthn")),
        (person(KEY, PHONE, replace(used(NUMBER, 5), usable=False)), ("webauthn", "totp")),
    ],
)
def test_the_last_used_is_offered_first_then_the_strongest(who: Person, ask: tuple[str, ...]) -> None:
    assert demand(EVERY, who, password()).ask == ask


def test_the_password_stands_in_front_where_a_sign_in_begins() -> None:
    assert demand(EVERY, person(used(KEY, 9))).ask == ("password", "webauthn")


def test_what_is_to_be_set_up_stands_strongest_first() -> None:
    of = realm({**TWO_FACTOR, "accept": ["totp", "webauthn"]}, factors=ALL)

    assert demand(of, person(used(NUMBER, 9)), password(), sms()).enrol == ("webauthn", "totp")


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        pytest.param(OWNER, "ask totp", id="another factor"),
        pytest.param(person(CODES), "enrol totp", id="who owns none sets one up, by the password"),
    ],
)
def test_a_second_recovery_code_is_not_asked_for(who: Person, expected: str) -> None:
    of = realm({**TWO_FACTOR, "max_age": "1m"})

    assert in_short(demand(of, who, password(), given=(code(61),))) == expected
    assert "recovery-codes" in demand(of, who, password(), code(61)).ask


def test_where_nothing_else_would_do_it_is_the_end_of_this_sign_in() -> None:
    of = realm({**SHEET, "max_age": "1m"})

    assert demand(of, OWNER, password(), given=(code(61),)).blocked


def test_one_recovery_code_meets_every_rule_that_takes_it() -> None:
    assert in_short(demand(realm(SHEET, TWO_FACTOR), OWNER, password(), given=(code(),))) == "in as two-factor"


def test_proofs_are_stored_as_they_are() -> None:
    given = (password(), totp(), touched(), passkey(), passkey(synced=True), passkey(verified=False, synced=True))

    assert stored.load(stored.dump(given)) == given
    assert [len(row) for row in stored.dump(given)] == [3, 3, 3, 5, 5, 5]


def test_a_stored_proof_without_flags_is_a_list_of_three() -> None:
    assert stored.load([["totp", 5, "phone"]]) == (Proof("totp", 5, "phone"),)


def test_nobody_is_offered_what_they_do_not_have() -> None:
    assert demand(EVERY, NOBODY, password()).ask == ()
