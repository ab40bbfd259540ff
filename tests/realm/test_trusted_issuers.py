"""What an issuer that is trusted needs in the realm file, and the clients that may use its word."""

import json
from typing import Any

import pytest
import yaml

from idp.policy.weaknesses import never_matches
from idp.realm.loading import Mode
from idp.realm.redirects import CLEAR_TEXT
from tests.protocol.jwt_bearer.issuer import BATCH, GRANT, ISSUERS, RSA, SIGNER, STRONG, issuer, realm
from tests.realm.files import examined, problems

MISSING = "the key 'jwks' is missing in 'https://issuer.example': its assertions need its public keys"


def text(trusted: list[dict[str, Any]], *clients: dict[str, Any]) -> str:
    small = {"realm": "r", "factors": {"totp": {}}, "clients": list(clients or (BATCH | {"scope": "openid"},))}
    # By way of JSON: realm files know no anchors, and lists stand here twice.
    return yaml.safe_dump(json.loads(json.dumps(small | {"trusted_issuers": trusted})), sort_keys=False)


def one(**fields: Any) -> list[dict[str, Any]]:
    return [issuer(**({"clients": ["batch"]} | fields))]


def sentences(text: str, mode: Mode = Mode.DEVELOPMENT) -> list[str]:
    return [problem.message for problem in examined(text, mode=mode).problems]


def test_what_the_protocol_tests_use_is_good() -> None:
    assert sentences(yaml.safe_dump(realm() | {"trusted_issuers": ISSUERS})) == []


WRONG: dict[str, tuple[list[dict[str, Any]], str]] = {
    "no keys": (one(jwks=None), MISSING),
    "keys in two places": (
        one(jwks_uri="https://i.example/k"),
        "keys are in 'jwks' or at 'jwks_uri': remove one of them",
    ),
    "a key of another kind": (one(signing_alg="RS256"), "none of the keys in 'jwks' signs by RS256"),
    "a key that encrypts": (
        one(jwks={"keys": [SIGNER.jwk | {"use": "enc"}]}),
        "none of the keys in 'jwks' signs by ES256",
    ),
    "a key of another algorithm": (
        one(jwks={"keys": [RSA.jwk | {"alg": "PS256"}]}, signing_alg="RS256"),
        "none of the keys in 'jwks' signs by RS256",
    ),
    "half a key": (one(jwks={"keys": [{"kty": "EC", "crv": "P-256", "x": "AA"}]}), "a key of the kind EC needs 'y'"),
    "an address that is none": (
        one(jwks=None, jwks_uri="ftp://i.example/k"),
        "the address of the keys 'ftp://i.example/k' has the scheme 'ftp': use https",
    ),
    "a MAC": (
        one(signing_alg="HS256"),
        "unknown value 'HS256' for 'signing_alg', did you mean 'RS256'?",
    ),
    "a subject that is none": (one(subject="phone"), "unknown value 'phone' for 'subject' (known: username, email)"),
    "nobody": (one(clients=[]), "'clients' is empty: put something in it, or remove the key"),
    "a client that there is not": (
        one(clients=["batch", "bach"]),
        "no client 'bach' is defined in 'clients', did you mean 'batch'?",
    ),
    "a long life": (one(max_lifetime="2h"), "'max_lifetime' must be at most 1h, not the text '2h'"),
    "twice": ([*one(), *one()], "there is already a trusted issuer 'https://issuer.example'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_said(case: str) -> None:
    trusted, sentence = WRONG[case]

    assert sentences(text(trusted)) == [sentence]


def test_it_is_said_with_its_place() -> None:
    written = text(one(signing_alg="RS256"))
    line = next(n for n, each in enumerate(written.splitlines(), 1) if "signing_alg" in each)

    assert problems(written) == [f"{line}:16: none of the keys in 'jwks' signs by RS256"]


def test_a_client_has_the_grant_type_and_an_issuer_names_it() -> None:
    plain = BATCH | {"client_id": "plain", "grant_types": ["client_credentials"], "scope": "openid"}
    unnamed = BATCH | {"client_id": "unnamed", "scope": "openid"}
    asking = BATCH | {"client_id": "asking", "scope": "openid", "require_consent": True}
    public = {"client_id": "public", "token_endpoint_auth_method": "none", "grant_types": [GRANT]}

    assert sentences(text(one(clients=["plain", "asking", "public"]), plain, unnamed, asking, public)) == [
        "none of 'trusted_issuers' names 'unnamed' among its clients",
        "jwt-bearer asks nobody: use the one or the other",
        "a public client (token_endpoint_auth_method: none) cannot use jwt-bearer: it needs a secret",
        f"the client 'plain' needs the grant type '{GRANT}'",
    ]


def test_keys_do_not_come_in_clear_text() -> None:
    written = text(one(jwks=None, jwks_uri="http://keys.example/k"))
    sentence = f"the address of the keys 'http://keys.example/k' is http: {CLEAR_TEXT}"

    assert sentences(written, Mode.PRODUCTION) == [sentence]
    assert [warning.message for warning in examined(written, mode=Mode.CHECK).warnings] == [sentence]


def test_a_client_whose_defaults_ask_for_a_proof_is_warned_of() -> None:
    warnings = examined(text(one(clients=["strong"]), STRONG | {"scope": "openid"})).warnings

    assert [warning.message for warning in warnings] == [
        "'default_acr_values' asks for a proof, and an assertion is none: 'strong' gets nothing by it"
    ]


def test_a_rule_for_such_a_client_can_match() -> None:
    """It takes the word of the issuer away."""
    rule = {"name": "batch", "when": {"clients": ["batch"]}, "level": "two-factor"}
    found = examined(text(one()) + yaml.safe_dump({"second_factor": {"rules": [rule]}})).realm

    assert found is not None
    assert never_matches(found, found.second_factor.rules[0]) is None
