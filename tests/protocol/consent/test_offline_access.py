"""`offline_access`: a grant that outlives signing out (OpenID Connect Core section 11)."""

from collections.abc import Callable

import pytest

from tests.portal import Portal, Tokens
from tests.protocol.administrator import Administrator
from tests.visitor import Visitor

OFFLINE = "openid profile offline_access"


def leave(visitor: Visitor) -> None:
    visitor.submit(visitor.get(visitor.server.endpoint("logout")))


@pytest.fixture
def tokens(house: Portal, visitor: Visitor) -> Tokens:
    return house.sign_in(visitor, scope=OFFLINE)


def test_it_goes_on_when_its_person_has_signed_out(house: Portal, visitor: Visitor, tokens: Tokens) -> None:
    leave(visitor)

    newest = house.refresh(tokens.refresh)

    assert newest.status == 200
    assert house.introspect(newest.access)["active"] is True
    assert house.userinfo(newest.access).status_code == 200


def test_without_the_scope_it_ends(house: Portal, visitor: Visitor) -> None:
    tokens = house.sign_in(visitor, scope="openid profile")

    leave(visitor)

    assert house.refresh(tokens.refresh).error == "invalid_grant"


ENDS: dict[str, Callable[[Administrator], None]] = {
    "disabled": lambda who: who.disable("alice"),
    "deleted": lambda who: who.delete("alice"),
    "a new password": lambda who: who.set_password("alice", "another horse battery staple"),
    "disabled for a moment": lambda who: who.disable_for_a_moment("alice"),
}


@pytest.mark.attack
@pytest.mark.parametrize("how", ENDS)
def test_it_ends_with_what_ends_everything(
    house: Portal, tokens: Tokens, administer: Callable[..., Administrator], how: str
) -> None:
    ENDS[how](administer(house.server))

    assert house.refresh(tokens.refresh).error == "invalid_grant"
    assert house.introspect(tokens.access) == {"active": False}


@pytest.mark.attack
def test_a_code_of_a_session_that_ended_is_not_redeemed(house: Portal, visitor: Visitor) -> None:
    code = house.code(visitor, scope=OFFLINE)

    leave(visitor)

    assert house.redeem(code).error == "invalid_grant"


def test_a_client_without_refresh_tokens_gets_nothing_that_lasts(at: Callable[[str], Portal], visitor: Visitor) -> None:
    once = at("once")
    tokens = once.sign_in(visitor, scope="openid offline_access")

    leave(visitor)

    assert "refresh_token" not in tokens.body
    assert once.introspect(tokens.access) == {"active": False}


@pytest.mark.attack
def test_a_client_that_is_not_registered_for_it_does_not_get_it(house: Portal, guest: Portal, visitor: Visitor) -> None:
    assert guest.send(visitor, scope=OFFLINE).step == "password"
    assert house.send(visitor, scope=f"{OFFLINE} email").parameters()["error"] == "invalid_scope"
