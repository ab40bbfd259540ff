"""Every kind of token says of a person what its own client calls them (OpenID Connect Core section 8, RFC 8693)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.portal import Portal, Tokens, unverified
from tests.protocol.device.test_device import GRANT as DEVICE
from tests.protocol.device.test_device import approve, ask, later
from tests.protocol.realm_files import realm_of
from tests.protocol.token_exchange.test_token_exchange import GRANT as EXCHANGE
from tests.protocol.token_exchange.test_token_exchange import exchange
from tests.running import RunningServer
from tests.visitor import Visitor

At = Callable[[str], Portal]


def pairwise(client_id: str, host: str, **fields: Any) -> dict[str, Any]:
    return {
        "client_id": client_id,
        "client_secret": f"the secret of {client_id}",
        "subject_type": "pairwise",
        "sector_identifier_uri": f"https://{host}/redirect-uris.json",
        "scope": "openid stock",
        **fields,
    }


BACK = {"redirect_uris": ["https://back.example/"], "grant_types": ["authorization_code", "refresh_token"]}
CLIENTS = (
    pairwise("front", "front.example", **BACK),
    pairwise("orders", "orders.example", grant_types=[EXCHANGE]),
    pairwise("desk", "orders.example", **BACK),
    pairwise("stock", "stock.example", grant_types=[EXCHANGE], subject_type="public"),
    pairwise("sealed", "orders.example", **BACK, access_token_format="opaque", userinfo_signed_response_alg="RS256"),
    pairwise("tv", "orders.example", grant_types=[DEVICE, "refresh_token"]),
)


@pytest.fixture(scope="module")
def server(standing: RunningServer) -> RunningServer:
    realm = realm_of(__file__, PARTY="http://127.0.0.1:9")
    scopes = {"stock": {"audience": ["orders", "stock"]}}
    standing.reload(realm | {"scopes": scopes, "clients": [*realm["clients"], *CLIENTS]})
    return standing


@pytest.fixture
def at(server: RunningServer, register: Callable[..., Portal]) -> At:
    return lambda client_id: register(server, next(c for c in CLIENTS if c["client_id"] == client_id))


@pytest.fixture
def sign_in(at: At, server: RunningServer, visit: Callable[..., Visitor]) -> Callable[[str], Tokens]:
    visitor = visit(server)
    return lambda client_id: at(client_id).sign_in(visitor, scope="openid stock")


SignIn = Callable[[str], Tokens]


def test_a_token_in_exchange_says_what_its_receiver_calls_them(sign_in: SignIn, at: At) -> None:
    front, desk = sign_in("front"), sign_in("desk").id_claims["sub"]

    token = exchange(at("orders"), front.access, scope="stock")

    assert token.access_claims["sub"] == desk != front.id_claims["sub"]
    assert token.access_claims["act"] == {"sub": "orders"}
    assert at("stock").introspect(token.access)["sub"] == desk


def test_so_it_does_when_exchanged_once_more_and_who_acted_stays(sign_in: SignIn, at: At) -> None:
    first = exchange(at("orders"), sign_in("front").access, scope="stock").access

    second = exchange(at("stock"), first).access_claims

    assert second["sub"] not in (unverified(first)["sub"], sign_in("front").id_claims["sub"])
    assert second["act"] == {"sub": "stock", "act": {"sub": "orders"}}


def test_opaque_tokens_and_signed_answers_say_the_same(sign_in: SignIn, at: At, server: RunningServer) -> None:
    tokens, sealed, desk = sign_in("sealed"), at("sealed"), sign_in("desk").id_claims["sub"]

    answer = sealed.http.post(
        server.endpoint("token/introspect"),
        data={"token": tokens.access},
        auth=(sealed.client_id, str(sealed.secret)),
        headers={"accept": "application/token-introspection+jwt"},
    )

    assert "." not in tokens.access
    assert sealed.verified(sealed.userinfo(tokens.access).text)["sub"] == desk
    assert sealed.verified(answer.text)["token_introspection"]["sub"] == desk
    assert sealed.introspect(tokens.access)["sub"] == desk
    assert sealed.introspect(tokens.refresh)["sub"] == desk


def test_a_device_is_told_the_same(sign_in: SignIn, at: At, server: RunningServer, visit: Any) -> None:
    tv = at("tv")
    device = ask(tv)
    approve(visit(server), device)

    tokens = later(tv, device)

    expected = sign_in("desk").id_claims["sub"]
    assert tokens.id_claims["sub"] == tokens.access_claims["sub"] == expected
    assert tv.refresh(tokens.refresh).id_claims["sub"] == expected


@pytest.mark.attack
def test_a_pairwise_client_is_not_told_by_what_name_everybody_knows_the_person(sign_in: SignIn, at: At) -> None:
    tokens = sign_in("sealed")

    assert "username" not in at("sealed").introspect(tokens.access)
