"""A client of `profile: fapi2` gets all that the FAPI 2.0 Security Profile demands of tokens, and nothing less."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.portal import VERIFIER, Portal, Tokens, challenge
from tests.protocol import forge
from tests.protocol.client_authentication.test_assertions import TYPE
from tests.protocol.dpop.holder import Holder
from tests.protocol.signer import Signer
from tests.running import RunningServer, demo_realm
from tests.visitor import Visitor

KEY = Signer("ES256", kid="fapi")
CLIENT: dict[str, Any] = {
    "client_id": "bank",
    "profile": "fapi2",
    "jwks": KEY.jwks,
    "redirect_uris": ["https://bank.example/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "scope": "openid profile",
}


@pytest.fixture(scope="module")
def server(standing: RunningServer) -> RunningServer:
    demo = demo_realm()
    standing.reload(demo | {"clients": [*demo["clients"], CLIENT]})
    return standing


@pytest.fixture
def bank(server: RunningServer) -> Iterator[Holder]:
    portal = Portal(server, CLIENT)
    yield Holder(portal)
    portal.close()


def assertion(server: RunningServer, signer: Signer = KEY) -> dict[str, str]:
    now = server.clock()
    claims = {"iss": "bank", "sub": "bank", "aud": server.issuer(), "exp": now + 60, "jti": secrets.token_hex(8)}
    return {"client_assertion_type": TYPE, "client_assertion": signer.sign(claims)}


def code(bank: Holder, visitor: Visitor) -> str:
    """By a pushed request, which the profile demands."""
    portal, server = bank.portal, bank.portal.server
    url = portal.http.get(f"{server.issuer()}/.well-known/openid-configuration").json()
    pushed = portal.http.post(
        url["pushed_authorization_request_endpoint"],
        data=portal.request(scope="openid profile", code_challenge=challenge()) | assertion(server),
    ).json()
    page = visitor.get(f"{server.endpoint('auth')}?client_id=bank&request_uri={pushed['request_uri']}")
    return visitor.sign_in(page, "alice").parameters()["code"]


def redeem(bank: Holder, code: str, *proofs: str) -> Tokens:
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    return Tokens(bank.post(*proofs, **form, redirect_uri=bank.portal.redirect_uri, **assertion(bank.portal.server)))


def test_the_whole_way(bank: Holder, server: RunningServer) -> None:
    visitor = Visitor(server)
    bank.nonce = redeem(bank, "x", bank.proof()).response.headers["dpop-nonce"]

    tokens = redeem(bank, code(bank, visitor), bank.proof())

    visitor.close()
    assert tokens.body["token_type"] == "DPoP"
    assert forge.parts(tokens.access)[0]["alg"] == forge.parts(tokens.body["id_token"])[0]["alg"] == "ES256"
    assert bank.userinfo(tokens.access).status_code == 200
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}
    again = Tokens(bank.post(bank.proof(), **form, **assertion(server)))
    assert (again.status, "refresh_token" in again.body) == (200, False)


@pytest.mark.attack
def test_a_bearer_token_is_not_to_be_had(bank: Holder, server: RunningServer) -> None:
    assert redeem(bank, "x").error == "invalid_dpop_proof"


@pytest.mark.attack
@pytest.mark.parametrize(("alg", "is_good"), [("EdDSA", True), ("PS256", True), ("RS256", False), ("ES384", False)])
def test_a_proof_is_signed_as_the_profile_says(server: RunningServer, alg: str, is_good: bool) -> None:
    portal = Portal(server, CLIENT)
    holder = Holder(portal, alg)
    holder.nonce = redeem(holder, "x", holder.proof()).response.headers["dpop-nonce"]

    assert redeem(holder, "x", holder.proof()).error == ("invalid_grant" if is_good else "invalid_dpop_proof")

    portal.close()


def test_only_what_contradicts_the_profile_has_to_be_said() -> None:
    from tests.realm.test_client_authentication import sentences

    contradictions = {
        "token_endpoint_auth_method": (
            "client_secret_basic",
            "a client proves itself by a key or a certificate (5.3.2.1)",
        ),
        "dpop_bound_access_tokens": (False, "tokens are bound to a key or a certificate (5.3.2.1)"),
        "require_pushed_authorization_requests": (False, "requests are pushed (5.3.2.2)"),
        "require_pkce": (False, "requests have PKCE (5.3.2.2)"),
        "id_token_signed_response_alg": ("RS256", "signatures are made by PS256, ES256 or EdDSA (5.4.1)"),
        "token_endpoint_auth_signing_alg": ("RS512", "signatures are made by PS256, ES256 or EdDSA (5.4.1)"),
    }
    assert sentences(CLIENT) == []
    for key, (value, sentence) in contradictions.items():
        assert f"FAPI 2.0 does not allow this: {sentence}" in sentences(CLIENT | {key: value}), key
