"""Who is asked before a client gets anything, and how often (OpenID Connect Core sections 3.1.2.1 and 3.1.2.4)."""

from collections.abc import Callable
from typing import Any

import pytest

from idp.store import consents, people
from idp.store.database import Database
from tests.portal import Portal
from tests.protocol.realm_files import client_of
from tests.running import RunningServer
from tests.visitor import PASSWORD, Page, Visitor


def ask(portal: Portal, visitor: Visitor, username: str = "alice", **changed: str) -> Page:
    """Signed in, as far as the question or the portal."""
    return visitor.sign_in(portal.send(visitor, **({"scope": "openid profile"} | changed)), username)


def allow(portal: Portal, visitor: Visitor, username: str = "alice", **changed: str) -> Page:
    page = ask(portal, visitor, username, **changed)
    assert page.step == "consent", page.html
    return visitor.submit(page)


def arrived(page: Page) -> bool:
    return page.location is not None and "code" in page.parameters()


def withdraw(server: RunningServer, client_id: str) -> None:
    database = Database(server.settings.database)
    with database.write() as tx:
        alice = people.by_identifier(tx, "demo", "alice")
        assert alice
        consents.withdraw(tx, user_id=alice.user.id, client_id=client_id, now=server.clock())
    database.close()


def test_the_page_says_who_asks_and_for_what(guest: Portal, visitor: Visitor) -> None:
    page = ask(guest, visitor, scope="openid email payments plain offline_access")

    assert (page.status, page.step) == (200, "consent")
    for words in ("Guest portal", "See your e-mail address", "Move money", "plain", "while you are signed out"):
        assert words in page.html
    assert "See your name" not in page.html


def test_it_is_in_the_language_of_the_person(guest: Portal, visitor: Visitor) -> None:
    assert "Ihre E-Mail-Adresse sehen" in ask(guest, visitor, scope="openid email", ui_locales="de").html


def test_who_allows_it_arrives_and_is_not_asked_again(guest: Portal, visitor: Visitor) -> None:
    assert arrived(allow(guest, visitor))

    assert arrived(guest.send(visitor, scope="openid profile"))
    assert arrived(guest.send(visitor, scope="openid"))
    assert arrived(guest.send(visitor, scope="openid profile", prompt="none"))


def test_another_browser_of_the_same_person_is_not_asked(
    guest: Portal, visitor: Visitor, visit: Callable[..., Visitor]
) -> None:
    allow(guest, visitor)

    assert arrived(ask(guest, visit(guest.server)))


@pytest.mark.attack
def test_somebody_elses_consent_counts_for_nobody_else(
    guest: Portal, visitor: Visitor, visit: Callable[..., Visitor]
) -> None:
    allow(guest, visitor)

    assert ask(guest, visit(guest.server), "ada").step == "consent"


def test_what_was_not_allowed_before_is_asked_for_with_all_the_rest(guest: Portal, visitor: Visitor) -> None:
    allow(guest, visitor)

    page = ask(guest, visitor, scope="openid profile email")

    assert page.step == "consent"
    assert "See your name" in page.html
    assert arrived(visitor.submit(page))
    assert arrived(guest.send(visitor, scope="openid email"))


def test_a_request_without_scope_asks_for_everything_registered(guest: Portal, visitor: Visitor) -> None:
    allow(guest, visitor)

    parameters = {k: v for k, v in guest.request().items() if k != "scope"}
    with_post = visitor.post(guest.server.endpoint("auth"), parameters)
    assert with_post.step == "consent"
    assert "Move money" in with_post.html


@pytest.mark.attack
def test_who_refuses_goes_back_without_a_code_and_is_not_signed_in(guest: Portal, visitor: Visitor) -> None:
    page = visitor.submit(ask(guest, visitor), action="cancel")

    assert page.parameters()["error"] == "access_denied"
    assert guest.send(visitor, scope="openid profile", prompt="none").parameters()["error"] == "login_required"


@pytest.mark.attack
def test_without_a_page_there_is_no_consent(guest: Portal, house: Portal, visitor: Visitor) -> None:
    assert arrived(ask(house, visitor))

    answer = guest.send(visitor, scope="openid profile", prompt="none").parameters()

    assert (answer["error"], answer["state"]) == ("consent_required", "a state")
    assert "code" not in answer


def test_a_client_can_have_the_question_asked_again(guest: Portal, house: Portal, visitor: Visitor) -> None:
    allow(guest, visitor)

    assert ask(guest, visitor, prompt="consent").step == "consent"
    assert ask(house, visitor, prompt="consent").step == "consent"
    assert arrived(visitor.submit(ask(guest, visitor, prompt="login consent")))


@pytest.mark.attack
def test_the_page_cannot_be_skipped(guest: Portal, visitor: Visitor) -> None:
    """By asking for the page again, by answering another step, or by a forged form."""
    page = ask(guest, visitor)
    address = str(page.response.url)
    for fields in (
        {**page.form.fields, "step": "password", "username": "alice", "password": PASSWORD},
        {**page.form.fields, "step": "invitation"},
        {**page.form.fields, "step": ""},
        {**page.form.fields, "csrf_token": "x"},
        {k: v for k, v in page.form.fields.items() if k != "csrf_token"},
    ):
        answer = visitor.post(page.form.action, fields)
        assert answer.location is None, fields
    assert visitor.post(page.form.action, page.form.fields, headers={"sec-fetch-site": "cross-site"}).status == 403
    assert visitor.get(address).step == "consent"
    assert guest.send(visitor, scope="openid profile", prompt="none").parameters()["error"] == "login_required"


def test_taking_it_back_ends_what_was_made_from_it(guest: Portal, visitor: Visitor) -> None:
    tokens = guest.redeem(allow(guest, visitor, scope="openid profile offline_access").parameters()["code"])
    code = guest.send(visitor, scope="openid").parameters()["code"]

    withdraw(guest.server, "guest")

    assert guest.refresh(tokens.refresh).error == "invalid_grant"
    assert guest.introspect(tokens.access) == {"active": False}
    assert guest.redeem(code).error == "invalid_grant"
    assert ask(guest, visitor).step == "consent"


def test_what_was_given_is_listed(guest: Portal, visitor: Visitor) -> None:
    allow(guest, visitor)
    database = Database(guest.server.settings.database)

    with database.read() as tx:
        alice = people.by_identifier(tx, "demo", "alice")
        assert alice
        found = consents.listed(tx, alice.user.id)
    database.close()

    assert found == [consents.Consent("guest", ("openid", "profile"), guest.server.clock())]


@pytest.mark.attack
def test_a_client_that_must_ask_since_today_asks(
    guest: Portal, house: Portal, visitor: Visitor, realm: dict[str, Any]
) -> None:
    """Also where the sign-in had begun before."""
    page = house.send(visitor, scope="openid profile")
    client_of(realm, "house")["require_consent"] = True
    house.server.reload(realm)

    assert visitor.submit(page, username="alice", password=PASSWORD).step == "consent"


@pytest.mark.attack
def test_a_hostile_name_is_text(start: Callable[..., RunningServer], realm: dict[str, Any], visit: Any) -> None:
    canary = '"><img src=x onerror=__x()>{{7*7}}'
    client_of(realm, "guest")["client_name"] = canary
    realm["scopes"]["payments"]["description"] = canary
    server = start(realm)
    portal = Portal(server, client_of(realm, "guest"))

    page = ask(portal, visit(server), scope="openid payments")
    portal.close()

    assert page.step == "consent"
    assert "<img src=x" not in page.html
