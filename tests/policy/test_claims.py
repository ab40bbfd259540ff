"""`acr`, `amr` and `auth_time` of an outcome."""

import pytest

from idp.policy.decide import Outcome
from idp.policy.proofs import Kind, Proof, amr, kinds
from tests.policy.build import HOUR, NOW, OWNER, asking, code, demand, password, realm, totp


def outcome(*earlier: Proof, given: tuple[Proof, ...] = (), max_age: int | None = None) -> Outcome:
    found = demand(realm(), OWNER, *earlier, given=given, request=asking(max_age=max_age)).outcome
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("proofs", "expected"),
    [
        ((), ()),
        ((password(),), ("pwd",)),
        ((totp(),), ("otp",)),
        ((password(10), totp()), ("pwd", "otp", "mfa")),
        ((password(10), code()), ("pwd", "recovery", "mfa")),
        ((password(), totp(10)), ("otp", "pwd", "mfa")),
        ((password(20), totp(10), code()), ("pwd", "otp", "recovery", "mfa")),
        ((totp(10), code()), ("otp", "recovery")),
        ((password(10), password()), ("pwd",)),
    ],
)
def test_amr_names_each_method_once_in_the_order_of_time(proofs: tuple[Proof, ...], expected: tuple[str, ...]) -> None:
    assert amr(proofs) == expected


@pytest.mark.parametrize(
    ("proof", "kind"),
    [(password(), Kind.KNOWLEDGE), (totp(), Kind.POSSESSION), (code(), Kind.POSSESSION)],
)
def test_what_is_known_and_what_is_had(proof: Proof, kind: Kind) -> None:
    assert kinds([proof]) == {kind}


def test_a_recovery_code_is_no_otp_in_the_token() -> None:
    assert outcome(given=(password(), code())).amr == ("pwd", "recovery", "mfa")


def test_an_acr_of_two_factors_and_mfa_go_together() -> None:
    one, two = outcome(password()), outcome(password(), totp())

    assert (one.acr, "mfa" in one.amr) == ("password", False)
    assert (two.acr, "mfa" in two.amr) == ("app", True)


def test_auth_time_is_that_of_the_oldest_proof() -> None:
    assert outcome(password(HOUR), totp(60)).auth_time == NOW - HOUR


def test_a_step_up_does_not_make_an_old_password_look_new() -> None:
    assert outcome(password(HOUR), given=(totp(),)).auth_time == NOW - HOUR


def test_of_each_factor_the_newest_proof_counts() -> None:
    found = outcome(password(HOUR), totp(HOUR), given=(password(5), totp()))

    assert found.proofs == (password(5), totp())
    assert found.auth_time == NOW - 5


def test_what_is_too_old_for_the_request_is_in_no_claim() -> None:
    found = outcome(password(10), totp(HOUR), max_age=60)

    assert (found.acr, found.amr, found.auth_time, found.proofs) == ("password", ("pwd",), NOW - 10, (password(10),))


def test_the_grant_rests_on_every_proof_that_the_claims_speak_of() -> None:
    assert set(outcome(password(60), code(50), given=(totp(),)).proofs) == {password(60), code(50), totp()}
