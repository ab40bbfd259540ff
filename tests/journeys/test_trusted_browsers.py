"""A browser that its owner trusted: waives the rule that allows it, nothing else, and ends with what it rests on."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.authenticator import Authenticator
from tests.conftest import Log, Start
from tests.journeys.test_invitations import Register, Visit
from tests.journeys.test_sent_codes import soon
from tests.outbound.mailbox import Mailbox
from tests.portal import Portal, Tokens
from tests.protocol.administrator import Administrator
from tests.running import RunningServer, every_factor
from tests.visitor import PASSWORD, Page, Visitor

MONTH = 30 * 86400
COOKIE = "idp-trusted-demo"
FIELD = 'name="trust"'
OTHER_PASSWORD = "an entirely different phrase"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture
def server(start: Start, mailbox: Mailbox) -> RunningServer:
    mail = {"server": {"host": "127.0.0.1", "port": mailbox.port}, "from": "Example <no-reply@example.com>"}
    realm = every_factor(mail=mail)
    realm["tokens"] |= {"refresh_idle": "40d", "refresh_max": "60d"}
    realm["sessions"] = {"idle": "50d", "max": "50d"}
    return start(realm)


@pytest.fixture
def administrator(server: RunningServer) -> Iterator[Administrator]:
    working = Administrator(server)
    yield working
    working.close()


def password(portal: Portal, visitor: Visitor, username: str = "ada", **wanted: str) -> Page:
    return visitor.submit(portal.send(visitor, **wanted), username=username, password=PASSWORD)


def trust(portal: Portal, visitor: Visitor, username: str = "ada") -> Page:
    """Sign in with the box ticked."""
    page = password(portal, visitor, username)
    assert FIELD in page.html
    page = visitor.submit(page, code=visitor.code(username), trust="yes")
    assert "code" in page.parameters()
    return page


def forget_session(visitor: Visitor) -> None:
    """As a browser that was closed, or whose owner signed out."""
    kept = visitor.cookies()[COOKIE]
    visitor.http.cookies.clear()
    visitor.http.cookies.set(COOKIE, kept, domain="localhost.local", path="/")


@pytest.fixture
def ada(billing: Portal, visitor: Visitor) -> Visitor:
    """Ada, for whom another rule asks for a code wherever she is, is made a developer and trusts her browser."""
    administrator = Administrator(visitor.server)
    administrator.set_roles("ada", "developer")
    administrator.close()
    trust(billing, visitor)
    forget_session(visitor)
    visitor.server.clock.advance(60)
    return visitor


def waived(billing: Portal, visitor: Visitor) -> Tokens:
    """In with the password alone."""
    return billing.redeem(password(billing, visitor).parameters()["code"])


def test_it_is_not_asked_again_and_says_nothing_in_the_token(billing: Portal, ada: Visitor) -> None:
    claims = waived(billing, ada).id_claims

    assert (claims["acr"], claims["amr"]) == ("password", ["pwd"])


@pytest.mark.attack
def test_it_is_asked_again_where_everything_is_wanted_anew(billing: Portal, ada: Visitor) -> None:
    assert password(billing, ada, max_age="0").step == "totp"


@pytest.mark.attack
def test_a_rule_that_does_not_take_what_it_was_trusted_by_asks(start: Start, register: Register, visit: Visit) -> None:
    """The app would else open what another rule keeps for passkeys, and whoever has stolen it all the month."""
    everywhere = {"name": "a month", "level": "two-factor", "trusted_browser": "30d"}
    passkeys = {**everywhere, "name": "passkeys", "when": {"clients": ["billing"]}, "accept": ["webauthn"]}
    server = start(every_factor(second_factor={"rules": [everywhere, passkeys]}))
    portal, billing, visitor = register(server, "portal"), register(server, "billing"), visit(server)
    trust(portal, visitor)
    forget_session(visitor)
    server.clock.advance(60)

    assert "code" in password(portal, visitor).parameters()
    forget_session(visitor)
    assert password(billing, visitor).step == "totp"


def test_its_owner_is_told(billing: Portal, ada: Visitor, mailbox: Mailbox) -> None:
    letter = soon(lambda: mailbox.letters)[0]

    assert letter.recipients == ["ada@example.com"]
    assert letter.message["subject"] == "A browser is trusted now"


def test_who_does_not_tick_the_box_is_asked_again(billing: Portal, visitor: Visitor) -> None:
    page = visitor.submit(password(billing, visitor), code=visitor.code("ada"))

    assert "code" in page.parameters()
    assert COOKIE not in visitor.cookies()


def test_the_box_is_there_only_where_a_rule_allows_it(portal: Portal, billing: Portal, visitor: Visitor) -> None:
    assert FIELD not in password(portal, visitor).html
    visitor.http.cookies.clear()
    assert FIELD not in billing.send(visitor).html
    assert "for 30 days" in password(billing, visitor).text


@pytest.mark.attack
def test_a_box_that_was_not_there_trusts_nothing(portal: Portal, visitor: Visitor) -> None:
    page = visitor.submit(password(portal, visitor), code=visitor.code("ada"), trust="yes")

    assert "code" in page.parameters()
    assert COOKIE not in visitor.cookies()


@pytest.mark.attack
def test_what_a_request_demands_is_never_waived(billing: Portal, portal: Portal, ada: Visitor) -> None:
    assert password(billing, ada, acr_values="two-factor").step == "totp"
    assert FIELD not in password(billing, ada, acr_values="two-factor").html
    essential = '{"id_token":{"acr":{"essential":true,"values":["two-factor"]}}}'
    assert password(portal, ada, claims=essential).step == "totp"


@pytest.mark.attack
def test_neither_is_a_rule_that_does_not_allow_it(portal: Portal, ada: Visitor, administrator: Administrator) -> None:
    administrator.set_roles("ada", "admin")

    assert password(portal, ada).step == "totp"


@pytest.mark.attack
def test_it_is_worth_nothing_to_somebody_else(billing: Portal, ada: Visitor, visitor: Visitor) -> None:
    assert password(billing, visitor, "alice").step == "enrol-choice"


@pytest.mark.attack
def test_the_cookie_is_not_in_the_database(ada: Visitor, administrator: Administrator) -> None:
    assert ada.cookies()[COOKIE] not in administrator.everything()


@pytest.mark.attack
def test_a_cookie_that_was_put_there_becomes_worthless(billing: Portal, visitor: Visitor, administrator: Any) -> None:
    administrator.set_roles("ada", "developer")
    visitor.http.cookies.set(COOKIE, "x" * 43, domain="localhost.local", path="/")
    trust(billing, visitor)
    assert visitor.cookies()[COOKIE] != "x" * 43

    visitor.http.cookies.clear()
    visitor.http.cookies.set(COOKIE, "x" * 43, domain="localhost.local", path="/")

    assert password(billing, visitor).step == "totp"


def test_two_people_trust_the_same_browser(billing: Portal, ada: Visitor, server: RunningServer) -> None:
    page = ada.submit(password(billing, ada, "alice"), factor="totp")
    ada.secrets["alice"] = page.totp_secret
    page = ada.submit(ada.submit(page, code=ada.code("alice"), trust="yes"))
    assert "code" in page.parameters()
    forget_session(ada)

    assert "code" in password(billing, ada).parameters()
    forget_session(ada)
    assert "code" in password(billing, ada, "alice").parameters()


def test_single_sign_on_goes_on_silently(billing: Portal, portal: Portal, ada: Visitor) -> None:
    assert "code" in password(portal, ada).parameters()

    silent = billing.send(ada, prompt="none")

    assert billing.redeem(silent.parameters()["code"]).id_claims["acr"] == "password"


def test_without_the_cookie_somebody_has_to_be_asked(billing: Portal, portal: Portal, visitor: Visitor) -> None:
    portal.sign_in(visitor, "alice")

    assert billing.send(visitor, prompt="none").parameters()["error"] == "interaction_required"


ENDS: dict[str, Callable[[Visitor, Administrator], None]] = {
    "its time": lambda ada, _: ada.server.clock.advance(MONTH),
    "a new password": lambda _, administrator: administrator.set_password("ada", PASSWORD),
    "a reset of the factors": lambda _, administrator: administrator.reset_factors("ada"),
}


@pytest.mark.parametrize("end", ENDS)
def test_it_ends_with(billing: Portal, ada: Visitor, administrator: Administrator, end: str) -> None:
    tokens = waived(billing, ada)
    tokens = billing.refresh(tokens.refresh)
    assert tokens.status == 200
    forget_session(ada)

    ENDS[end](ada, administrator)

    assert billing.refresh(tokens.refresh).error == "invalid_grant"
    assert password(billing, ada).step in ("totp", "enrol-choice")


def test_a_new_factor_ends_it_and_what_rests_on_it(
    billing: Portal, ada: Visitor, register: Callable[..., Portal], server: RunningServer
) -> None:
    tokens = waived(billing, ada)
    forget_session(ada)
    device = Authenticator(server.url)
    page = password(billing, ada, scope="openid payments")
    page = ada.submit(page, code=ada.code("ada"))
    assert page.step == "webauthn-enrol"
    page = ada.answer(page, device.create(page.passkey_options))
    assert page.step == "recovery-codes-new"
    ada.submit(page)
    forget_session(ada)

    assert billing.refresh(tokens.refresh).error == "invalid_grant"
    assert password(billing, ada).step in ("totp", "webauthn")


def test_a_recovery_code_trusts_no_browser(billing: Portal, visitor: Visitor, log: Log) -> None:
    page = visitor.submit(password(billing, visitor, "alice"), factor="totp")
    visitor.secrets["alice"] = page.totp_secret
    page = visitor.submit(page, code=visitor.code("alice"))
    codes = page.recovery_codes
    visitor.submit(page)
    visitor.http.cookies.clear()
    page = visitor.another_way(password(billing, visitor, "alice"), "recovery-codes")

    page = visitor.submit(page, recovery_code=codes[0], trust="yes")

    assert "code" in page.parameters()
    assert COOKIE not in visitor.cookies()
    assert log.events("browser.trusted") == []


@pytest.mark.attack
def test_no_browser_is_trusted_for_what_was_proven_in_an_earlier_sign_in(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    realm = every_factor()
    realm["second_factor"]["rules"][1]["accept"] = ["totp"]
    server = start(realm)
    billing, alice = register(server, "billing"), visit(server)
    billing.sign_in(alice)
    server.clock.advance(60)
    page = billing.send(alice, scope="openid payments")
    assert page.step == "webauthn-enrol"
    page = alice.answer(page, Authenticator(server.url).create(page.passkey_options), trust="yes")
    assert "code" in page.parameters()
    assert COOKIE not in alice.cookies()
