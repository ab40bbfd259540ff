"""What can be used once is used once, however many try in the same moment; whoever raced has lost everything."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from idp.store.tables import grants, refresh_tokens
from tests.portal import VERIFIER, Portal, Tokens
from tests.races.crowd import CROWD, ROUNDS, at_once, served
from tests.races.test_sign_in import at_once as piled_up
from tests.running import RunningServer
from tests.visitor import Visitor

pytestmark = pytest.mark.attack


@pytest.fixture
def http(server: RunningServer) -> Iterator[httpx.Client]:
    """A connection for each of the crowd."""
    with server.http(limits=httpx.Limits(max_connections=CROWD)) as http:
        http.timeout = httpx.Timeout(120)
        yield http


def post(http: httpx.Client, portal: Portal, endpoint: str, form: dict[str, str]) -> Callable[[], httpx.Response]:
    """The same request, as often as it is called."""
    url, auth = portal.server.endpoint(endpoint), (portal.client_id, portal.secret or "")
    return lambda: served(http, "POST", url, data=form, auth=auth)


def the_winner(answers: list[httpx.Response]) -> Tokens:
    """The one answer with tokens; everybody else was told that the grant is not good."""
    won = [a for a in answers if a.status_code == 200]
    lost = {(a.status_code, a.json().get("error")) for a in answers if a.status_code != 200}
    assert (len(won), lost) == (1, {(400, "invalid_grant")})
    return Tokens(won[0])


def is_dead(portal: Portal, tokens: Tokens) -> bool:
    return portal.introspect(tokens.access) == {"active": False} and portal.refresh(tokens.refresh).error is not None


def test_one_of_many_redeems_a_code_and_its_tokens_are_dead(
    portal: Portal, visitor: Visitor, http: httpx.Client
) -> None:
    for _ in range(ROUNDS):
        form = {"grant_type": "authorization_code", "code": portal.code(visitor)}
        form |= {"redirect_uri": portal.redirect_uri, "code_verifier": VERIFIER}

        tokens = the_winner(piled_up(portal.server, *[post(http, portal, "token", form)] * CROWD, locked=grants))

        assert is_dead(portal, tokens)


def test_one_of_many_uses_a_refresh_token_and_the_family_is_dead(
    portal: Portal, visitor: Visitor, http: httpx.Client
) -> None:
    for _ in range(ROUNDS):
        first = portal.sign_in(visitor)
        form = {"grant_type": "refresh_token", "refresh_token": first.refresh}

        tokens = the_winner(
            piled_up(portal.server, *[post(http, portal, "token", form)] * CROWD, locked=refresh_tokens)
        )

        assert is_dead(portal, tokens)
        assert portal.introspect(first.access) == {"active": False}


def test_many_who_use_a_token_and_revoke_it_leave_nothing_alive(
    portal: Portal, visitor: Visitor, http: httpx.Client
) -> None:
    for _ in range(ROUNDS):
        first = portal.sign_in(visitor)
        refresh = post(http, portal, "token", {"grant_type": "refresh_token", "refresh_token": first.refresh})
        revoke = post(http, portal, "revoke", {"token": first.access})

        answers = piled_up(portal.server, *[refresh, revoke] * (CROWD // 2), locked=grants)

        won = [Tokens(a) for a in answers if "access_token" in a.text]
        assert len(won) <= 1
        assert all(is_dead(portal, tokens) for tokens in won)
        assert is_dead(portal, first)


def test_many_may_revoke_the_same_token(
    server: RunningServer, register: Callable[..., Portal], http: httpx.Client
) -> None:
    report = register(server, "nightly-report")
    for _ in range(ROUNDS):
        token = report.token(grant_type="client_credentials").access

        answers = at_once(post(http, report, "revoke", {"token": token}))

        assert {a.status_code for a in answers} == {200}
        assert report.introspect(token) == {"active": False}
