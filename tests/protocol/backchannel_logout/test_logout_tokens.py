"""What a client is told: a logout token that is nothing else (OpenID Connect Back-Channel Logout sections 2.4, 2.5)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.clock import Clock
from tests.portal import Portal
from tests.protocol import forge
from tests.protocol.backchannel_logout.conftest import leave
from tests.protocol.party import Party
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
