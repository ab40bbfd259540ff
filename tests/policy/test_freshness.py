"""`max_age`, `prompt=login` and `prompt=select_account`: which of the earlier proofs count."""

import pytest

from idp.policy.proofs import Proof
from idp.policy.question import Request
from tests.policy.build import (
    APP,
    HOUR,
    MINUTE,
    NOW,
    OWNER,
    TWO_FACTOR,
    asking,
    demand,
    in_short,
    password,
    person,
    realm,
    totp,
)

PLAIN = realm()
RULED = realm(TWO_FACTOR)


@pytest.mark.parametrize(
    ("max_age", "earlier", "expected"),
    [
        pytest.param(None, (password(HOUR),), "in as password", id="no max_age: whatever its age"),
        pytest.param(60, (password(59),), "in as password", id="younger"),
        pytest.param(60, (password(60),), "in as password", id="just as old"),
        pytest.param(60, (password(61),), "ask password", id="a second older"),
        pytest.param(60, (password(61), totp(10)), "ask password", id="a young second factor does not make it young"),
        pytest.param(60, (password(10), totp(61)), "in as password", id="an old second factor does not count"),
        pytest.param(10**10, (password(HOUR),), "in as password", id="older than time itself"),
        pytest.param(0, (password(0),), "ask password", id="0: not even one of this second"),
    ],
)
def test_max_age_limits_every_proof_that_counts(max_age: int | None, earlier: tuple[Proof, ...], expected: str) -> None:
    assert in_short(demand(PLAIN, OWNER, *earlier, request=asking(max_age=max_age))) == expected


def test_max_age_limits_the_second_factor_of_a_rule_as_well() -> None:
    found = demand(RULED, OWNER, password(10), totp(61), request=asking(max_age=60))

    assert in_short(found) == "ask totp or recovery-codes"


def test_what_is_too_old_is_not_in_the_token() -> None:
    found = demand(PLAIN, OWNER, password(10), totp(61), request=asking(max_age=60))

    assert found.outcome
    assert (found.outcome.amr, found.outcome.auth_time) == (("pwd",), NOW - 10)


@pytest.mark.parametrize("request_", [asking("login"), asking("select_account"), asking(max_age=0)])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param((), "ask password", id="nothing yet"),
        pytest.param((password(),), "ask totp or recovery-codes", id="the password"),
        pytest.param((totp(),), "ask password", id="a second factor alone"),
        pytest.param((password(), totp()), "in as app", id="everything anew"),
    ],
)
def test_no_earlier_proof_counts_when_a_new_sign_in_is_asked_for(
    request_: Request, given: tuple[Proof, ...], expected: str
) -> None:
    assert in_short(demand(RULED, OWNER, password(), totp(), given=given, request=request_)) == expected


def test_what_was_given_for_this_request_counts_however_long_the_person_took() -> None:
    given = (password(120), totp())

    assert in_short(demand(RULED, OWNER, given=given, request=asking(max_age=1))) == "in as app"


@pytest.mark.parametrize(
    ("default", "max_age", "ago", "expected"),
    [
        pytest.param(60, None, 61, "ask password", id="the client's, where the request has none"),
        pytest.param(60, None, 60, "in as password", id="the client's, young enough"),
        pytest.param(60, 600, 61, "in as password", id="the request's goes before it"),
        pytest.param(600, 60, 61, "ask password", id="also when it is the shorter one"),
        pytest.param(0, None, 0, "ask password", id="always anew at this client"),
        pytest.param(0, 600, 10, "in as password", id="unless the request says otherwise"),
    ],
)
def test_the_clients_default_max_age_counts_where_the_request_has_none(
    default: int, max_age: int | None, ago: int, expected: str
) -> None:
    of = realm(default_max_age=default)

    assert in_short(demand(of, OWNER, password(ago), request=asking(max_age=max_age))) == expected


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        pytest.param((password(HOUR), totp(300)), "in as app", id="just as old as allowed"),
        pytest.param((password(HOUR), totp(301)), "ask totp", id="a second older"),
        pytest.param((password(HOUR), totp(HOUR), totp(10)), "in as app", id="the newest of them"),
    ],
)
def test_a_rules_max_age_limits_the_second_factor_and_not_the_password(
    earlier: tuple[Proof, ...], expected: str
) -> None:
    assert in_short(demand(realm({**APP, "max_age": "5m"}), OWNER, *earlier)) == expected


def test_a_second_factor_too_old_for_the_rule_is_still_one_for_the_token() -> None:
    elsewhere = realm({**APP, "max_age": "5m", "when": {"clients": ["billing"]}})

    assert in_short(demand(elsewhere, OWNER, password(HOUR), totp(HOUR))) == "in as app"


def test_the_reason_says_how_old_the_second_factor_is() -> None:
    (reason,) = demand(realm({**APP, "max_age": "5m"}), OWNER, password(HOUR), totp(10 * MINUTE), totp(HOUR)).reasons

    assert (reason.met, reason.age, reason.requirement.max_age) == (False, 10 * MINUTE, 5 * MINUTE)


def test_without_any_second_factor_there_is_no_age() -> None:
    (reason,) = demand(realm(APP), OWNER, password()).reasons

    assert reason.age is None


def test_a_removed_credential_proves_nothing_any_more() -> None:
    new_phone = person(*OWNER.credentials[1:])

    assert in_short(demand(RULED, new_phone, password(), totp(10))) == "ask recovery-codes"


def test_a_proof_by_another_credential_of_the_factor_is_not_kept_alive() -> None:
    replaced = Proof("totp", NOW - 10, "old phone")

    assert in_short(demand(realm(APP), OWNER, password(), replaced)) == "ask totp"
