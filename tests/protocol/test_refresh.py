"""Refresh tokens: each used once, the used one ends its family, and today's rules are asked every time.

RFC 6749 section 6, RFC 9700 section 4.14.
"""

import string
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from idp.store import refresh_tokens
from idp.store.database import Database
from tests.clock import Clock
from tests.conftest import Start
from tests.portal import Portal, Tokens, unverified
from tests.protocol.administrator import Administrator
from tests.protocol.party import Party
from tests.running import demo_client, demo_realm
from tests.visitor import Visitor

Administer = Callable[..., Administrator]
HOURS = 3600
DAYS = 24 * HOURS


def demo_clients(**portal: Any) -> list[dict[str, Any]]:
    """The demo's clients, with the portal changed."""
    return [demo_client("portal") | portal, *(demo_client(c) for c in ("billing", "cli", "nightly-report"))]


def test_a_refresh_answers_with_new_tokens(portal: Portal, visitor: Visitor, clock: Clock) -> None:
    first = portal.sign_in(visitor)
    clock.advance(301)

    second = portal.refresh(first.refresh)

    assert second.status == 200
    assert second.response.headers["cache-control"] == "no-store"
    assert portal.introspect(first.access) == {"active": False}
    assert portal.introspect(second.access)["active"] is True
    assert second.refresh != first.refresh
    assert (second.body["refresh_expires_in"], second.body["expires_in"]) == (8 * HOURS, 300)


@pytest.mark.parametrize("username", ["alice", "ada"])
def test_a_refresh_says_of_the_sign_in_what_the_first_tokens_said(
    portal: Portal, visitor: Visitor, clock: Clock, username: str
) -> None:
    """RFC 9470 section 6: a refresh is no authentication. OpenID Connect Core section 12.2."""
    first = portal.sign_in(visitor, username)
    same = ("acr", "amr", "auth_time", "sid", "sub", "aud", "azp", "iss")
    token = first.refresh
    for _ in range(3):
        clock.advance(HOURS)

        tokens = portal.refresh(token)

        assert {n: tokens.id_claims[n] for n in same} == {n: first.id_claims[n] for n in same}
        assert {n: tokens.access_claims[n] for n in same} == {n: first.access_claims[n] for n in same}
        assert tokens.id_claims["iat"] == clock()
        # The nonce was the request's.
        assert "nonce" not in tokens.id_claims
        token = tokens.refresh


@pytest.mark.attack
def test_a_step_up_of_the_session_does_not_raise_a_grant_that_was_made_before(
    portal: Portal, billing: Portal, visitor: Visitor
) -> None:
    before = portal.sign_in(visitor)
    assert billing.sign_in(visitor).id_claims["acr"] == "two-factor"

    after = portal.refresh(before.refresh)

    assert (after.id_claims["acr"], after.id_claims["amr"]) == ("password", ["pwd"])
    assert (after.access_claims["acr"], after.access_claims["amr"]) == ("password", ["pwd"])


@pytest.mark.attack
def test_a_used_refresh_token_ends_its_family(portal: Portal, visitor: Visitor) -> None:
    first = portal.sign_in(visitor)
    second = portal.refresh(first.refresh)
    third = portal.refresh(second.refresh)

    again = portal.refresh(first.refresh)

    assert (again.status, again.error) == (400, "invalid_grant")
    assert portal.refresh(third.refresh).error == "invalid_grant"
    for tokens in (first, second, third):
        assert portal.introspect(tokens.access) == {"active": False}
        assert portal.userinfo(tokens.access).status_code == 401


@pytest.mark.attack
def test_a_public_client_gets_another_token_each_time_and_a_used_one_ends_them(cli: Portal, visitor: Visitor) -> None:
    first = cli.sign_in(visitor, scope="openid")
    second = cli.refresh(first.refresh)
    third = cli.refresh(second.refresh)

    again = cli.refresh(second.refresh)

    assert len({tokens.refresh for tokens in (first, second, third)}) == 3
    assert "cnf" not in third.access_claims
    assert again.error == cli.refresh(third.refresh).error == "invalid_grant"


@pytest.mark.attack
def test_the_end_of_a_family_ends_no_other(portal: Portal, visitor: Visitor) -> None:
    first, other = portal.sign_in(visitor), portal.sign_in(visitor)
    portal.refresh(first.refresh)

    portal.refresh(first.refresh)

    assert portal.refresh(other.refresh).status == 200


@pytest.mark.attack
def test_a_used_refresh_token_does_not_get_better_with_age(portal: Portal, visitor: Visitor, clock: Clock) -> None:
    first = portal.sign_in(visitor)
    second = portal.refresh(first.refresh)
    clock.advance(7 * HOURS)
    third = portal.refresh(second.refresh)
    clock.advance(2 * HOURS)

    assert portal.refresh(first.refresh).error == "invalid_grant"
    assert portal.refresh(third.refresh).error == "invalid_grant"


@pytest.mark.attack
def test_another_client_can_neither_use_a_refresh_token_nor_end_its_family(
    portal: Portal, billing: Portal, cli: Portal, visitor: Visitor
) -> None:
    first = portal.sign_in(visitor)
    second = portal.refresh(first.refresh)

    for other in (billing, cli):
        assert other.refresh(first.refresh).error == "invalid_grant"
        assert other.refresh(second.refresh).error == "invalid_grant"
    assert cli.refresh(second.refresh, client_id="portal").error == "invalid_client"

    assert portal.refresh(second.refresh).status == 200


@pytest.mark.attack
def test_a_refresh_token_that_is_cut_changed_or_made_up_is_refused_and_the_real_one_stays_good(
    portal: Portal, visitor: Visitor
) -> None:
    token = portal.sign_in(visitor).refresh
    letters = string.ascii_letters + string.digits
    places = {*range(0, len(token), 17), len(token) - 1}
    changed = [token[:n] + letters[(letters.find(token[n]) + 1) % 62] + token[n + 1 :] for n in places]
    ends = (token[:-1], token[: len(token) // 2], token + "A", token + "=", token.swapcase(), f" {token}", "x", "ü€𝄞")
    for wrong in (*changed, *ends):
        refused = portal.refresh(wrong)
        assert refused.error == "invalid_grant", wrong
        assert refused.body["error_description"] == "The refresh_token is unknown, expired or was used before."

    assert portal.refresh(token).status == 200


BAD_FORMS: dict[str, dict[str, Any]] = {
    "missing": {"refresh_token": None},
    "empty": {"refresh_token": ""},
    "twice": {"refresh_token": ["a", "b"]},
    "over-long": {"refresh_token": "a" * 8193},
    "two scopes": {"scope": ["openid", "profile"]},
}


@pytest.mark.parametrize("case", BAD_FORMS)
def test_a_malformed_refresh_is_refused(standing_portal: Portal, case: str) -> None:
    answer = standing_portal.refresh("unknown", **BAD_FORMS[case])

    assert (answer.status, answer.error) == (400, "invalid_request")


def test_a_refresh_may_ask_for_less_and_for_all_again(portal: Portal, visitor: Visitor) -> None:
    first = portal.sign_in(visitor)

    less = portal.refresh(first.refresh, scope="openid email")
    again = portal.refresh(less.refresh)

    assert (less.body["scope"], less.access_claims["scope"]) == ("openid email", "openid email")
    assert "preferred_username" not in less.id_claims
    assert again.body["scope"] == "openid profile email"


def test_a_refresh_without_openid_answers_without_an_id_token(portal: Portal, visitor: Visitor) -> None:
    assert "id_token" not in portal.refresh(portal.sign_in(visitor).refresh, scope="profile").body


@pytest.mark.attack
def test_a_refresh_never_gets_more_than_was_granted(billing: Portal, visitor: Visitor) -> None:
    token = billing.sign_in(visitor, scope="openid profile").refresh
    for scope in ("openid email", "payments", "openid profile payments", "admin", "OPENID", "a " * 4000):
        assert billing.refresh(token, scope=scope).error == "invalid_scope", scope

    assert billing.refresh(token).body["scope"] == "openid profile"


@pytest.mark.attack
@pytest.mark.parametrize("scope", ["openid\tprofile", "openid\nprofile", " openid", "openid  profile", "openid openid"])
def test_a_scope_is_written_with_single_blanks(portal: Portal, visitor: Visitor, scope: str) -> None:
    """RFC 6749 section 3.3: whatever was sent, no token carries another kind of white space, or a scope twice."""
    answer = portal.refresh(portal.sign_in(visitor).refresh, scope=scope)

    assert answer.access_claims["scope"] == answer.body["scope"] == " ".join(dict.fromkeys(scope.split()))


def test_a_refresh_token_is_good_for_eight_hours_without_use(portal: Portal, visitor: Visitor, clock: Clock) -> None:
    token = portal.sign_in(visitor).refresh
    clock.advance(8 * HOURS - 1)

    assert portal.refresh(token).status == 200


@pytest.mark.attack
def test_a_refresh_token_ends_by_its_time_alone(portal: Portal, visitor: Visitor, clock: Clock) -> None:
    """Nothing has swept anything: the rows are still there."""
    token = portal.sign_in(visitor).refresh
    clock.advance(8 * HOURS)

    assert portal.refresh(token).error == "invalid_grant"
    assert portal.introspect(token) == {"active": False}


@pytest.mark.attack
def test_a_grant_ends_after_thirty_days_however_often_it_was_refreshed(
    portal: Portal, visitor: Visitor, clock: Clock
) -> None:
    tokens, began = portal.sign_in(visitor), clock.now
    while clock.now + 7 * HOURS < began + 30 * DAYS:
        clock.advance(7 * HOURS)
        tokens = portal.refresh(tokens.refresh)
        assert tokens.status == 200
    assert tokens.body["refresh_expires_in"] == began + 30 * DAYS - clock.now
    clock.now = began + 30 * DAYS

    assert portal.refresh(tokens.refresh).error == "invalid_grant"


@pytest.mark.attack
def test_a_client_that_is_not_registered_for_refreshing_gets_no_refresh_token(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    server = start(demo_realm(clients=demo_clients(grant_types=["authorization_code"])))

    tokens = register(server, "portal").sign_in(visit(server))

    assert tokens.status == 200
    assert tokens.body.keys().isdisjoint({"refresh_token", "refresh_expires_in"})


@pytest.mark.attack
def test_a_restart_brings_no_used_token_back(
    portal: Portal, visitor: Visitor, start: Start, register: Callable[..., Portal]
) -> None:
    first = portal.sign_in(visitor)
    second = portal.refresh(first.refresh)
    portal.server.stop()
    portal = register(start(), "portal")

    third = portal.refresh(second.refresh)
    assert third.status == 200
    assert portal.refresh(first.refresh).error == "invalid_grant"
    assert portal.refresh(third.refresh).error == "invalid_grant"


def ended(portal: Portal, tokens: Tokens) -> bool:
    return portal.refresh(tokens.refresh).error == "invalid_grant" and portal.introspect(tokens.access) == {
        "active": False
    }


@pytest.mark.attack
def test_a_restart_keeps_an_ended_family_ended(
    portal: Portal, visitor: Visitor, start: Start, register: Callable[..., Portal]
) -> None:
    first = portal.sign_in(visitor)
    second = portal.refresh(first.refresh)
    portal.refresh(first.refresh)
    portal.server.stop()

    assert ended(register(start(), "portal"), second)


@pytest.mark.attack
def test_a_step_back_of_the_clock_brings_no_used_token_back(portal: Portal, visitor: Visitor, clock: Clock) -> None:
    first = portal.sign_in(visitor)
    portal.refresh(first.refresh)
    clock.advance(-3600)

    assert portal.refresh(first.refresh).error == "invalid_grant"


def test_a_refresh_token_has_the_shape_that_keycloaks_adapters_decode(portal: Portal, visitor: Visitor) -> None:
    claims = unverified(portal.sign_in(visitor).refresh)

    assert claims["typ"] == "Refresh"
    assert claims.keys() >= {"exp", "iat", "sid", "azp", "iss"}


@pytest.mark.attack
def test_a_refresh_fetches_nothing_that_its_request_names(portal: Portal, visitor: Visitor) -> None:
    party, token = Party(), portal.sign_in(visitor).refresh
    names = ("client_session_host", "jwks_uri", "request_uri", "sector_identifier_uri", "logout_uri", "x5u", "url")

    answer = portal.refresh(token, **{name: f"{party.address}/{name}" for name in names})

    assert answer.status == 200
    party.close()
    assert party.heard_nothing()


@pytest.mark.attack
def test_the_database_takes_no_refresh_token_twice(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor)
    database, expires_at = Database(portal.server.settings.database), portal.server.clock() + 9

    with database.write() as tx, pytest.raises(IntegrityError):
        refresh_tokens.add(tx, tokens.access_claims["gid"], token=tokens.refresh, expires_at=expires_at)
    database.close()
    assert portal.refresh(tokens.refresh).status == 200
