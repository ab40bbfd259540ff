"""Clients of Keycloak's kind sign their person out by a refresh token: a POST that is answered 204."""

from collections.abc import Callable

import pytest

from tests.portal import Portal
from tests.running import RunningServer
from tests.visitor import Visitor


def is_signed_in(portal: Portal, visitor: Visitor) -> bool:
    return "code" in portal.send(visitor, prompt="none").parameters()


def test_the_session_of_the_token_ends(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor)

    response = portal.call("logout", refresh_token=tokens.refresh)

    assert (response.status_code, response.content) == (204, b"")
    assert not is_signed_in(portal, visitor)
    assert portal.refresh(tokens.refresh).error == "invalid_grant"


def test_a_client_without_a_secret_can_do_so_too(cli: Portal, visitor: Visitor) -> None:
    tokens = cli.sign_in(visitor, scope="openid")

    assert cli.call("logout", refresh_token=tokens.refresh).status_code == 204
    assert not is_signed_in(cli, visitor)


@pytest.mark.attack
def test_another_client_cannot(portal: Portal, billing: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor)
    unauthenticated = portal.http.post(portal.server.endpoint("logout"), data={"refresh_token": tokens.refresh})
    wrong = portal.http.post(
        portal.server.endpoint("logout"), data={"refresh_token": tokens.refresh}, auth=("portal", "wrong")
    )
    theirs = billing.call("logout", refresh_token=tokens.refresh)

    assert [(r.status_code, r.json()["error"]) for r in (unauthenticated, wrong)] == [(401, "invalid_client")] * 2
    assert (theirs.status_code, theirs.json()["error"]) == (400, "invalid_grant")
    assert is_signed_in(portal, visitor)


@pytest.mark.attack
def test_no_other_token_does(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor)
    newest = portal.refresh(tokens.refresh)

    for token in (tokens.refresh, tokens.access, tokens.body["id_token"], "x", newest.refresh[:-1]):
        response = portal.call("logout", refresh_token=token)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_grant"), token
    assert is_signed_in(portal, visitor)


@pytest.mark.attack
def test_a_query_signs_nobody_out(portal: Portal, visitor: Visitor, server: RunningServer) -> None:
    tokens = portal.sign_in(visitor)

    with server.http(auth=("portal", portal.secret or "")) as http:
        response = http.get(server.endpoint("logout"), params={"refresh_token": tokens.refresh})

    assert response.status_code == 200
    assert is_signed_in(portal, visitor)


def test_the_page_after_signing_out_is_in_the_language_that_was_asked_for(
    portal: Portal, visitor: Visitor, visit: Callable[..., Visitor]
) -> None:
    hint = portal.sign_in(visitor).body["id_token"]

    page = visitor.get(f"{portal.server.endpoint('logout')}?id_token_hint={hint}&ui_locales=de")

    assert '<html lang="de">' in page.html
