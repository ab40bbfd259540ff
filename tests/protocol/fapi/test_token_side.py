"""A client of `profile: fapi2` gets all that the FAPI 2.0 Security Profile demands of tokens, and nothing less."""

import re
import secrets
from collections.abc import Iterator
from typing import Any

import httpx
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
    "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    "scope": "openid profile",
}
PAR = "ext/par/request"
FORM = ("refresh_token", "scope", "resource", "authorization_details")


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


def push(bank: Holder, *proofs: str) -> httpx.Response:
    portal, server = bank.portal, bank.portal.server
    data = portal.request(scope="openid profile", code_challenge=challenge()) | assertion(server)
    return portal.http.post(server.endpoint(PAR), data=data, headers=[(b"dpop", proof.encode()) for proof in proofs])


def code(bank: Holder, visitor: Visitor) -> str:
    """By a pushed request, which the profile demands."""
    request_uri = push(bank).json()["request_uri"]
    page = visitor.get(f"{bank.portal.server.endpoint('auth')}?client_id=bank&request_uri={request_uri}")
    return visitor.sign_in(page, "alice").parameters()["code"]


def signed_in(bank: Holder) -> Tokens:
    visitor = Visitor(bank.portal.server)
    bank.nonce = redeem(bank, "x", bank.proof()).response.headers["dpop-nonce"]
    tokens = redeem(bank, code(bank, visitor), bank.proof())
    visitor.close()
    return tokens


def redeem(bank: Holder, code: str, *proofs: str) -> Tokens:
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    return Tokens(bank.post(*proofs, **form, redirect_uri=bank.portal.redirect_uri, **assertion(bank.portal.server)))


def test_the_whole_way(bank: Holder, server: RunningServer) -> None:
    tokens = signed_in(bank)

    assert tokens.body["token_type"] == "DPoP"
    assert forge.parts(tokens.access)[0]["alg"] == forge.parts(tokens.body["id_token"])[0]["alg"] == "ES256"
    assert bank.userinfo(tokens.access).status_code == 200
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}
    again = Tokens(bank.post(bank.proof(), **form, **assertion(server)))
    assert (again.status, "refresh_token" in again.body) == (200, False)


@pytest.mark.attack
def test_a_bearer_token_is_not_to_be_had(bank: Holder, server: RunningServer) -> None:
    """By no grant. A proof that is missing is no proof that is wrong: the error is that of a missing parameter."""
    tokens = signed_in(bank)
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}

    for form in ({"grant_type": "authorization_code", "code": "x"}, refresh, {"grant_type": "client_credentials"}):
        answer = Tokens(bank.post(**form, **assertion(server)))
        assert (answer.status, answer.error) == (400, "invalid_request"), form
    assert Tokens(bank.post(bank.proof(), **refresh, **assertion(server))).status == 200


def test_a_client_for_itself_gets_a_bound_token_and_nothing_to_refresh_it_with(
    bank: Holder, server: RunningServer
) -> None:
    bank.nonce = redeem(bank, "x", bank.proof()).response.headers["dpop-nonce"]

    answer = Tokens(bank.post(bank.proof(), grant_type="client_credentials", **assertion(server)))

    assert (answer.body["token_type"], answer.access_claims["cnf"]) == ("DPoP", {"jkt": bank.jkt})
    assert answer.body.keys().isdisjoint({"refresh_token", "id_token"})


@pytest.mark.attack
def test_no_endpoint_takes_a_proof_by_another_algorithm(server: RunningServer) -> None:
    """The key of a token by PS256 can sign by RS256 too: the thumbprint is the same."""
    portal = Portal(server, CLIENT)
    holder = Holder(portal, "PS256")
    token = signed_in(holder).access
    weak = Holder(portal, signer=Signer("RS256", key=holder.signer.key, kid=None))
    weak.nonce = holder.nonce

    pushed, asked = push(weak, weak.proof(PAR)), weak.userinfo(token)

    assert (pushed.status_code, pushed.json()["error"]) == (400, "invalid_dpop_proof")
    assert (asked.status_code, asked.json()["error"]) == (401, "invalid_dpop_proof")
    assert asked.headers["www-authenticate"].startswith('DPoP error="invalid_dpop_proof"')
    assert (push(holder, holder.proof(PAR)).status_code, holder.userinfo(token).status_code) == (201, 200)
    portal.close()


def test_what_introspection_says_is_signed_as_the_profile_says(bank: Holder, server: RunningServer) -> None:
    """FAPI 2.0 Message Signing section 5.5, RFC 9701 section 5."""
    kind = "application/token-introspection+jwt"

    answer = bank.portal.http.post(
        server.endpoint("token/introspect"),
        data={"token": signed_in(bank).access} | assertion(server),
        headers={"accept": kind},
    )

    assert answer.headers["content-type"] == kind
    header, said = forge.parts(answer.text)
    assert (header["alg"], header["typ"]) == ("ES256", "token-introspection+jwt")
    assert (said["iss"], said["aud"]) == (server.issuer(), "bank")
    assert said.keys() == {"iss", "aud", "iat", "token_introspection"}
    assert said["token_introspection"]["cnf"] == {"jkt": bank.jkt}
    assert bank.portal.verified(answer.text) == said


def test_the_name_of_the_scheme_has_no_case(bank: Holder) -> None:
    """RFC 9110 section 11.1."""
    token = signed_in(bank).access

    assert [bank.userinfo(token, scheme=scheme).status_code for scheme in ("dPoP", "DPOP", "dpop")] == [200, 200, 200]


@pytest.mark.attack
def test_nothing_that_is_handed_out_can_be_guessed(bank: Holder, server: RunningServer) -> None:
    """128 random bits are 22 characters of base64url (FAPI 2.0 Security Profile section 5.4.1)."""
    tokens, visitor = signed_in(bank), Visitor(server)
    values = [[push(bank).json()["request_uri"].rpartition(":")[2], code(bank, visitor)] for _ in range(2)]
    visitor.close()

    assert all(len(value) >= 43 for pair in values for value in pair)
    assert len({value for pair in values for value in pair}) == 4
    assert len(forge.parts(tokens.refresh)[1]["jti"]) >= 22
    assert tokens.access_claims["jti"] != forge.parts(tokens.refresh)[1]["jti"]


def test_no_two_keys_of_the_server_have_one_name(bank: Holder, server: RunningServer) -> None:
    keys = bank.portal.http.get(server.endpoint("certs")).json()["keys"]

    assert len({key["kid"] for key in keys}) == len(keys) > 1


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
    for method in ("none", "client_secret_post", "client_secret_jwt"):
        key = "token_endpoint_auth_method"
        assert f"FAPI 2.0 does not allow this: {contradictions[key][1]}" in sentences(CLIENT | {key: method}), method
    long = "'bank' is of the profile fapi2: less than 10m (FAPI 2.0, 5.3.2.2)"
    assert sentences(CLIENT, tokens={"pushed_request": "10m"}) == [long]
    assert sentences(CLIENT, tokens={"pushed_request": "599s"}) == []


def test_the_server_has_no_short_key_of_rsa() -> None:
    """FAPI 2.0 Security Profile section 5.4.1."""
    from tests.realm.test_client_authentication import sentences

    assert sentences(CLIENT, keys={"rsa_bits": 2048}) == []
    assert len(sentences(CLIENT, keys={"rsa_bits": 1024})) == 1


HOSTILE = 'x"\\\r\n\u00fc<b>'
ERROR, DESCRIPTION = re.compile(r"[a-z_]+"), re.compile(r"[ !#-\[\]-~]+")


@pytest.mark.attack
def test_an_error_is_said_in_the_characters_that_it_may_have(bank: Holder, server: RunningServer) -> None:
    """RFC 6749 section 5.2: neither a quotation mark nor a backslash, whatever was sent."""
    post, asked = bank.portal.http.post, bank.portal.request(scope="openid")
    bank.nonce = redeem(bank, "x", bank.proof()).response.headers["dpop-nonce"]
    grants = ("authorization_code", "refresh_token", "client_credentials", "password", HOSTILE)
    answers = [
        *(bank.post(*proofs, grant_type=g, **assertion(server)) for g in grants for proofs in ((), (HOSTILE[:3],))),
        *(bank.post(bank.proof(), grant_type="refresh_token", **{name: HOSTILE}, **assertion(server)) for name in FORM),
        *(post(server.endpoint(PAR), data=asked | assertion(server) | {name: HOSTILE}) for name in asked),
        *(
            post(server.endpoint(PAR), data=asked | assertion(server) | {name: HOSTILE})
            for name in ("request", "claims")
        ),
        *(post(server.endpoint(name), data={"client_id": HOSTILE}) for name in (PAR, "token", "revoke")),
        *(post(server.endpoint(name), data=assertion(server)) for name in ("revoke", "token/introspect")),
    ]

    refused = [answer.json() for answer in answers if answer.status_code >= 400]
    assert len(refused) > len(answers) - 6
    for said in refused:
        assert ERROR.fullmatch(said["error"]), said
        assert DESCRIPTION.fullmatch(said.get("error_description", "-")), said
