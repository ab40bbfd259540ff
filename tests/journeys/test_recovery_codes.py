"""Somebody whose phone is gone uses a recovery code: once, honestly named, and only where a rule takes it."""

from collections.abc import Callable

import pytest

from tests.clock import Clock
from tests.conftest import Log, Start
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.running import RunningServer, demo_realm
from tests.visitor import PASSWORD, Page, Visitor


@pytest.fixture
def enrolled(server: RunningServer, billing: Portal, visit: Callable[..., Visitor], clock: Clock) -> Visitor:
    """Alice, who has an authenticator app and ten recovery codes."""
    visitor = visit(server)
    billing.sign_in(visitor)
    clock.advance(30)
    return visitor


@pytest.fixture
def without_phone(server: RunningServer, enrolled: Visitor, visit: Callable[..., Visitor]) -> Visitor:
    """Alice at another browser, with the sheet and without the phone."""
    visitor = visit(server)
    visitor.codes = enrolled.codes
    return visitor


def ask(visitor: Visitor, page: Page) -> Page:
    """The link that leads to the recovery codes."""
    return visitor.get(next(link for link in page.links if "factor=recovery-codes" in link))


def test_a_recovery_code_stands_in_for_the_phone(billing: Portal, without_phone: Visitor) -> None:
    page = without_phone.submit(billing.send(without_phone), username="alice", password=PASSWORD)
    page = ask(without_phone, page)
    assert page.step == "recovery-codes"

    arrived = without_phone.submit(page, recovery_code=without_phone.codes["alice"][0])

    claims = billing.redeem(arrived.parameters()["code"]).id_claims
    assert (claims["acr"], claims["amr"]) == ("two-factor", ["pwd", "recovery", "mfa"])


def test_it_may_be_typed_as_people_type(billing: Portal, without_phone: Visitor) -> None:
    page = without_phone.submit(billing.send(without_phone), username="alice", password=PASSWORD)
    typed = f"  {without_phone.codes['alice'][0].replace('-', ' ').upper()} "

    assert "code" in without_phone.submit(ask(without_phone, page), recovery_code=typed).parameters()


def test_a_recovery_code_works_once(
    server: RunningServer, billing: Portal, without_phone: Visitor, visit: Callable[..., Visitor]
) -> None:
    page = without_phone.submit(billing.send(without_phone), username="alice", password=PASSWORD)
    code = without_phone.codes["alice"][0]
    assert "code" in without_phone.submit(ask(without_phone, page), recovery_code=code).parameters()
    other = visit(server)
    page = ask(other, other.submit(billing.send(other), username="alice", password=PASSWORD))

    again = other.submit(page, recovery_code=code)

    assert again.alert == "That recovery code is not right or was used already. Try another one."
    assert "code" in other.submit(again, recovery_code=without_phone.codes["alice"][1]).parameters()


@pytest.mark.attack
def test_a_code_that_was_used_stays_used_when_the_server_starts_anew(
    server: RunningServer, billing: Portal, without_phone: Visitor, start: Start, visit: Callable[..., Visitor]
) -> None:
    """RC-02."""
    page = without_phone.submit(billing.send(without_phone), username="alice", password=PASSWORD)
    code = without_phone.codes["alice"][0]
    assert "code" in without_phone.submit(ask(without_phone, page), recovery_code=code).parameters()
    server.stop()
    billing.server = start()
    other = visit(billing.server)
    page = ask(other, other.submit(billing.send(other), username="alice", password=PASSWORD))

    assert other.submit(page, recovery_code=code).alert.startswith("That recovery code is not right or was used")


@pytest.mark.attack
def test_a_sign_in_takes_one_code(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor], log: Log
) -> None:
    """SU-20: even where the sign-in has something left to show, a second code of the sheet is not looked at."""
    realm = demo_realm()
    realm["factors"]["recovery-codes"] = {"count": 10, "warn_at": 9}
    server = start(realm)
    billing, owner, finder = register(server, "billing"), visit(server), visit(server)
    billing.sign_in(owner)
    codes = owner.codes["alice"]
    page = finder.submit(billing.send(finder), username="alice", password=PASSWORD)
    page = finder.submit(ask(finder, page), recovery_code=codes[0])
    assert page.step == "recovery-codes-low"

    again = finder.submit(page, step="recovery-codes", recovery_code=codes[1])

    assert (again.step, again.location) == ("recovery-codes-low", None)
    assert "out of date" in again.alert
    assert [event["factor"] for event in log.events("factor.accepted")] == ["recovery-codes"]


@pytest.mark.attack
@pytest.mark.parametrize(("size", "heard"), [(101, (200, "too long")), (10_000_000, (413, "too much data"))])
def test_what_is_longer_than_any_code_is_not_looked_at(
    billing: Portal, without_phone: Visitor, administrator: Administrator, size: int, heard: tuple[int, str]
) -> None:
    """RC-07: nothing is hashed, and nothing is counted."""
    page = without_phone.submit(billing.send(without_phone), username="alice", password=PASSWORD)

    answer = without_phone.submit(ask(without_phone, page), recovery_code=size * "a")

    assert (answer.status, answer.location) == (heard[0], None)
    assert heard[1] in answer.text
    assert administrator.people.show("alice").wrong == 0


def test_a_rule_that_leaves_recovery_codes_out_does_not_take_one(
    portal: Portal, without_phone: Visitor, administrator: Administrator
) -> None:
    administrator.set_roles("alice", "admin")
    page = without_phone.submit(portal.send(without_phone), username="alice", password=PASSWORD)
    assert page.step == "totp"
    assert not [link for link in page.links if "recovery-codes" in link]

    fields = {**page.form.fields, "step": "recovery-codes", "recovery_code": without_phone.codes["alice"][0]}
    refused = without_phone.post(page.form.action, fields)

    assert refused.step == "totp"
    assert administrator.people.show("alice").recovery_left == 10


def test_a_session_raised_by_a_recovery_code_does_not_meet_such_a_rule(
    portal: Portal, billing: Portal, without_phone: Visitor, administrator: Administrator
) -> None:
    page = without_phone.submit(billing.send(without_phone), username="alice", password=PASSWORD)
    code = without_phone.codes["alice"][0]
    tokens = billing.redeem(without_phone.submit(ask(without_phone, page), recovery_code=code).parameters()["code"])

    administrator.set_roles("alice", "admin")

    assert portal.send(without_phone).step == "totp"
    assert billing.refresh(tokens.refresh).error == "invalid_grant"


def test_when_few_are_left_the_person_is_told_before_going_on(
    billing: Portal, without_phone: Visitor, administrator: Administrator
) -> None:
    codes = without_phone.codes["alice"]
    page = without_phone.submit(billing.send(without_phone, prompt="login"), username="alice", password=PASSWORD)
    for code in codes[:6]:
        assert "code" in without_phone.submit(ask(without_phone, page), recovery_code=code).parameters()
        page = without_phone.submit(billing.send(without_phone, prompt="login"), password=PASSWORD)

    warned = without_phone.submit(ask(without_phone, page), recovery_code=codes[6])

    assert warned.step == "recovery-codes-low"
    assert "Only 3 recovery codes left" in warned.text
    assert "code" in without_phone.submit(warned).parameters()
    assert administrator.people.show("alice").recovery_left == 3


def test_whoever_is_warned_makes_new_codes_without_another_sign_in(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor], clock: Clock
) -> None:
    """The page of the new codes asks for another factor, and not for the password; the portal is open meanwhile."""
    realm = demo_realm()
    realm["factors"]["recovery-codes"] = {"count": 10, "warn_at": 9}
    server = start(realm)
    billing, visitor = register(server, "billing"), visit(server)
    billing.sign_in(visitor)
    visitor.http.cookies.clear()
    clock.advance(3600)
    page = visitor.submit(billing.send(visitor), username="alice", password=PASSWORD)
    warned = visitor.submit(ask(visitor, page), recovery_code=visitor.codes["alice"][0])
    assert warned.step == "recovery-codes-low"

    page = visitor.submit(warned, action="make")

    assert page.step == "totp"
    assert "code" in billing.send(visitor).parameters()
    page = visitor.submit(visitor.submit(page, code=visitor.code("alice")))
    assert len(set(page.recovery_codes) - set(visitor.codes["alice"])) == 10
    assert page.response.request.url.path == "/realms/demo/account/recovery-codes"


@pytest.mark.attack
def test_a_code_of_somebody_else_is_a_wrong_guess_of_ones_own(
    billing: Portal, without_phone: Visitor, visit: Callable[..., Visitor], administrator: Administrator
) -> None:
    """RC-04, SU-13: also where both have a sheet; it stays good for whose it is."""
    administrator.add("bob", email="bob@example.com", password=PASSWORD)
    bob, code = visit(billing.server), without_phone.codes["alice"][0]
    bob.sign_in(billing.send(bob), "bob")
    bob.http.cookies.clear()
    page = ask(bob, bob.submit(billing.send(bob), username="bob", password=PASSWORD))

    assert bob.submit(page, recovery_code=code).alert.startswith("That recovery code is not right")

    assert [administrator.people.show(name).wrong for name in ("bob", "alice")] == [1, 0]
    page = without_phone.submit(billing.send(without_phone), username="alice", password=PASSWORD)
    assert "code" in without_phone.submit(ask(without_phone, page), recovery_code=code).parameters()


def test_a_recovery_code_does_not_let_its_holder_set_up_another_app(
    billing: Portal, without_phone: Visitor, administrator: Administrator
) -> None:
    page = without_phone.submit(billing.send(without_phone), username="alice", password=PASSWORD)
    arrived = without_phone.submit(ask(without_phone, page), recovery_code=without_phone.codes["alice"][0])
    assert "code" in arrived.parameters()
    before = administrator.people.show("alice").factors

    page = billing.send(without_phone, acr_values="two-factor", prompt="login")
    page = without_phone.submit(page, password=PASSWORD)

    assert page.step == "totp"
    assert administrator.people.show("alice").factors == before


def test_an_administrator_resets_who_lost_both(
    portal: Portal, billing: Portal, without_phone: Visitor, administrator: Administrator
) -> None:
    administrator.reset_factors("alice")

    page = without_phone.submit(billing.send(without_phone), username="alice", password=PASSWORD)

    assert page.step == "totp-enrol"
    assert "code" in without_phone.sign_in(page).parameters()
