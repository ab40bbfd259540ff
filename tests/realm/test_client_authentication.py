"""What each way of client authentication needs in the realm file."""

from typing import Any

import pytest

from idp.realm.loading import Mode
from tests.protocol.client_authentication.certificates import Certificate
from tests.protocol.signer import Signer
from tests.realm.files import examined
from tests.running import demo_realm

KEY = Signer("ES256").jwk
SECRET = "a secret of thirty-two characters at least"


def sentences(client: dict[str, Any], **realm: Any) -> list[str]:
    """What `idp check` says of the demo realm with this client."""
    import yaml

    fields = {"client_id": "new", "grant_types": ["client_credentials"]} | client
    demo = demo_realm(**realm)
    text = yaml.safe_dump(demo | {"clients": [*demo["clients"], fields]}, sort_keys=False)
    return [problem.message for problem in examined(text, mode=Mode.CHECK).problems]


GOOD: dict[str, dict[str, Any]] = {
    "client_secret_jwt": {"client_secret": SECRET},
    "private_key_jwt": {"jwks": {"keys": [KEY]}, "token_endpoint_auth_signing_alg": "ES256"},
    "self_signed_tls_client_auth": {"jwks": {"keys": [KEY]}},
    "tls_client_auth": {"tls_client_auth_san_ip": "10.0.0.1"},
}


@pytest.mark.parametrize("method", GOOD)
def test_each_method_is_good_with_what_it_needs(method: str) -> None:
    authorities = [Certificate("CN=authority", ca=True).pem]

    assert (
        sentences({"token_endpoint_auth_method": method} | GOOD[method], client_certificate_authorities=authorities)
        == []
    )


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a key method without keys": (
        {"token_endpoint_auth_method": "private_key_jwt"},
        "the key 'jwks' is missing in 'new': private_key_jwt needs the client's public keys",
    ),
    "a private key": (
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [KEY | {"d": "AAAA"}]}},
        "unknown key 'd' (known: kty, kid, use, alg, n, e, crv, x, y, x5c)",
    ),
    "half a key": (
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": "EC", "crv": "P-256", "x": "AA"}]}},
        "a key of the kind EC needs 'y'",
    ),
    "a short RSA key": (
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": "RSA", "n": "AAAA", "e": "AQAB"}]}},
        "an RSA key must have at least 2048 bits",
    ),
    "a symmetric key": (
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": "oct"}]}},
        "unknown value 'oct' for 'kty' (known: RSA, EC, OKP)",
    ),
    "a secret that is for nothing": (
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [KEY]}, "client_secret": SECRET},
        "'client_secret' is for nothing with private_key_jwt: remove it, or change the method",
    ),
    "a short secret for a MAC": (
        {"token_endpoint_auth_method": "client_secret_jwt", "client_secret": "sixteen letters."},
        "'client_secret' must have at least 32 characters for client_secret_jwt",
    ),
    "an algorithm of the other kind": (
        {
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [KEY]},
            "token_endpoint_auth_signing_alg": "HS256",
        },
        "private_key_jwt does not go with HS256: a secret signs by HS256 and its like, a key by others",
    ),
    "no authority": (
        {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "x"},
        "tls_client_auth needs 'client_certificate_authorities' in the realm: who may issue certificates",
    ),
    "an address that is none": (
        {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_ip": "x"},
        "'tls_client_auth_san_ip' is none",
    ),
}


@pytest.mark.parametrize(("client", "expected"), WRONG.values(), ids=WRONG.keys())
def test_what_does_not_fit_together_is_said(client: dict[str, Any], expected: str) -> None:
    assert expected in sentences(client)


def test_a_client_has_one_name_in_its_certificate() -> None:
    both = {"tls_client_auth_san_dns": "x", "tls_client_auth_san_uri": "y"}

    for names in ({}, both):
        said = sentences({"token_endpoint_auth_method": "tls_client_auth"} | names)
        assert any(sentence.startswith("tls_client_auth needs exactly one of ") for sentence in said)


def test_a_previous_secret_is_as_strong_as_any() -> None:
    assert sentences({"client_secret": SECRET, "client_secret_previous": "short"}) == [
        "'client_secret_previous' must have at least 16 characters: it has 5"
    ]
