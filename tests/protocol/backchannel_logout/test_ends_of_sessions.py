"""However a session ends, every client with a grant of it is told, and nobody else (section 2.5)."""

from collections.abc import Callable
from typing import Any

import pytest

from idp.store import sessions
from idp.store.database import Database
from idp.store.expiry import remove_expired
from tests.clock import Clock
from tests.portal import Portal, unverified
from tests.protocol.administrator import Administrator
from tests.protocol.backchannel_logout.conftest import leave
from tests.protocol.party import Party
from tests.running import RunningServer
from tests.visitor import PASSWORD, Visitor

SignIn = Callable[..., dict[str, Any]]
Visit = Callable[[], Visitor]
NEW = "another horse battery staple"
BY_AN_ADMINISTRATOR: dict[str, Callable[[Administrator], None]] = {
    "disabled": lambda who: who.disable("alice"),
    "deleted": lambda who: who.delete("alice"),
    "factors reset": lambda who: who.reset_factors("alice"),
    "a new password": lambda who: who.set_password("alice", NEW),
}


def heard(party: Party, *, messages: int) -> list[tuple[str, str]]:
    """Path and `sid` of the next messages, sorted."""
    received = [party.next() for _ in range(messages)]
    return sorted((r.path.partition("?")[0], str(unverified(r.form["logout_token"])["sid"])) for r in received)


def test_signing_out_tells_every_client_of_the_session(party: Party, visitor: Visitor, sign_in: SignIn) -> None:
    sid, *_ = (sign_in(name, visitor)["sid"] for name in ("shop", "bank", "quiet"))

    leave(visitor)

    assert heard(party, messages=2) == [("/bank", sid), ("/shop", sid)]


def test_a_client_with_many_grants_is_told_once(party: Party, visitor: Visitor, sign_in: SignIn) -> None:
    sid, *_ = (sign_in("shop", visitor)["sid"] for _ in range(3))

    leave(visitor)
    sign_in("bank", visitor)
    leave(visitor)

    assert heard(party, messages=2)[1] == ("/shop", sid)
    assert party.heard_nothing()


def test_somebody_elses_sign_in_in_the_same_browser_ends_the_session(
    party: Party, visitor: Visitor, sign_in: SignIn, at: Callable[[str], Portal]
) -> None:
    sid = sign_in("shop", visitor)["sid"]

    page = at("bank").send(visitor, prompt="select_account", scope="openid")
    visitor.submit(page, username="ada", password=PASSWORD)

    assert heard(party, messages=1) == [("/shop", sid)]


@pytest.mark.parametrize("how", BY_AN_ADMINISTRATOR)
def test_what_an_administrator_ends_is_told(
    party: Party, visit: Visit, sign_in: SignIn, administrator: Administrator, how: str
) -> None:
    """Every session of the person, and nobody else's."""
    sids = [sign_in("shop", visit())["sid"] for _ in range(2)]
    sign_in("shop", visit(), "ada")

    BY_AN_ADMINISTRATOR[how](administrator)

    assert heard(party, messages=2) == sorted(("/shop", sid) for sid in sids)
    assert party.heard_nothing()


def test_a_session_that_has_ended_is_not_told_of_again(
    party: Party, server: RunningServer, visitor: Visitor, sign_in: SignIn, administrator: Administrator
) -> None:
    sign_in("shop", visitor)
    leave(visitor)
    party.next()
    second = sign_in("shop", visitor)["sid"]

    administrator.set_password("alice", NEW)

    assert heard(party, messages=1) == [("/shop", second)]


def test_a_session_that_another_process_ends_is_told(
    party: Party, server: RunningServer, visitor: Visitor, sign_in: SignIn, clock: Clock
) -> None:
    sid = sign_in("shop", visitor)["sid"]
    database = Database(server.settings.database)

    with database.write() as tx:
        assert sessions.end(tx, sid, clock())
    database.close()

    assert heard(party, messages=1) == [("/shop", sid)]


def test_a_client_is_told_long_after_its_tokens_have_expired(
    party: Party, server: RunningServer, visitor: Visitor, sign_in: SignIn, clock: Clock
) -> None:
    """Its grant could not be used any more, and stays for this alone."""
    sid = sign_in("bank", visitor)["sid"]
    clock.advance(2 * 3600)
    database = Database(server.settings.database)
    with database.write() as tx:
        remove_expired(tx, now=clock(), longest=3600, longest_session=12 * 3600, longest_trust=0)
    database.close()

    leave(visitor)

    assert heard(party, messages=1) == [("/bank", sid)]


def test_what_was_not_told_when_the_server_stopped_is_told_by_the_next(
    party: Party, server: RunningServer, visitor: Visitor, sign_in: SignIn, administrator: Administrator
) -> None:
    sid = sign_in("shop", visitor)["sid"]
    server.stop()
    administrator.disable("alice")

    again = RunningServer(config=server.config, database=server.settings.database, clock=server.clock)
    try:
        assert heard(party, messages=1) == [("/shop", sid)]
    finally:
        again.stop()


@pytest.mark.attack
def test_a_rolled_back_end_is_not_told(
    party: Party, server: RunningServer, visitor: Visitor, sign_in: SignIn, clock: Clock
) -> None:
    sid = sign_in("shop", visitor)["sid"]
    database = Database(server.settings.database)

    def fail() -> None:
        with database.write() as tx:
            sessions.end(tx, sid, clock())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    database.close()
    sign_in("bank", visitor)
    leave(visitor)

    assert heard(party, messages=2) == [("/bank", sid), ("/shop", sid)]
    assert party.heard_nothing()
