"""Forged, stolen, mistaken and oversized tokens (the JW group of the attack catalogue)."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey

from idp.resource_server import InvalidToken, TokenVerifier
from tests.resource_server.issuer import AUDIENCE, EC, NOW, OTHER_RSA, RSA, Issuer, encoded, unsigned

pytestmark = pytest.mark.attack

TYPED = {"typ": "at+jwt", "kid": "rsa-1"}


def refused(verifier: TokenVerifier, token: str) -> InvalidToken:
    with pytest.raises(InvalidToken) as caught:
        verifier.verify(token, now=NOW)
    return caught.value


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "", None, 0, ["RS256"], {"a": 1}, "RS256\x00"], ids=repr)
def test_jw_01_a_token_without_a_signature_algorithm_is_refused(
    issuer: Issuer, verifier: TokenVerifier, algorithm: object
) -> None:
    for signature in (b"", b"x" * 256):
        refused(verifier, unsigned(TYPED | {"alg": algorithm}, issuer.claims(), signature))


def test_jw_01_a_missing_algorithm_is_refused(issuer: Issuer, verifier: TokenVerifier) -> None:
    refused(verifier, unsigned(TYPED, issuer.claims(), b"x"))


def test_jw_01_a_signature_taken_away_is_noticed(issuer: Issuer, verifier: TokenVerifier) -> None:
    head, claims, _ = issuer.token().split(".")
    refused(verifier, f"{head}.{claims}.")
    refused(verifier, f"{head}.{claims}")


PUBLIC_PEM = RSA.as_pem(private=False)
PUBLIC_SPELLINGS = {
    "PEM": PUBLIC_PEM,
    "PEM with CRLF": PUBLIC_PEM.replace(b"\n", b"\r\n"),
    "PEM without its last newline": PUBLIC_PEM.rstrip(b"\n"),
    "PEM after a space": b" " + PUBLIC_PEM,
    "DER": RSA.as_der(private=False),
    "JWK": json.dumps(RSA.as_dict(private=False)).encode(),
    "modulus": base64.urlsafe_b64decode(str(RSA.as_dict(private=False)["n"]) + "=="),
}


@pytest.mark.parametrize("spelling", PUBLIC_SPELLINGS, ids=str)
def test_jw_02_the_public_key_is_no_shared_secret(issuer: Issuer, verifier: TokenVerifier, spelling: str) -> None:
    for algorithm, digest in (("HS256", hashlib.sha256), ("HS512", hashlib.sha512)):
        signed = unsigned(TYPED | {"alg": algorithm}, issuer.claims()).rpartition(".")[0]
        mac = hmac.new(PUBLIC_SPELLINGS[spelling], signed.encode(), digest).digest()
        refused(verifier, f"{signed}.{encoded(mac)}")


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_jw_03_a_key_that_comes_with_the_token_is_not_believed(
    issuer: Issuer, verifier: TokenVerifier, name: str
) -> None:
    verifier.verify(issuer.token(), now=NOW)
    asked = len(issuer.asked)
    key = {"jwk": OTHER_RSA.as_dict(private=False), "x5c": [encoded(OTHER_RSA.as_der(private=False))]}
    header = {"alg": "RS256", name: key.get(name, issuer.url + "/attacker")} | TYPED
    token = _signed(header, issuer.claims(), OTHER_RSA)
    assert "brings a key" in refused(verifier, token).reason
    assert len(issuer.asked) == asked


@pytest.mark.parametrize(
    "kid", ["../../dev/null", "' UNION SELECT 'k'--", "k" * 10_000, 0, ["rsa-1"], None, "", "ec-1", "rsa-2", "\x00", {}]
)
def test_jw_04_a_kid_names_a_published_key_or_nothing(issuer: Issuer, verifier: TokenVerifier, kid: object) -> None:
    refused(verifier, _signed({"alg": "RS256", "typ": "at+jwt", "kid": kid}, issuer.claims(), OTHER_RSA))


def test_jw_04_an_absent_kid_is_refused(issuer: Issuer, verifier: TokenVerifier) -> None:
    refused(verifier, _signed({"alg": "RS256", "typ": "at+jwt"}, issuer.claims(), RSA))


def test_jw_04_another_issuers_key_under_a_known_kid_is_refused(issuer: Issuer, verifier: TokenVerifier) -> None:
    refused(verifier, _signed({"alg": "RS256"} | TYPED, issuer.claims(), OTHER_RSA))


@pytest.mark.parametrize(
    "extension",
    [{"crit": ["bork"], "bork": 1}, {"crit": []}, {"crit": ["b64"], "b64": False}, {"b64": False}],
    ids=repr,
)
def test_jw_05_an_extension_is_not_passed_over(
    issuer: Issuer, verifier: TokenVerifier, extension: dict[str, Any]
) -> None:
    refused(verifier, _signed({"alg": "RS256"} | TYPED | extension, issuer.claims(), RSA))


def test_jw_06_a_json_serialization_is_no_access_token(issuer: Issuer, verifier: TokenVerifier) -> None:
    head, claims, signature = issuer.token().split(".")
    good = {"protected": head, "signature": signature}
    for form in (
        {"payload": claims, "signatures": []},
        {"payload": claims, "signatures": [{"protected": head, "signature": ""}, good]},
        {"payload": claims, **good},
    ):
        refused(verifier, json.dumps(form))


def test_jw_05_a_parameter_that_nobody_knows_is_ignored(issuer: Issuer, verifier: TokenVerifier) -> None:
    token = _signed({"alg": "RS256", "tx_id": "x"} | TYPED, issuer.claims(), RSA)
    assert verifier.verify(token, now=NOW).subject == "u-1"


@pytest.mark.parametrize("algorithm", ["PS256", "RS384", "RS512"])
def test_jw_07_the_right_key_with_another_algorithm_is_refused(
    issuer: Issuer, verifier: TokenVerifier, algorithm: str
) -> None:
    key = RSAKey.import_key({k: v for k, v in RSA.as_dict(private=True).items() if k != "alg"})
    refused(verifier, _signed(TYPED | {"alg": algorithm}, issuer.claims(), key))


def test_jw_07_a_published_key_is_used_for_its_own_algorithm_only(issuer: Issuer) -> None:
    verifier = TokenVerifier(issuer=issuer.url, audience=AUDIENCE, algorithms=("RS256", "PS256"))
    key = RSAKey.import_key({k: v for k, v in RSA.as_dict(private=True).items() if k != "alg"})
    assert "kid and algorithm" in refused(verifier, _signed(TYPED | {"alg": "PS256"}, issuer.claims(), key)).reason


def test_jw_07_an_elliptic_key_on_another_curve_is_refused(issuer: Issuer, verifier: TokenVerifier) -> None:
    other = ECKey.generate_key("P-384", {"kid": "ec-384"})
    issuer.keys.append(other.as_dict(private=False))
    refused(verifier, _signed({"alg": "ES384", "typ": "at+jwt", "kid": "ec-384"}, issuer.claims(), other))
    head = encoded(json.dumps({"alg": "ES256", "typ": "at+jwt", "kid": "ec-384"}).encode())
    refused(verifier, f"{head}.{encoded(json.dumps(issuer.claims()).encode())}.{encoded(b'x' * 64)}")


def _nested(depth: int) -> str:
    return encoded(("[" * depth).encode())


HUGE_NUMBER = b'{"exp":' + b"9" * 10_000 + b"}"
BOMBS: dict[str, Callable[[Issuer], str]] = {
    "dots": lambda _: "." * 1_000_000,
    "header of a megabyte": lambda i: unsigned({"alg": "RS256"} | TYPED | {"x": "a" * 1_000_000}, i.claims(), b"x"),
    "nested header": lambda _: f"{_nested(50_000)}.e30.eA",
    "nested header within the limit": lambda _: f"{_nested(12_000)}.e30.eA",
    "nested payload within the limit": lambda i: f"{i.token().split('.')[0]}.{_nested(11_000)}.eA",
    "compressed": lambda i: unsigned({"alg": "RS256", "zip": "DEF"} | TYPED, i.claims(), b"x"),
    "password-based": lambda i: unsigned({"alg": "PBES2-HS256+A128KW", "p2c": 2**31 - 1} | TYPED, i.claims(), b"x"),
    "encrypted": lambda _: ".".join([encoded(b'{"alg":"RSA-OAEP","enc":"A128GCM"}'), "", "YQ", "YQ", "YQ"]),
    "huge number": lambda i: f"{i.token().split('.')[0]}.{encoded(HUGE_NUMBER)}.eA",
}


@pytest.mark.parametrize("bomb", BOMBS, ids=str)
def test_jw_08_a_bomb_costs_little(issuer: Issuer, verifier: TokenVerifier, bomb: str) -> None:
    verifier.verify(issuer.token(), now=NOW)
    token = BOMBS[bomb](issuer)
    before = time.process_time()
    refused(verifier, token)
    assert time.process_time() - before < 0.5


def test_jw_08_a_signed_payload_that_is_nested_without_end_is_refused(issuer: Issuer, verifier: TokenVerifier) -> None:
    token = jws.serialize_compact({"alg": "RS256"} | TYPED, b"[" * 8_000, RSA, algorithms=["RS256"])
    refused(verifier, token)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": ...},
        {"exp": NOW - 10},
        {"exp": NOW - 3600},
        {"exp": str(NOW + 9)},
        {"exp": 1e300},
        {"exp": float(NOW + 9)},
        {"exp": True},
        {"exp": None},
        {"exp": 2**70},
        {"exp": [NOW + 9]},
        {"iat": ...},
        {"iat": NOW + 61},
        {"iat": "now"},
        {"nbf": NOW + 61},
        {"nbf": "9"},
        {"auth_time": NOW + 61},
        {"auth_time": "recently"},
        {"auth_time": True},
        {"aud": ...},
        {"aud": None},
        {"aud": []},
        {"aud": ["https://other.example", "cli"]},
        {"aud": "cli"},
        {"aud": AUDIENCE + "/"},
        {"aud": {"a": AUDIENCE}},
        {"sub": 1},
        {"sub": None},
        {"sub": ...},
        {"sub": ""},
        {"client_id": ...},
        {"client_id": ["cli"]},
        {"scope": ["payments"]},
        {"acr": 2},
        {"acr": ["two-factor"]},
        {"amr": "mfa"},
        {"roles": {"admin": True}},
        {"roles": [1]},
    ],
    ids=repr,
)
def test_jw_11_a_token_for_somebody_else_or_another_time_is_refused(
    issuer: Issuer, verifier: TokenVerifier, changes: dict[str, Any]
) -> None:
    refused(verifier, issuer.token(**changes))


OTHER_ISSUERS: dict[str, Callable[[str], object]] = {
    "trailing slash": lambda url: url + "/",
    "another case": lambda url: url.upper(),
    "another realm": lambda url: url.replace("demo", "other"),
    "null": lambda _: None,
    "absent": lambda _: ...,
}


@pytest.mark.parametrize("change", OTHER_ISSUERS, ids=str)
def test_jw_11_another_issuer_is_refused(issuer: Issuer, verifier: TokenVerifier, change: str) -> None:
    refused(verifier, issuer.token(iss=OTHER_ISSUERS[change](issuer.url)))


@pytest.mark.parametrize(
    "kind",
    ["JWT", "jwt", "logout+jwt", "dpop+jwt", "id+jwt", "token-introspection+jwt", "at", "at+jwt ", "", None, 7, []],
)
def test_jw_12_a_token_of_another_type_is_no_access_token(
    issuer: Issuer, verifier: TokenVerifier, kind: object
) -> None:
    header = {"alg": "RS256", "kid": "rsa-1", "typ": kind}
    assert "type" in refused(verifier, _signed(header, issuer.claims(), RSA)).reason


def test_jw_12_a_token_without_a_type_is_no_access_token(issuer: Issuer, verifier: TokenVerifier) -> None:
    token = jwt.encode({"alg": "RS256", "kid": "rsa-1"}, issuer.claims(), RSA, default_type=None)
    assert "type" in refused(verifier, token).reason


def test_a_token_bound_to_a_key_is_no_bearer_token(issuer: Issuer, verifier: TokenVerifier) -> None:
    assert "bound" in refused(verifier, issuer.token(cnf={"jkt": "x"})).reason


def test_a_changed_claim_is_noticed(issuer: Issuer, verifier: TokenVerifier) -> None:
    for key in (RSA, EC):
        head, _, signature = issuer.token(key=key).split(".")
        raised = encoded(json.dumps(issuer.claims(acr="phishing-resistant")).encode())
        refused(verifier, f"{head}.{raised}.{signature}")


@pytest.mark.parametrize(
    "junk",
    ["", "a", "a.b", "a.b.c", "..", "a.b.c.d", "Ä.b.c", "e30.e30.e30", "bnVsbA.bnVsbA.e30", "a b.c.d", "a.b.c\n"],
)
def test_junk_is_refused(verifier: TokenVerifier, junk: str) -> None:
    refused(verifier, junk)


def _signed(header: dict[str, Any], claims: dict[str, Any], key: RSAKey | ECKey) -> str:
    """Sign whatever the header says, as an attacker's own software would."""
    if isinstance(key, RSAKey):
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        signed = unsigned(header, claims).rpartition(".")[0]
        digest = {"384": hashes.SHA384(), "512": hashes.SHA512()}.get(str(header["alg"])[2:], hashes.SHA256())
        scheme = padding.PSS(padding.MGF1(digest), 32) if header["alg"] == "PS256" else padding.PKCS1v15()
        assert key.private_key is not None
        return f"{signed}.{encoded(key.private_key.sign(signed.encode(), scheme, digest))}"
    return jwt.encode(header, claims, key, algorithms=[header["alg"]])
