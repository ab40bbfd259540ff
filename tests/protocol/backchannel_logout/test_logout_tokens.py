"""What a client is told: a logout token that is nothing else (OpenID Connect Back-Channel Logout sections 2.4, 2.5)."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from joserfc import jwe
from joserfc.jwe import JWERegistry
from joserfc.jwk import RSAKey
from joserfc.registry import HeaderParameter

from tests.clock import Clock
from tests.conftest import Log
from tests.portal import Portal
from tests.protocol import forge
from tests.protocol.backchannel_logout.conftest import leave
from tests.protocol.party import Party, Says
from tests.protocol.realm_files import client_of
from tests.running import RunningServer
from tests.visitor import Visitor

SignIn = Callable[..., dict[str, Any]]
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def told(party: Party, visitor: Visitor, sign_in: SignIn) -> tuple[dict[str, Any], str]:
    """The claims of alice's ID token at the shop, and the logout token that followed."""
    claims = sign_in("shop", visitor)
    leave(visitor, id_token_hint=claims["id_token"])
    return claims, party.next().form["logout_token"]


def test_the_token_is_posted_as_a_form_to_the_registered_address(
    party: Party, visitor: Visitor, sign_in: SignIn
) -> None:
    sign_in("bank", visitor)
    leave(visitor)

    received = party.next()
    assert (received.method, received.path) == ("POST", "/bank?tenant=1")
    assert received.headers["content-type"] == "application/x-www-form-urlencoded"
    assert received.form.keys() == {"logout_token"}


def test_it_says_whose_session_ended_to_one_client(
    told: tuple[dict[str, Any], str], at: Callable[[str], Portal], server: RunningServer, clock: Clock
) -> None:
    id_claims, token = told
    claims = at("shop").verified(token)

    assert claims.keys() == {"iss", "sub", "aud", "iat", "exp", "jti", "sid", "events"}
    assert (claims["iss"], claims["aud"]) == (server.issuer(), "shop")
    assert (claims["sub"], claims["sid"]) == (id_claims["sub"], id_claims["sid"])
    assert claims["events"] == {EVENT: {}}
    assert (claims["iat"], claims["exp"]) == (clock(), clock() + 120)


def test_it_is_signed_as_the_id_tokens_of_the_client_are(
    party: Party, visitor: Visitor, sign_in: SignIn, at: Callable[[str], Portal]
) -> None:
    sign_in("bank", visitor)
    leave(visitor)

    token = party.next().form["logout_token"]
    header, _ = forge.parts(token)
    assert (header["alg"], header["typ"]) == ("ES256", "logout+jwt")
    assert at("bank").verified(token)["aud"] == "bank"


def enciphered(server: RunningServer, realm: dict[str, Any], **key: Any) -> None:
    """The shop has its ID tokens encrypted from now on."""
    shop = client_of(realm, "shop") | {"id_token_encrypted_response_alg": "RSA-OAEP-256", **key}
    others = [client for client in realm["clients"] if client["client_id"] != "shop"]
    server.reload(realm | {"clients": [shop, *others]})


def test_it_is_encrypted_where_the_id_tokens_of_the_client_are(
    party: Party, realm: dict[str, Any], visitor: Visitor, sign_in: SignIn, at: Callable[[str], Portal]
) -> None:
    """Sections 2.4 and 2.6: with the issuer outside, and signed inside; by a key that is for that (RFC 7517 4.3)."""
    key = RSAKey.generate_key(2048, {"kid": "mine", "use": "enc"})
    verifies = RSAKey.generate_key(2048).as_dict(private=False) | {"key_ops": ["verify"]}
    party.says["/keys"] = Says(body=json.dumps({"keys": [verifies, key.as_dict(private=False)]}).encode())
    sign_in("shop", visitor)
    enciphered(visitor.server, realm, jwks_uri=f"{party.address}/keys")
    leave(visitor)

    received = next(r for r in iter(party.next, None) if r.path == "/shop")
    registry = JWERegistry({"iss": HeaderParameter("Issuer", "str")}, algorithms=["RSA-OAEP-256", "A128CBC-HS256"])
    opened = jwe.decrypt_compact(received.form["logout_token"], key, registry=registry)
    assert opened.headers().items() >= {"iss": visitor.server.issuer(), "cty": "JWT", "kid": "mine"}.items()
    token = (opened.plaintext or b"").decode()
    assert forge.parts(token)[0]["typ"] == "logout+jwt"
    assert at("shop").verified(token)["events"] == {EVENT: {}}


@pytest.mark.attack
def test_it_is_never_sent_in_clear_to_who_wants_it_encrypted(
    party: Party, realm: dict[str, Any], visitor: Visitor, sign_in: SignIn, log: Log
) -> None:
    for name in ("shop", "bank"):
        sign_in(name, visitor)
    party.says["/keys"] = Says(404)
    enciphered(visitor.server, realm, jwks_uri=f"{party.address}/keys")
    leave(visitor)

    assert {party.next().path for _ in range(2)} == {"/keys", "/bank?tenant=1"}
    visitor.server.stop()
    assert party.heard_nothing()
    told = [(event["client_id"], event.get("status"), event["given_up"]) for event in log.events("logout.not_told")]
    assert told == [("shop", None, False)]


@pytest.mark.attack
def test_nobody_guesses_which_session_it_is_of(visit: Callable[[], Visitor], sign_in: SignIn) -> None:
    """Front-Channel Logout section 5: 122 random bits, and nothing of the person."""
    sids = [UUID(sign_in("shop", visit())["sid"]) for _ in range(2)]

    assert [sid.version for sid in sids] == [4, 4]
    assert sids[0] != sids[1]


@pytest.mark.attack
def test_it_opens_nothing(told: tuple[dict[str, Any], str], at: Callable[[str], Portal], visitor: Visitor) -> None:
    _, token = told
    shop = at("shop")

    assert shop.userinfo(token).status_code == 401
    assert shop.introspect(token) == {"active": False}
    assert shop.refresh(token).error == "invalid_grant"
    assert shop.redeem(token).error == "invalid_grant"
    assert leave(visitor, id_token_hint=token).status == 400


def test_the_metadata_say_that_clients_are_told(server: RunningServer) -> None:
    document = httpx.get(
        f"{server.address}/realms/demo/.well-known/openid-configuration",
        headers={"host": server.url.removeprefix("http://")},
    ).json()

    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True
