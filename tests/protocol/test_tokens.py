"""What access tokens (RFC 9068) and ID tokens (OpenID Connect Core section 2) say, and to whom."""

import base64
import hashlib
from collections.abc import Callable, Iterator

import pytest
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc.jwk import KeySet

from tests.conftest import Start
from tests.portal import Portal, Tokens
from tests.protocol import forge
from tests.protocol.administrator import Administrator
from tests.running import RunningServer, demo_client, demo_realm
from tests.visitor import PASSWORD, Visitor


@pytest.fixture(scope="module")
def tokens(standing: RunningServer, standing_portal: Portal) -> Iterator[Tokens]:
    """Those of ada at the portal."""
    visitor = Visitor(standing)
    yield standing_portal.sign_in(visitor, "ada")
    visitor.close()


def test_an_access_token_names_its_type(tokens: Tokens) -> None:
    """RFC 9068 section 2.1."""
    header, claims = forge.parts(tokens.access)

    assert (header["typ"], header["alg"]) == ("at+jwt", "RS256")
    assert header.keys() == {"typ", "alg", "kid"}
    assert claims["typ"] == "Bearer"


def test_an_access_token_says_who_when_and_for_what(
    standing: RunningServer, standing_portal: Portal, tokens: Tokens
) -> None:
    """RFC 9068 section 2.2."""
    claims = standing_portal.verified(tokens.access)

    now = standing.clock()
    assert (claims["iss"], claims["client_id"], claims["azp"]) == (standing.issuer(), "portal", "portal")
    assert (claims["iat"], claims["exp"], claims["auth_time"]) == (now, now + 300, now)
    assert claims["scope"] == tokens.body["scope"] == "openid profile email"
    assert (claims["acr"], claims["amr"]) == ("two-factor", ["pwd", "otp", "mfa"])
    assert (claims["roles"], claims["realm_access"]) == (["admin"], {"roles": ["admin"]})


def test_authlib_takes_the_access_token_of_somebody_without_roles(
    portal: Portal, visitor: Visitor, administer: Callable[..., Administrator]
) -> None:
    """RFC 9068 section 4, as an API that is not ours reads it."""
    administer(portal.server).set_roles("alice")
    access = portal.sign_in(visitor).access

    class Verifier(JWTBearerTokenValidator):  # type: ignore[misc]  # Authlib has no types
        def get_jwks(self) -> KeySet:
            return KeySet.import_key_set(portal.http.get(portal.server.endpoint("certs")).json())

    verifier = Verifier(issuer=portal.server.issuer(), resource_server="portal")
    verifier.authenticate_token(access).validate(now=portal.server.clock())


def test_an_access_token_says_nothing_personal(tokens: Tokens) -> None:
    assert tokens.access_claims.keys().isdisjoint({"name", "email", "preferred_username", "nonce"})


def test_an_access_token_without_an_api_is_for_the_client(tokens: Tokens) -> None:
    assert tokens.access_claims["aud"] == "portal"


def test_an_access_token_is_for_the_apis_of_its_scopes(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    scopes = {
        "payments": {"audience": ["https://pay.test"]},
        "reports": {"audience": ["https://reports.test", "https://pay.test"]},
        "plain": {"description": "for no API"},
    }
    client = demo_client("portal") | {"scope": "openid payments reports plain"}
    server = start(demo_realm(clients=[client], scopes=scopes, second_factor={"rules": []}))
    portal = register(server, client)
    visitor = visit(server)

    def audience(scope: str) -> object:
        return portal.sign_in(visitor, scope=scope).access_claims["aud"]

    assert audience("openid payments") == "https://pay.test"
    assert sorted(audience("openid payments reports")) == ["https://pay.test", "https://reports.test"]  # type: ignore[call-overload]
    assert audience("openid plain") == "portal"


def test_a_refresh_for_fewer_scopes_is_for_fewer_apis(billing: Portal, visitor: Visitor) -> None:
    tokens = billing.sign_in(visitor, scope="openid payments")
    assert tokens.access_claims["aud"] == "http://localhost:8083"

    assert billing.refresh(tokens.refresh, scope="openid").access_claims["aud"] == "billing"


def test_no_two_tokens_have_the_same_identifier(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor)
    identifiers = [tokens.access_claims["jti"]]
    for _ in range(5):
        tokens = portal.refresh(tokens.refresh)
        identifiers.append(tokens.access_claims["jti"])

    assert len(set(identifiers)) == 6


def test_an_id_token_says_who_signed_in_how(standing: RunningServer, standing_portal: Portal, tokens: Tokens) -> None:
    claims = standing_portal.verified(tokens.body["id_token"])

    now = standing.clock()
    assert (claims["iss"], claims["aud"], claims["azp"]) == (standing.issuer(), "portal", "portal")
    assert (claims["iat"], claims["exp"], claims["auth_time"]) == (now, now + 300, now)
    assert (claims["nonce"], claims["sid"]) == ("a nonce", tokens.body["session_state"])
    assert (claims["preferred_username"], claims["email"], claims["email_verified"]) == (
        "ada",
        "ada@example.com",
        False,
    )


def test_an_id_token_names_its_key_and_brings_none_along(
    standing: RunningServer, standing_portal: Portal, tokens: Tokens
) -> None:
    """OpenID Connect Core sections 2 and 10.1: no `x5u`, `x5c`, `jku` or `jwk`."""
    header = forge.parts(tokens.body["id_token"])[0]
    published = standing_portal.http.get(standing.endpoint("certs")).json()["keys"]

    assert header.keys() == {"typ", "alg", "kid"}
    assert (header["typ"], header["alg"]) == ("JWT", "RS256")
    assert [key["alg"] for key in published if key["kid"] == header["kid"]] == ["RS256"]


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_an_id_token_is_bound_to_its_access_token(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor], alg: str
) -> None:
    """OpenID Connect Core section 3.1.3.6."""
    client = demo_client("portal") | {"id_token_signed_response_alg": alg}
    server = start(demo_realm(clients=[client], second_factor={"rules": []}))

    tokens = register(server, client).sign_in(visit(server))

    half = hashlib.sha256(tokens.access.encode()).digest()[:16]
    assert tokens.id_claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()


def test_a_person_is_the_same_subject_for_every_client(portal: Portal, billing: Portal, visitor: Visitor) -> None:
    first, second = portal.sign_in(visitor, "ada"), billing.sign_in(visitor, "ada")

    assert first.id_claims["sub"] == second.id_claims["sub"]
    assert "ada" not in first.id_claims["sub"]


def test_whoever_gets_a_name_that_was_free_again_is_somebody_else(
    portal: Portal, visit: Callable[..., Visitor], administer: Callable[..., Administrator]
) -> None:
    """OpenID Connect Core section 2: a `sub` is never given to another person, and is short ASCII."""
    before = portal.sign_in(visit(portal.server)).id_claims["sub"]
    administrator = administer(portal.server)
    administrator.delete("alice")
    administrator.add("alice", email=None, password=PASSWORD)

    after = portal.sign_in(visit(portal.server)).id_claims["sub"]

    assert before != after
    assert all(sub.isascii() and len(sub) <= 255 for sub in (before, after))


def test_a_request_without_a_nonce_gets_none(portal: Portal, visitor: Visitor) -> None:
    assert "nonce" not in portal.sign_in(visitor, nonce=None).id_claims


def test_a_nonce_comes_back_as_it_was_sent(portal: Portal, visitor: Visitor) -> None:
    nonce = "ü€𝄞 \"'<>&\\" + "n" * 2000

    assert portal.sign_in(visitor, nonce=nonce).id_claims["nonce"] == nonce


def test_tokens_of_the_largest_grant_stay_usable(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    """As many scopes as a client can ask for: the tokens are still taken where they are presented."""
    names = [f"scope-with-a-rather-long-name-{n:02}" for n in range(25)]
    scopes = {n: {"audience": [f"https://{n}.apis.example.test/v1"]} for n in names}
    client = demo_client("portal") | {"scope": " ".join(["openid", *names])}
    server = start(demo_realm(clients=[client], scopes=scopes, second_factor={"rules": []}))
    portal = register(server, client)

    tokens = portal.sign_in(visit(server), scope=client["scope"])

    assert portal.userinfo(tokens.access).status_code == 200
    assert portal.introspect(tokens.access)["active"] is True
    assert portal.refresh(tokens.refresh).status == 200
