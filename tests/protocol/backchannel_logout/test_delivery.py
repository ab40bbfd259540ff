"""Telling is tried again, not for ever, and who is slow keeps nobody else waiting (section 2.5, 2.7)."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from idp.oauth.backchannel_logout import Messenger
from idp.store import logout_notices
from idp.store.database import Database
from tests.clock import Clock
from tests.conftest import Log, Start
from tests.journeys.test_sent_codes import soon
from tests.portal import unverified
from tests.protocol.administrator import Administrator
from tests.protocol.backchannel_logout.conftest import leave
from tests.protocol.party import Party, Received, Says
from tests.protocol.realm_files import client_of
from tests.visitor import Visitor

SignIn = Callable[..., dict[str, Any]]


def jti(received: Received) -> str:
    return str(unverified(received.form["logout_token"])["jti"])


@pytest.mark.parametrize("status", [302, 400, 404, 500])
def test_what_was_not_taken_is_told_again_with_a_token_of_its_own(
    party: Party, visitor: Visitor, sign_in: SignIn, clock: Clock, status: int
) -> None:
    party.says["/shop"] = Says(status, headers=(("location", f"{party.address}/elsewhere"),))
    sign_in("shop", visitor)
    leave(visitor)
    first = party.next()

    clock.advance(Messenger.waits[0])
    second = party.next()

    assert (first.path, second.path) == ("/shop", "/shop")
    assert jti(first) != jti(second)
    assert unverified(second.form["logout_token"])["iat"] == clock()


@pytest.mark.parametrize("status", [200, 204])
def test_what_was_taken_is_not_told_again(
    party: Party, visitor: Visitor, sign_in: SignIn, clock: Clock, status: int
) -> None:
    """Sections 2.5 and 2.8."""
    party.says["/shop"] = Says(status)
    sign_in("shop", visitor)
    leave(visitor)
    party.next()

    for wait in Messenger.waits:
        clock.advance(wait)
    sign_in("bank", visitor)
    leave(visitor)

    assert party.next().path.startswith("/bank")
    assert party.heard_nothing()


def test_it_is_given_up_after_some_attempts(
    party: Party, visitor: Visitor, sign_in: SignIn, clock: Clock, log: Log
) -> None:
    party.says["/shop"] = Says(500)
    sign_in("shop", visitor)
    leave(visitor)

    for wait in Messenger.waits:
        party.next()
        clock.advance(wait)
    sign_in("bank", visitor)
    leave(visitor)

    assert party.next().path.startswith("/bank")
    assert party.heard_nothing()
    visitor.server.stop()
    attempts = [(e["attempt"], e["given_up"]) for e in log.events("logout.not_told")]
    assert attempts == [(1, False), (2, False), (3, False), (4, False), (5, True)]


@pytest.mark.attack
def test_a_client_that_never_answers_keeps_neither_people_nor_clients_waiting(
    party: Party, visit: Callable[[], Visitor], sign_in: SignIn
) -> None:
    party.says["/shop"] = Says(is_silent=True)
    visitors = [visit() for _ in range(11)]
    for visitor in visitors[:10]:
        sign_in("shop", visitor)
    sign_in("library", visitors[10])

    leave(visitors[0])
    assert party.next().path == "/shop"
    for visitor in visitors[1:]:
        leave(visitor)

    before = list(iter(lambda: party.next().path, "/library"))
    assert len(before) < 9


def test_a_client_that_is_gone_is_not_told(
    party: Party, realm: dict[str, Any], visitor: Visitor, sign_in: SignIn, clock: Clock
) -> None:
    party.says["/shop"] = Says(500)
    sign_in("shop", visitor)
    sign_in("bank", visitor)
    leave(visitor)
    assert {party.next().path.partition("?")[0] for _ in range(2)} == {"/shop", "/bank"}
    visitor.server.reload(realm | {"clients": [c for c in realm["clients"] if c["client_id"] != "shop"]})

    clock.advance(Messenger.waits[0])
    sign_in("library", visitor)
    leave(visitor)

    assert party.next().path == "/library"
    assert party.heard_nothing()


def test_it_is_told_once_the_file_of_the_realm_is_back(
    party: Party, visitor: Visitor, sign_in: SignIn, clock: Clock, log: Log
) -> None:
    party.says["/shop"] = Says(500)
    sign_in("shop", visitor)
    leave(visitor)
    party.next()
    server = visitor.server
    server.reload({"realm": "other", "factors": {"totp": {}}})
    file = server.config / "demo.yaml"
    file.rename(aside := server.config.parent / "demo.yaml")
    realms = server.app.state.realms
    soon(lambda: realms.poll() or realms.get("demo") is None)

    clock.advance(Messenger.waits[0])
    soon(lambda: len(log.events("logout.not_told")) == 2)
    aside.rename(file)
    realms.poll()
    clock.advance(Messenger.waits[1])

    assert party.next().path == "/shop"
    assert [event.get("status") for event in log.events("logout.not_told")][:2] == [500, None]


def test_of_two_processes_one_tells(
    party: Party, start: Start, realm: dict[str, Any], visitor: Visitor, sign_in: SignIn
) -> None:
    start(realm)
    for _ in range(5):
        sign_in("shop", visitor)
        leave(visitor)

    told = [jti(party.next()) for _ in range(5)]
    assert len({*told}) == 5
    assert party.heard_nothing()


def test_a_notice_is_claimed_once(
    party: Party, visitor: Visitor, sign_in: SignIn, administrator: Administrator, clock: Clock
) -> None:
    """Until it is due again."""
    sign_in("shop", visitor)
    visitor.server.stop()
    administrator.disable("alice")
    database, now = Database(visitor.server.settings.database), clock()

    with database.write() as tx:
        (notice,) = logout_notices.due(tx, now=now, besides=(), limit=9)
        claims = [logout_notices.claim(tx, notice, now=at, until=at + 30) for at in (now, now, now + 29, now + 30)]
        assert logout_notices.due(tx, now=now, besides=(), limit=9) == []
    database.close()

    assert claims == [True, False, False, True]


@pytest.mark.attack
def test_outside_of_development_no_private_address_is_told(
    party: Party, start: Start, realm: dict[str, Any], visitor: Visitor, sign_in: SignIn, *, log: Log
) -> None:
    """Nothing is sent, and the person is signed out all the same."""
    shop, server = client_of(realm, "shop"), visitor.server
    shop["backchannel_logout_uri"] = party.address.replace("127.0.0.1", "localhost") + "/shop"
    sign_in("shop", visitor)
    server.stop()
    del realm["users"]
    production = start(realm | {"clients": [shop]}, dev=False, secret_keys=server.settings.secret_keys)
    with closing(Visitor(production)) as elsewhere:
        elsewhere.http.cookies.update(visitor.cookies())
        assert leave(elsewhere).status == 200
    soon(lambda: log.events("logout.not_told"))
    production.stop()

    assert party.heard_nothing()
