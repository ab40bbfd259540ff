import dataclasses
from collections.abc import Collection
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from idp.resource_server import InvalidToken, TokenVerifier
from tests.resource_server.issuer import AUDIENCE, EC, NOW, RSA, Issuer


def test_a_good_token_says_who_calls_and_what_was_proven(issuer: Issuer, verifier: TokenVerifier) -> None:
    token = verifier.verify(issuer.token(), now=NOW)
    assert token.subject == "u-1"
    assert token.client_id == "cli"
    assert token.scopes == {"openid", "payments"}
    assert token.acr == "two-factor"
    assert token.amr == ("pwd", "otp", "mfa")
    assert token.auth_time == NOW - 60
    assert token.roles == ("developer",)
    assert token.claims["jti"] == "j-1"
    assert not token.is_client


def test_a_verifier_needs_no_http_client_of_the_caller(issuer: Issuer) -> None:
    verifier = TokenVerifier(issuer=issuer.url, audience=AUDIENCE)
    assert verifier.verify(issuer.token(), now=NOW).subject == "u-1"


def test_a_clients_own_token_has_no_acr_and_says_so(issuer: Issuer, verifier: TokenVerifier) -> None:
    token = verifier.verify(issuer.token(sub="cli", acr=..., amr=..., auth_time=...), now=NOW)
    assert token.is_client
    assert token.acr is None
    assert token.amr == ()


def test_a_verified_token_does_not_change(issuer: Issuer, verifier: TokenVerifier) -> None:
    token = verifier.verify(issuer.token(), now=NOW)
    with pytest.raises(dataclasses.FrozenInstanceError):
        token.acr = "password"  # type: ignore[misc]
    with pytest.raises(TypeError):
        token.claims["acr"] = "password"  # type: ignore[index]


@pytest.mark.parametrize("key", [RSA, EC], ids=["RS256", "ES256"])
@pytest.mark.parametrize("kind", ["at+jwt", "application/at+jwt", "AT+JWT"])
def test_both_algorithms_and_both_spellings_of_the_type_are_taken(
    issuer: Issuer, verifier: TokenVerifier, key: RSAKey | ECKey, kind: str
) -> None:
    assert verifier.verify(issuer.token(key=key, header={"typ": kind}), now=NOW).subject == "u-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [AUDIENCE]},
        {"aud": ["https://other.example", AUDIENCE]},
        {"nbf": NOW + 10},
        {"iat": NOW + 10},
        {"exp": NOW - 9},
        {"scope": ...},
        {"roles": ...},
    ],
    ids=[
        "list",
        "several audiences",
        "nbf within leeway",
        "iat within leeway",
        "exp within leeway",
        "no scope",
        "no roles",
    ],
)
def test_what_the_profile_allows_is_taken(issuer: Issuer, verifier: TokenVerifier, changes: dict[str, Any]) -> None:
    assert verifier.verify(issuer.token(**changes), now=NOW).subject == "u-1"


def test_the_reason_is_for_the_api_and_not_for_the_client(issuer: Issuer, verifier: TokenVerifier) -> None:
    with pytest.raises(InvalidToken) as caught:
        verifier.verify(issuer.token(exp=NOW - 60), now=NOW)
    assert caught.value.reason == "expired"
    assert b"issuer" not in caught.value.body()


@pytest.mark.parametrize("algorithms", [(), ("HS256",), ("RS256", "none"), ("RS256", "HS512")], ids=repr)
def test_a_verifier_with_a_symmetric_algorithm_is_not_made(algorithms: Collection[str]) -> None:
    with pytest.raises(ValueError, match="algorithms"):
        TokenVerifier(issuer="https://login.example", audience=AUDIENCE, algorithms=algorithms)


@pytest.mark.parametrize("issuer_url", ["http://login.example", "login.example", "", "ftp://localhost"])
def test_a_verifier_does_not_fetch_keys_in_clear_from_another_machine(issuer_url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        TokenVerifier(issuer=issuer_url, audience=AUDIENCE)


def test_a_verifier_without_an_audience_is_not_made() -> None:
    with pytest.raises(ValueError, match="audience"):
        TokenVerifier(issuer="https://login.example", audience="")
