"""A pairwise client knows people by a `sub` that other sectors do not know (OpenID Connect Core section 8)."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from idp.settings import secret_keys
from tests.conftest import Start
from tests.portal import Portal, Tokens, unverified
from tests.protocol.administrator import Administrator
from tests.protocol.party import Party
from tests.protocol.realm_files import at, client_of, party, realm, server
from tests.running import RunningServer
from tests.visitor import Visitor

__all__ = ["at", "party", "realm", "server"]
SignIn = Callable[..., Tokens]
NEW_KEY = "bmV3ZXIta2V5LWZvci10ZXN0cy0wMTIzNDU2Nzg5YWI="


@pytest.fixture
def sign_in(at: Callable[[str], Portal], visitor: Visitor) -> SignIn:
    return lambda client_id, by=visitor, who="alice": at(client_id).sign_in(by, who, scope="openid")


def subject(tokens: Tokens) -> str:
    return str(tokens.id_claims["sub"])


def test_clients_of_one_sector_share_it_and_others_do_not(sign_in: SignIn) -> None:
    subjects = {name: subject(sign_in(name)) for name in ("open", "shop", "shop-app", "bank")}

    assert subjects["shop"] == subjects["shop-app"]
    assert len({*subjects.values()}) == 3


def test_it_stays_the_same(sign_in: SignIn, visit: Callable[..., Visitor], server: RunningServer) -> None:
    first = sign_in("shop")

    assert subject(sign_in("shop", visit(server))) == subject(first)
    assert subject(sign_in("shop", visit(server), "ada")) != subject(first)


def test_it_stays_the_same_when_the_server_gets_a_new_secret_key(
    sign_in: SignIn, server: RunningServer, realm: dict[str, Any], start: Start, visit: Callable[..., Visitor]
) -> None:
    before = subject(sign_in("shop"))
    server.stop()

    newer = start(
        realm, secret_keys=(*secret_keys({"IDP_SECRET_KEY": NEW_KEY}, dev=True), *server.settings.secret_keys)
    )
    portal = Portal(newer, client_of(realm, "shop"))
    after = subject(portal.sign_in(visit(newer), scope="openid"))
    portal.close()

    assert before == after


def test_everything_that_the_client_gets_says_the_same(sign_in: SignIn, at: Callable[[str], Portal]) -> None:
    tokens, shop = sign_in("shop"), at("shop")
    newest = shop.refresh(tokens.refresh)

    said = {
        tokens.access_claims["sub"],
        unverified(tokens.refresh)["sub"],
        newest.id_claims["sub"],
        newest.access_claims["sub"],
        shop.userinfo(tokens.access).json()["sub"],
        shop.introspect(tokens.access)["sub"],
        shop.introspect(newest.refresh)["sub"],
    }
    assert said == {subject(tokens)}


def test_a_logout_token_says_it_too(
    sign_in: SignIn, party: Party, server: RunningServer, administer: Callable[..., Administrator]
) -> None:
    tokens = sign_in("shop")

    administer(server).disable("alice")

    assert unverified(party.next().form["logout_token"])["sub"] == subject(tokens)


def test_its_id_token_is_a_hint_of_its_person(sign_in: SignIn, visitor: Visitor, visit: Callable[..., Visitor]) -> None:
    hint = sign_in("shop").body["id_token"]
    ada = visit(visitor.server)
    sign_in("shop", ada, "ada")
    left = {"id_token_hint": hint, "post_logout_redirect_uri": "https://shop.example/left"}
    address = f"{visitor.server.endpoint('logout')}?{urlencode(left)}"

    assert (ada.get(address).status, visitor.get(address).status) == (200, 303)


@pytest.mark.attack
def test_nothing_that_the_client_gets_says_who_that_is_elsewhere(sign_in: SignIn, at: Callable[[str], Portal]) -> None:
    elsewhere, tokens, shop = subject(sign_in("open")), sign_in("shop"), at("shop")
    answers = [
        str(tokens.id_claims),
        str(tokens.access_claims),
        str(unverified(tokens.refresh)),
        shop.userinfo(tokens.access).text,
        str(shop.introspect(tokens.access)),
    ]

    assert [a for a in answers if elsewhere in a] == []


def test_the_metadata_say_so(server: RunningServer) -> None:
    with server.http() as http:
        document = http.get("/realms/demo/.well-known/openid-configuration").json()

    assert document["subject_types_supported"] == ["public", "pairwise"]
