"""What somebody whom the realm believes says of a client counts before what the client says (RFC 7591 section 2.3)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.protocol import forge
from tests.protocol.registration.conftest import Registrar
from tests.protocol.signer import Signer

ISSUER = "https://vouching.example"
Vouch = Callable[..., str]


@pytest.fixture
def vouch(registrar: Registrar) -> Vouch:
    def sign(key: ECKey | None = None, **claims: Any) -> str:
        said = {"iss": ISSUER, "client_name": "Vouched for", **claims}
        return jwt.encode({"alg": "ES256", "kid": "v"}, said, key or registrar.voucher, algorithms=["ES256"])

    return sign


def test_what_it_says_counts_first(registrar: Registrar, vouch: Vouch) -> None:
    statement = vouch(redirect_uris=["https://vouched.example/back"])

    told = registrar.register(client_name="Boasting", software_statement=statement).json()

    assert (told["client_name"], told["redirect_uris"]) == ("Vouched for", ["https://vouched.example/back"])
    assert told["software_statement"] == statement


@pytest.mark.attack
def test_it_decides_nothing_that_a_client_may_not(registrar: Registrar, vouch: Vouch) -> None:
    told = registrar.register(software_statement=vouch(client_id="house", require_consent=False)).json()
    refused = registrar.register(software_statement=vouch(scope="openid payments"))

    assert told["client_id"] != "house"
    assert refused.json()["error"] == "invalid_client_metadata"


def vouch_with(registrar: Registrar, **header: Any) -> str:
    """By the right key, whatever the header says."""
    return Signer("ES256", key=registrar.voucher, kid="v").sign({"iss": ISSUER}, **header)


@pytest.mark.attack
def test_nobody_else_is_believed(registrar: Registrar, vouch: Vouch) -> None:
    token = registrar.token()
    stranger = ECKey.generate_key("P-256", parameters={"kid": "v"})
    head, body, signature = vouch().split(".")
    none = "eyJhbGciOiJub25lIn0"
    wrong = {
        "another issuer": (vouch(iss="https://stranger.example"), "unapproved_software_statement"),
        "another key": (vouch(stranger), "invalid_software_statement"),
        "expired": (vouch(exp=registrar.server.clock()), "invalid_software_statement"),
        "no number": (vouch(exp="never"), "invalid_software_statement"),
        "no issuer": (vouch(iss=None), "invalid_software_statement"),
        "no signature": (f"{head}.{body}.", "invalid_software_statement"),
        "alg none": (f"{none}.{body}.", "invalid_software_statement"),
        "cut": (f"{head}.{body}.{signature[:-2]}", "invalid_software_statement"),
        "a public key as a secret": (
            forge.mac_with(registrar.voucher.as_pem(private=False), {"alg": "HS256", "kid": "v"}, {"iss": ISSUER}),
            "invalid_software_statement",
        ),
        "a public key in other words as a secret": (
            forge.mac_with(
                registrar.voucher.as_pem(private=False).replace(b"\n", b"\r\n"), {"alg": "HS256"}, {"iss": ISSUER}
            ),
            "invalid_software_statement",
        ),
        "a key in the header": (
            Signer("ES256", key=stranger, kid="v").sign({"iss": ISSUER}, jwk=stranger.as_dict(private=False)),
            "invalid_software_statement",
        ),
        "an extension": (vouch_with(registrar, crit=["bork"], bork=1), "invalid_software_statement"),
        "no extension": (vouch_with(registrar, crit=[]), "invalid_software_statement"),
        "another curve": (vouch_with(registrar, alg="ES384"), "invalid_software_statement"),
        "JSON": (
            json.dumps({"payload": body, "protected": head, "signature": signature, "signatures": []}),
            "invalid_software_statement",
        ),
        "nested": (f"{forge.encoded(b'[' * 300)}.{forge.encoded(b'[' * 3000)}.AA", "invalid_software_statement"),
        "a nested header": (
            f"{forge.encoded(b'[' * 1500)}.{body}.{signature}",
            "invalid_software_statement",
        ),
        "nothing": ("x", "invalid_software_statement"),
        "too long": ("x" * 9000, "invalid_software_statement"),
    }
    for case, (statement, error) in wrong.items():
        response = registrar.register(token, software_statement=statement)
        assert (response.status_code, response.json()["error"]) == (400, error), case
    assert registrar.register(token, software_statement=7).json()["error"] == "invalid_software_statement"
    assert registrar.register(token).status_code == 201
