"""Consent taken back in part, in the person's account: what rests on it ends, and it is asked for again."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from typing import Any

import pytest

from idp.store import consents, people, users
from idp.store.database import Database
from tests.conftest import Log
from tests.portal import Portal
from tests.protocol.consent.test_consent import allow, arrived, withdraw
from tests.protocol.consent.test_details import ACCOUNT, PAYMENT, again
from tests.protocol.feature import portal_of
from tests.races.test_sign_in import QUEUED
from tests.running import RunningServer
from tests.visitor import PASSWORD, Page, Visitor


@pytest.fixture(scope="module")
def guest(standing: RunningServer) -> Iterator[Portal]:
    with portal_of(standing, __file__, "guest") as portal:
        yield portal


@pytest.fixture
def visitor(guest: Portal, visit: Callable[..., Visitor]) -> Visitor:
    """Alice, who has not allowed anything yet."""
    withdraw(guest.server, "guest")
    return visit(guest.server)


def form(guest: Portal, visitor: Visitor) -> Page:
    return visitor.get(f"{guest.server.issuer()}/account/applications/guest/withdraw-parts")


def take_back(guest: Portal, visitor: Visitor, *names: str) -> Page:
    return visitor.submit(form(guest, visitor), **dict.fromkeys(names, "yes"))


def named(page: Page, number: int) -> str:
    """The field of one of the details, as they stand on the page."""
    found = [part.split('"')[0] for part in page.html.split('name="detail:')[1:]]
    return f"detail:{found[number]}"


def test_a_single_scope_is_withdrawn_and_asked_for_again(guest: Portal, visitor: Visitor, log: Log) -> None:
    page = allow(guest, visitor, scope="openid profile email")
    assert arrived(page)
    assert "See your e-mail address" in form(guest, visitor).html

    done = take_back(guest, visitor, "scope:email")

    assert "It may no longer do that." in done.text
    assert "See your name" in done.text
    assert "See your e-mail address" not in done.text
    assert arrived(guest.send(visitor, scope="openid profile"))
    assert guest.send(visitor, scope="openid email").step == "consent"
    (event,) = log.events("consent.withdrawn")
    assert (event["username"], event["client_id"], event["scope"]) == ("alice", "guest", "email")


@pytest.mark.attack
def test_what_rests_on_it_ends_and_nothing_else(guest: Portal, visitor: Visitor) -> None:
    claims = json.dumps({"userinfo": {"email": None}})
    offline = guest.redeem(allow(guest, visitor, scope="openid email offline_access").parameters()["code"])
    by_name = guest.redeem(guest.send(visitor, scope="openid", claims=claims).parameters()["code"])
    code = guest.send(visitor, scope="openid email").parameters()["code"]
    other = guest.redeem(guest.send(visitor, scope="openid").parameters()["code"])
    assert "email" in guest.userinfo(by_name.access).json()

    take_back(guest, visitor, "scope:email")

    for tokens in (offline, by_name):
        assert guest.introspect(tokens.access) == {"active": False}
        assert guest.refresh(tokens.refresh).error == "invalid_grant"
    assert guest.redeem(code).error == "invalid_grant"
    assert guest.introspect(other.access)["active"] is True
    assert guest.refresh(other.refresh).status == 200
    assert guest.send(visitor, scope="openid", claims=claims).step == "consent"


@pytest.mark.attack
@pytest.mark.parametrize("by_form", [False, True], ids=["silently", "by a form"])
def test_nobody_arrives_with_what_was_withdrawn_meanwhile(guest: Portal, visitor: Visitor, by_form: bool) -> None:
    """Found to be allowed before, and granted after."""
    allow(guest, visitor, scope="openid email")
    page = guest.send(visitor, scope="openid email", prompt="login") if by_form else None

    def arrive() -> Page:
        return visitor.submit(page, password=PASSWORD) if page else guest.send(visitor, scope="openid email")

    with closing(Database(guest.server.settings.database)) as database, ThreadPoolExecutor(1) as other_tab:
        with database.write() as tx:
            alice = people.by_identifier(tx, "demo", "alice")
            assert alice
            users.lock(tx, alice.user.id)
            arriving = other_tab.submit(arrive)
            wait([arriving], timeout=QUEUED)
            who = {"user_id": alice.user.id, "client_id": "guest"}
            consents.withdraw_parts(tx, **who, scopes=["email"], details=(), now=guest.server.clock())

        assert not arrived(arriving.result())
    assert guest.send(visitor, scope="openid email").step == "consent"


@pytest.mark.attack
def test_a_single_detail_is_withdrawn(guest: Portal, visitor: Visitor) -> None:
    allow(guest, visitor)
    both = guest.redeem(visitor.submit(again(guest, visitor, PAYMENT, ACCOUNT)).parameters()["code"])
    one = guest.redeem(visitor.submit(again(guest, visitor, ACCOUNT)).parameters()["code"])
    visitor.submit(again(guest, visitor, PAYMENT, ACCOUNT))
    page = form(guest, visitor)
    is_first = page.html.index("Make a payment") < page.html.index("https://example.test/account")

    take_back(guest, visitor, named(page, 0 if is_first else 1))

    assert guest.introspect(both.access) == {"active": False}
    assert guest.introspect(one.access)["active"] is True
    assert again(guest, visitor, PAYMENT).step == "consent"
    assert again(guest, visitor, PAYMENT, ACCOUNT).step == "consent"
    assert arrived(again(guest, visitor, ACCOUNT))


@pytest.mark.attack
def test_of_details_that_look_alike_the_chosen_one_is_withdrawn(guest: Portal, visitor: Visitor) -> None:
    """For Python, 1 and true are the same."""
    allow(guest, visitor)
    number, truth = PAYMENT | {"urgent": 1}, PAYMENT | {"urgent": True}
    tokens = [guest.redeem(visitor.submit(again(guest, visitor, d)).parameters()["code"]) for d in (number, truth)]
    page = form(guest, visitor)
    assert page.html.count('name="detail:') == 2

    take_back(guest, visitor, named(page, 0))

    assert sorted(guest.introspect(t.access)["active"] for t in tokens) == [False, True]


def test_the_last_one_takes_the_application_away(guest: Portal, visitor: Visitor) -> None:
    tokens = guest.redeem(allow(guest, visitor, scope="openid").parameters()["code"])

    done = take_back(guest, visitor, "scope:openid")

    assert "Guest portal" not in done.text
    assert guest.refresh(tokens.refresh).error == "invalid_grant"
    assert form(guest, visitor).status == 404


@pytest.mark.parametrize("names", [(), ("scope:payments",), ("scope:", "detail:", "openid")], ids=str)
def test_whoever_chooses_nothing_is_told(guest: Portal, visitor: Visitor, names: tuple[str, ...]) -> None:
    allow(guest, visitor, scope="openid")

    page = take_back(guest, visitor, *names)

    assert page.alert == "Choose at least one."
    assert arrived(guest.send(visitor, scope="openid"))


def test_an_application_that_asks_for_no_consent_keeps_all_or_nothing(
    standing: RunningServer, guest: Portal, visitor: Visitor
) -> None:
    """It would have a single one again after the next sign-in, and nobody would have been asked."""
    with portal_of(standing, __file__, "house") as house:
        assert house.sign_in(visitor, scope="openid").status == 200
    page = visitor.get(f"{guest.server.issuer()}/account/applications")

    assert "/applications/house/withdraw" in page.html
    assert "/applications/house/withdraw-parts" not in page.html
    assert visitor.get(f"{guest.server.issuer()}/account/applications/house/withdraw-parts").status == 404


def test_a_scope_that_the_realm_has_no_more_is_named(
    standing: RunningServer, guest: Portal, visitor: Visitor, realm: dict[str, Any]
) -> None:
    allow(guest, visitor, scope="openid plain")
    clients = [c | {"scope": c["scope"].replace("plain", "").strip()} for c in realm["clients"]]
    scopes = {name: words for name, words in realm["scopes"].items() if name != "plain"}

    standing.reload(realm | {"clients": clients, "scopes": scopes})

    try:
        assert "plain" in form(guest, visitor).html
        assert take_back(guest, visitor, "scope:plain").status == 200
    finally:
        standing.reload(realm)
