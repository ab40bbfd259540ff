"""Authorization details on the page of consent (RFC 9396 section 10): what is seen is what is allowed, and no more."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from idp.store import consents, people
from idp.store.database import Database
from tests.portal import Portal
from tests.protocol.consent.test_consent import allow, arrived, withdraw
from tests.protocol.feature import portal_of
from tests.running import RunningServer
from tests.visitor import Page, Visitor

PAYMENT: dict[str, Any] = {
    "type": "payment",
    "locations": ["https://pay.test/api"],
    "instructedAmount": {"currency": "EUR", "amount": "123.50"},
    "creditorName": "Müller & Söhne",
    "remittance": [{"line": 1, "urgent": True}, {"line": 2, "urgent": None}],
}
ACCOUNT = {"type": "https://example.test/account", "actions": ["read", "list"]}


def written(*details: dict[str, Any]) -> str:
    return json.dumps(details)


@pytest.fixture(scope="module")
def guest(standing: RunningServer) -> Iterator[Portal]:
    with portal_of(standing, __file__, "guest") as portal:
        yield portal


@pytest.fixture
def visitor(guest: Portal, visit: Callable[..., Visitor]) -> Visitor:
    """Somebody who is signed in, and has not yet allowed anything in detail."""
    visitor = visit(guest.server)
    withdraw(guest.server, "guest")
    allow(guest, visitor)
    return visitor


def again(guest: Portal, visitor: Visitor, *details: dict[str, Any]) -> Page:
    return guest.send(visitor, scope="openid profile", authorization_details=written(*details))


def test_the_page_shows_all_of_it_in_the_words_of_the_realm(guest: Portal, visitor: Visitor) -> None:
    page = again(guest, visitor, PAYMENT, ACCOUNT)

    assert page.step == "consent"
    shown = ("Make a payment", "The money leaves your account today.", "Amount", "Payee", "At", "Actions", "currency")
    values = ("https://pay.test/api", "EUR", "123.50", "Müller &amp; Söhne", "yes", "No. 2", "read", "list")
    for words in (*shown, *values, "remittance", "https://example.test/account"):
        assert words in page.html, words


def test_the_page_is_in_the_language_of_the_person(guest: Portal, visitor: Visitor) -> None:
    page = guest.send(visitor, authorization_details=written(PAYMENT), ui_locales="de", scope="openid pictures")

    for words in ("Eine Zahlung ausführen", "Empfänger", "Bei", "Ihre Bilder sehen"):
        assert words in page.html, words


def test_the_page_says_for_how_long(guest: Portal, visitor: Visitor) -> None:
    assert "when you sign out, at the latest after 12 hours" in again(guest, visitor, PAYMENT).html
    offline = guest.send(visitor, scope="openid offline_access address phone")
    for words in ("up to 30 days, also after you have signed out", "your postal address", "your phone number"):
        assert words in offline.html


def test_who_allows_it_is_not_asked_for_the_very_same_again(guest: Portal, visitor: Visitor) -> None:
    page = visitor.submit(again(guest, visitor, PAYMENT, ACCOUNT))

    assert guest.redeem(page.parameters()["code"]).body["authorization_details"] == [PAYMENT, ACCOUNT]
    in_other_order = {name: PAYMENT[name] for name in reversed(PAYMENT)}
    assert arrived(again(guest, visitor, ACCOUNT, in_other_order))


OTHERS: dict[str, list[dict[str, Any]]] = {
    "another amount": [PAYMENT | {"instructedAmount": {"currency": "EUR", "amount": "999"}}],
    "a member more": [PAYMENT | {"note": "x"}],
    "a member less": [{name: PAYMENT[name] for name in PAYMENT if name != "creditorName"}],
    "another type": [ACCOUNT],
    "one more": [PAYMENT, ACCOUNT],
    "the same twice": [PAYMENT, PAYMENT],
    "true for 1": [PAYMENT | {"remittance": [{"line": True, "urgent": True}, {"line": 2, "urgent": None}]}],
}


@pytest.mark.attack
@pytest.mark.parametrize("case", OTHERS)
def test_anything_else_is_asked_for(guest: Portal, visitor: Visitor, case: str) -> None:
    assert arrived(visitor.submit(again(guest, visitor, PAYMENT)))

    assert again(guest, visitor, *OTHERS[case]).step == "consent"
    silent = guest.send(
        visitor, scope="openid profile", prompt="none", authorization_details=written(*OTHERS[case])
    ).parameters()
    assert silent["error"] == "consent_required"


@pytest.mark.attack
def test_details_that_were_allowed_once_are_asked_for_again_after_others(guest: Portal, visitor: Visitor) -> None:
    assert arrived(visitor.submit(again(guest, visitor, PAYMENT)))
    assert arrived(visitor.submit(again(guest, visitor, ACCOUNT)))

    assert again(guest, visitor, PAYMENT).step == "consent"
    assert arrived(guest.send(visitor, scope="openid profile"))


@pytest.mark.attack
def test_the_scopes_alone_do_not_allow_details(guest: Portal, visitor: Visitor) -> None:
    assert arrived(guest.send(visitor, scope="openid profile"))

    assert again(guest, visitor, PAYMENT).step == "consent"


def test_who_refuses_is_asked_the_next_time(guest: Portal, visitor: Visitor) -> None:
    refused = visitor.submit(again(guest, visitor, PAYMENT), action="cancel").parameters()

    assert refused["error"] == "access_denied"
    assert again(guest, visitor, PAYMENT).step == "consent"


def test_a_client_can_have_the_question_asked_again(guest: Portal, visitor: Visitor, standing: RunningServer) -> None:
    visitor.submit(again(guest, visitor, PAYMENT))

    page = guest.send(visitor, scope="openid profile", prompt="consent", authorization_details=written(PAYMENT))
    assert (page.step, "Make a payment" in page.html) == ("consent", True)
    with portal_of(standing, __file__, "house") as house:
        page = house.send(visitor, scope="openid", prompt="consent", authorization_details=written(PAYMENT))
        assert (page.step, "Make a payment" in page.html) == ("consent", True)


def test_a_pushed_request_is_shown_as_well(guest: Portal, visitor: Visitor) -> None:
    request = guest.request(scope="openid profile", authorization_details=written(PAYMENT))
    pushed = guest.call("ext/par/request", **request).json()

    page = visitor.get(f"{guest.server.endpoint('auth')}?client_id=guest&request_uri={pushed['request_uri']}")

    assert (page.step, "Müller &amp; Söhne" in page.html) == ("consent", True)
    assert arrived(visitor.submit(page))


def test_what_was_given_is_listed(guest: Portal, visitor: Visitor) -> None:
    visitor.submit(again(guest, visitor, PAYMENT))
    database = Database(guest.server.settings.database)
    with database.read() as tx:
        alice = people.by_identifier(tx, "demo", "alice")
        assert alice
        found = consents.listed(tx, alice.user.id)
    database.close()

    assert found == [consents.Consent("guest", ("openid", "profile"), guest.server.clock(), (PAYMENT,))]
    page = visitor.get(f"{guest.server.issuer()}/account/applications")
    for words in ("Guest portal", "Make a payment", "Müller &amp; Söhne"):
        assert words in page.html, words


def test_taking_it_back_ends_what_was_made_from_it(guest: Portal, visitor: Visitor) -> None:
    tokens = guest.redeem(visitor.submit(again(guest, visitor, PAYMENT)).parameters()["code"])

    withdraw(guest.server, "guest")

    assert guest.refresh(tokens.refresh).error == "invalid_grant"
    assert guest.introspect(tokens.access) == {"active": False}
    allow(guest, visitor)
    assert again(guest, visitor, PAYMENT).step == "consent"


HOSTILE = '"><img src=x onerror=__x()>{{7*7}}'


@pytest.mark.attack
def test_hostile_details_are_text(guest: Portal, visitor: Visitor) -> None:
    detail = {"type": "payment", HOSTILE: HOSTILE, "deep": [{HOSTILE: [HOSTILE, {HOSTILE: HOSTILE}]}]}

    page = again(guest, visitor, detail)

    assert page.step == "consent"
    assert page.html.count("&lt;img src=x") == 6
    assert "<img src=x" not in page.html
    assert page.html.count("{{7*7}}") == 6


@pytest.mark.attack
def test_characters_that_nobody_sees_are_shown(guest: Portal, visitor: Visitor) -> None:
    """They would turn 1000 into 0001, or hide that two payees are not the same."""
    page = again(
        guest, visitor, PAYMENT | {"creditorName": "Bank\u202e0001\u2066\u200b\u0007\ue000", "no\u00adte": "x"}
    )

    for code in ("\\u202e0001\\u2066\\u200b\\u0007\\ue000", "no\\u00adte"):
        assert code in page.html
    assert not {"\u202e", "\u200b", "\u0007", "\u00ad"} & set(page.html)


@pytest.mark.attack
def test_the_largest_and_deepest_request_is_shown_whole_on_a_page_of_bounded_size(
    guest: Portal, visitor: Visitor
) -> None:
    deep: Any = "the bottom"
    for _ in range(13):
        deep = {"x" * 60: [deep, 1]} if deep == "the bottom" else {"x" * 60: deep}
    large = ([ACCOUNT] * 20, [{"type": "payment", "many": list(range(500))}], [{"type": "payment", "d": deep}])

    pages = [again(guest, visitor, *details) for details in large]

    assert [(page.step, len(page.html) < 80_000) for page in pages] == [("consent", True)] * 3
    assert "the bottom" in pages[-1].html
