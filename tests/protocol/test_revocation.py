"""Revocation: a pair of tokens ends together, and nobody learns or ends what is not theirs (RFC 7009)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.clock import Clock
from tests.portal import Portal, Tokens
from tests.protocol.administrator import Administrator
from tests.visitor import Visitor


def revoke(portal: Portal, token: str, **form: Any) -> httpx.Response:
    response = portal.call("revoke", **{"token": token, **form})
    assert response.headers["cache-control"] == "no-store"
    return response


def is_dead(portal: Portal, tokens: Tokens) -> bool:
    return (
        portal.introspect(tokens.access) == {"active": False}
        and portal.introspect(tokens.refresh) == {"active": False}
        and portal.userinfo(tokens.access).status_code == 401
        and portal.refresh(tokens.refresh).error == "invalid_grant"
    )


@pytest.mark.attack
@pytest.mark.parametrize("kind", ["access", "refresh"])
@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "foo"])
def test_a_pair_ends_together(portal: Portal, visitor: Visitor, kind: str, hint: str | None) -> None:
    tokens = portal.sign_in(visitor)

    response = revoke(portal, getattr(tokens, kind), token_type_hint=hint)

    assert response.status_code == 200
    assert is_dead(portal, tokens)


@pytest.mark.attack
def test_every_token_of_the_family_ends(portal: Portal, visitor: Visitor) -> None:
    first = portal.sign_in(visitor)
    second = portal.refresh(first.refresh)

    revoke(portal, first.access)

    assert is_dead(portal, second)
    assert portal.introspect(first.access) == {"active": False}


@pytest.mark.attack
def test_a_used_refresh_token_still_revokes_its_family(portal: Portal, visitor: Visitor) -> None:
    first = portal.sign_in(visitor)
    second = portal.refresh(first.refresh)

    revoke(portal, first.refresh)

    assert is_dead(portal, second)


def test_another_grant_of_the_session_lives_on(portal: Portal, visitor: Visitor) -> None:
    first, other = portal.sign_in(visitor), portal.sign_in(visitor)

    revoke(portal, first.refresh)

    assert portal.introspect(other.access)["active"] is True
    assert "code" in portal.send(visitor, prompt="none").parameters()


@pytest.mark.attack
@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_the_token_of_another_client_is_answered_like_an_unknown_one_and_lives_on(
    portal: Portal, billing: Portal, cli: Portal, visitor: Visitor, kind: str
) -> None:
    tokens = portal.sign_in(visitor)
    token = getattr(tokens, kind)

    for thief in (billing, cli):
        foreign, unknown = revoke(thief, token), revoke(thief, "unknown")
        assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
        assert foreign.status_code == 200

    assert portal.introspect(token)["active"] is True


def test_an_unknown_token_is_revoked_already(portal: Portal) -> None:
    for token in ("unknown", "a.b.c", "ü€𝄞", "." * 5000, "x" * 8192):
        assert revoke(portal, token).status_code == 200, token


def test_revoking_twice_is_no_error(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor)

    assert [revoke(portal, tokens.refresh).status_code for _ in range(2)] == [200, 200]


def test_a_code_is_no_token(portal: Portal, visitor: Visitor) -> None:
    code = portal.code(visitor)

    assert revoke(portal, code).status_code == 200
    assert portal.redeem(code).status == 200


@pytest.mark.parametrize("token", [None, "", ["a", "b"], "x" * 8193], ids=["missing", "empty", "twice", "over-long"])
def test_a_malformed_request_is_refused(portal: Portal, token: Any) -> None:
    response = portal.call("revoke", token=token)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_a_public_client_revokes_its_own(cli: Portal, visitor: Visitor) -> None:
    tokens = cli.redeem(cli.code(visitor, scope="openid profile"))

    revoke(cli, tokens.access)

    assert cli.refresh(tokens.refresh).error == "invalid_grant"


@pytest.mark.attack
def test_a_clients_own_token_is_revoked(
    portal: Portal, register: Callable[..., Portal], clock: Clock, administer: Callable[..., Administrator]
) -> None:
    report = register(portal.server, "nightly-report")
    token, other = (report.token(grant_type="client_credentials").access for _ in range(2))

    for _ in range(2):
        assert revoke(report, token).status_code == 200

    assert report.introspect(token) == {"active": False}
    assert report.introspect(other)["active"] is True
    assert administer(portal.server).rows()["revoked_tokens"] == 1


@pytest.mark.attack
def test_a_client_does_not_revoke_the_own_token_of_another(portal: Portal, register: Callable[..., Portal]) -> None:
    report = register(portal.server, "nightly-report")
    token = report.token(grant_type="client_credentials").access

    assert revoke(portal, token).status_code == 200
    assert report.introspect(token)["active"] is True


@pytest.mark.attack
def test_a_revoked_token_stays_revoked_when_the_server_starts_anew(
    portal: Portal, visitor: Visitor, start: Callable[..., Any], register: Callable[..., Portal]
) -> None:
    tokens = portal.sign_in(visitor)
    report = register(portal.server, "nightly-report")
    own = report.token(grant_type="client_credentials").access
    revoke(portal, tokens.access)
    revoke(report, own)
    portal.server.stop()
    server = start()

    assert is_dead(register(server, "portal"), tokens)
    assert register(server, "nightly-report").introspect(own) == {"active": False}


@pytest.mark.attack
def test_who_does_not_prove_to_be_the_client_ends_nothing(portal: Portal, visitor: Visitor) -> None:
    """RFC 7009 section 2.1."""
    token, url = portal.sign_in(visitor).access, portal.server.endpoint("revoke")
    answers = [
        portal.http.post(url, data={"token": token}),
        portal.http.post(url, data={"token": token, "client_id": "portal"}),
        portal.http.post(url, data={"token": token}, auth=("portal", "wrong")),
    ]

    assert [(a.status_code, a.json()["error"]) for a in answers] == [(401, "invalid_client")] * 3
    assert portal.introspect(token)["active"] is True
