"""A request names its person as its client knows them (OpenID Connect Core sections 3.1.2.1, 5.5.1 and 8)."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.portal import Portal, Tokens
from tests.protocol.realm_files import client_of, realm_of
from tests.protocol.the_person.test_id_token_hint import asking
from tests.running import RunningServer
from tests.visitor import Visitor

WAYS = ("id_token_hint", "value", "userinfo")
Visit = Callable[..., Visitor]


@pytest.fixture(scope="module")
def portals(standing: RunningServer) -> Iterator[dict[str, Portal]]:
    realm = realm_of(__file__, PARTY="http://127.0.0.1:9")
    standing.reload(realm)
    portals = {name: Portal(standing, client_of(realm, name)) for name in ("shop", "bank", "open")}
    yield portals
    for portal in portals.values():
        portal.close()


@pytest.fixture(scope="module")
def alice(portals: dict[str, Portal]) -> Iterator[Visitor]:
    """Signed in, and staying so."""
    visitor = Visitor(portals["shop"].server)
    portals["shop"].code(visitor, scope="openid")
    yield visitor
    visitor.close()


@pytest.fixture(scope="module")
def tokens(portals: dict[str, Portal], alice: Visitor) -> dict[str, Tokens]:
    """Hers, of each client."""
    return {name: portal.sign_in(alice, scope="openid", prompt="none") for name, portal in portals.items()}


@pytest.mark.parametrize("way", WAYS)
def test_who_is_signed_in_is_found(
    portals: dict[str, Portal], alice: Visitor, tokens: dict[str, Tokens], way: str
) -> None:
    wanted = asking(way, tokens["shop"])

    assert "code" in portals["shop"].send(alice, scope="openid", prompt="none", **wanted).parameters()


@pytest.mark.attack
@pytest.mark.parametrize("way", WAYS)
def test_somebody_else_is_not(
    portals: dict[str, Portal], visit: Visit, alice: Visitor, tokens: dict[str, Tokens], way: str
) -> None:
    shop, ada = portals["shop"], visit(alice.server)
    answer = ada.sign_in(shop.send(ada, scope="openid", **asking(way, tokens["shop"])), "ada").parameters()

    assert answer["error"] == "login_required"


@pytest.mark.attack
@pytest.mark.parametrize("name", ["bank", "open"])
def test_a_client_cannot_ask_who_it_is_that_another_client_knows(
    portals: dict[str, Portal], alice: Visitor, tokens: dict[str, Tokens], name: str
) -> None:
    other = asking("value", tokens[name])

    assert portals["shop"].send(alice, scope="openid", prompt="none", **other).parameters()["error"] == "login_required"


@pytest.mark.attack
@pytest.mark.parametrize("sub", ["", "=", "nonsense", "\u00e9", "A" * 70, "A" * 4000])
def test_what_names_nobody_is_met_by_nobody(portals: dict[str, Portal], alice: Visitor, sub: str) -> None:
    claims = json.dumps({"id_token": {"sub": {"value": sub}}})
    answer = portals["shop"].send(alice, scope="openid", prompt="none", claims=claims).parameters()

    assert answer["error"] == "login_required"


@pytest.mark.attack
def test_a_sub_that_is_written_otherwise_names_nobody(
    portals: dict[str, Portal], alice: Visitor, tokens: dict[str, Tokens]
) -> None:
    sub = tokens["shop"].id_claims["sub"]
    for written in (f"{sub}=", f"{sub}==", f" {sub}", f"{sub}\n", sub[:-1] + chr(ord(sub[-1]) + 1)):
        claims = json.dumps({"id_token": {"sub": {"value": written}}})
        answer = portals["shop"].send(alice, scope="openid", prompt="none", claims=claims).parameters()
        assert answer.get("error") == "login_required", written
