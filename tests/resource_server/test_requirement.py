from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.resource_server import (
    AccessToken,
    InsufficientAuthentication,
    InsufficientScope,
    PersonRequired,
    Refused,
    Requirement,
    check,
    parse_challenge,
)

NOW = 1_800_000_000
STRONG = Requirement(scopes=("payments",), acr_values=("two-factor", "phishing-resistant"), max_age=300)


def token(**changes: Any) -> AccessToken:
    fields: dict[str, Any] = {
        "subject": "u-1",
        "client_id": "cli",
        "scopes": frozenset({"payments"}),
        "acr": "two-factor",
        "auth_time": NOW - 60,
        "claims": {},
    }
    return AccessToken(**(fields | changes))


def refusal(requirement: Requirement, **changes: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        check(token(**changes), requirement, now=NOW)
    return caught.value


@pytest.mark.parametrize(
    ("requirement", "changes"),
    [
        (Requirement(), {"acr": None, "auth_time": None, "scopes": frozenset()}),
        (STRONG, {}),
        (STRONG, {"acr": "phishing-resistant"}),
        (STRONG, {"auth_time": NOW - 300}),
        (STRONG, {"auth_time": NOW + 5}),
        (Requirement(scopes=("payments",)), {"subject": "cli", "acr": None, "auth_time": None}),
    ],
    ids=["nothing demanded", "met", "the other acr", "just fresh enough", "clock ahead", "a client for itself"],
)
def test_a_token_that_meets_the_requirement_passes(requirement: Requirement, changes: dict[str, Any]) -> None:
    check(token(**changes), requirement, now=NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"acr": "password"},
        {"acr": None},
        {"acr": "Two-Factor"},
        {"auth_time": NOW - 301},
        {"auth_time": None},
    ],
    ids=["weaker", "none", "another case", "too old", "of unknown age"],
)
def test_too_weak_or_too_old_a_sign_in_is_challenged_with_all_that_is_demanded(changes: dict[str, Any]) -> None:
    refused = refusal(STRONG, **changes)
    assert isinstance(refused, InsufficientAuthentication)
    assert refused.status == 401
    challenge = parse_challenge(refused.headers()["WWW-Authenticate"])
    assert challenge is not None
    assert challenge.error == "insufficient_user_authentication"
    assert challenge.error_description
    assert challenge.acr_values == ("two-factor", "phishing-resistant")
    assert challenge.max_age == 300
    assert challenge.scope == ()


def test_a_missing_scope_is_forbidden_and_named() -> None:
    refused = refusal(STRONG, scopes=frozenset({"openid"}))
    assert isinstance(refused, InsufficientScope)
    assert refused.status == 403
    header = refused.headers()["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in header
    assert 'scope="payments"' in header


def test_a_missing_scope_and_a_weak_sign_in_are_mended_by_one_request() -> None:
    refused = refusal(STRONG, scopes=frozenset(), acr="password")
    assert isinstance(refused, InsufficientAuthentication)
    assert refused.scope == ("payments",)


def test_a_client_that_came_for_itself_is_forbidden_without_a_challenge() -> None:
    refused = refusal(STRONG, subject="cli", acr=None, auth_time=None)
    assert isinstance(refused, PersonRequired)
    assert refused.status == 403
    assert "WWW-Authenticate" not in refused.headers()


def test_a_person_named_like_a_client_is_challenged_as_a_person() -> None:
    assert isinstance(refusal(STRONG, subject="cli", acr="password"), InsufficientAuthentication)


def test_the_leeway_is_granted_to_the_age_of_the_sign_in() -> None:
    check(token(auth_time=NOW - 310), STRONG, now=NOW, leeway=10)
    with pytest.raises(InsufficientAuthentication):
        check(token(auth_time=NOW - 311), STRONG, now=NOW, leeway=10)


@pytest.mark.parametrize(
    "fields",
    [
        {"acr_values": "two-factor"},
        {"scopes": "payments"},
        {"acr_values": ("two factor",)},
        {"acr_values": ("",)},
        {"scopes": ('a"b',)},
        {"scopes": ("a\r\nb",)},
        {"max_age": 0},
        {"max_age": -1},
        {"max_age": 10**10},
    ],
    ids=[
        "a string for its tuple",
        "a scope for its tuple",
        "space",
        "empty",
        "quote",
        "line break",
        "never met",
        "negative",
        "too large to be read",
    ],
)
def test_a_requirement_that_no_challenge_could_carry_is_refused_at_once(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"acr_values|scopes|max_age"):
        Requirement(**fields)


ACR = st.sampled_from(["password", "two-factor", "phishing-resistant", None])


@given(acr=ACR, age=st.none() | st.integers(-5, 1000), scopes=st.sets(st.sampled_from(["payments", "openid"])))
def test_a_token_passes_exactly_when_scope_acr_and_age_all_suffice(
    acr: str | None, age: int | None, scopes: set[str]
) -> None:
    held = token(acr=acr, auth_time=None if age is None else NOW - age, scopes=frozenset(scopes))
    suffices = "payments" in scopes and acr in STRONG.acr_values and age is not None and age <= 300
    try:
        check(held, STRONG, now=NOW)
    except Refused:
        assert not suffices
    else:
        assert suffices
