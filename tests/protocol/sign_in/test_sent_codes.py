"""Every way to get at a code that was sent, or around it: to somebody who has not the phone it is worth nothing."""

from collections.abc import Callable, Iterator

import pytest

from idp.store.database import Database
from tests.conftest import Log, Start
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.protocol.sign_in.walked import World
from tests.running import RunningServer, every_factor
from tests.visitor import PASSWORD, Page, Visitor

pytestmark = pytest.mark.attack

NUMBER = "+49 170 1234567"
WAIT = "Too many wrong codes. Try again in 1 minute."
WRONG = "That code is not right. Type the one from the newest message."
SPELLED: dict[str, Callable[[str], str]] = {
    "full-width": lambda code: "".join(chr(ord(digit) + 0xFEE0) for digit in code),
    "arabic": lambda code: "".join(chr(ord(digit) + 0x630) for digit in code),
    "without its last digit": lambda code: code[:-1],
    "with one more": lambda code: code + "0",
    "as a number": lambda code: f"{code}.0",
    "negative": lambda code: f"-{code}",
}


@pytest.fixture
def server(start: Start) -> RunningServer:
    return start(every_factor())


@pytest.fixture
def phone(server: RunningServer) -> Iterator[Callable[[Page], str]]:
    """What the phone of whoever signs in shows for that page."""
    world = World(server, Database(server.settings.database), {})
    yield lambda page: world.sent_code(page.form.fields["transaction"])[0]
    world.close()


def send(visitor: Visitor, page: Page, **fields: str) -> Page:
    return visitor.submit(page, send=next(b["value"] for b in page.form.buttons if b.get("name") == "send"), **fields)


def to_the_enrolment(portal: Portal, visitor: Visitor) -> Page:
    page = visitor.submit(portal.send(visitor), username="alice", password=PASSWORD)
    return send(visitor, visitor.submit(page, factor="sms"), destination=NUMBER)


@pytest.fixture
def asked(billing: Portal, visitor: Visitor, phone: Callable[[Page], str]) -> Page:
    """Alice, who has a number, is past her password at a browser that has forgotten her; nothing was sent yet."""
    page = to_the_enrolment(billing, visitor)
    assert "code" in visitor.submit(visitor.submit(page, code=phone(page))).parameters()
    visitor.http.cookies.clear()
    visitor.server.clock.advance(3600)
    page = visitor.submit(billing.send(visitor), username="alice", password=PASSWORD)
    assert page.step == "sms"
    return page


def messages(server: RunningServer) -> int:
    administrator = Administrator(server)
    found = administrator.rows()["messages"]
    administrator.close()
    return found


def test_nobody_causes_a_message_before_the_password(
    asked: Page, billing: Portal, visit: Callable[..., Visitor]
) -> None:
    """SM-04: neither from the first page, nor with the form of somebody who may."""
    before, stranger = messages(billing.server), visit(billing.server)
    page = billing.send(stranger)
    target = next(b["value"] for b in asked.form.buttons if b.get("name") == "send")
    for step in ("sms", "sms-enrol"):
        form = {"step": step, "send": target, "username": "alice", "destination": NUMBER}
        assert stranger.post(page.form.action, page.form.fields | form).step in ("password", "")
        assert stranger.post(asked.form.action, asked.form.fields | form).step == ""

    assert messages(billing.server) == before


@pytest.mark.parametrize("spelling", SPELLED)
def test_no_other_spelling_is_the_code(
    asked: Page, visitor: Visitor, phone: Callable[[Page], str], spelling: str
) -> None:
    """OT-03, OT-13."""
    page = send(visitor, asked)

    answer = visitor.submit(page, code=SPELLED[spelling](phone(page)))

    assert (answer.step, answer.alert) == ("sms", WRONG)


def test_neither_waiting_nor_a_new_message_buys_more_guesses(
    asked: Page, visitor: Visitor, phone: Callable[[Page], str], log: Log
) -> None:
    """OT-08: the third wrong one waits, whichever message it was for, and then the right one does."""
    page = asked
    for told in (WRONG, WRONG, WAIT):
        page = visitor.submit(send(visitor, page), code="000000")
        assert page.alert == told
        visitor.server.clock.advance(59)
    again = visitor.submit(page, code=phone(page))

    assert again.alert.startswith("Too many wrong codes.")
    assert [event["reason"] == "slowed" for event in log.events("factor.refused")] == [False, False, False, True]


def test_guesses_while_a_number_is_set_up_count_like_any_other(
    billing: Portal, visitor: Visitor, visit: Callable[..., Visitor]
) -> None:
    """OT-09: also over several sign-ins, and for the factor that is set up instead."""
    for told in (WRONG, WRONG, WAIT):
        other = visit(billing.server)
        page = to_the_enrolment(billing, other)
        assert other.submit(page, code="000000").alert == told
        billing.server.clock.advance(59)

    page = visitor.submit(to_the_enrolment(billing, visitor), code="000000")
    assert page.alert.startswith("Too many wrong codes.")


def test_the_code_is_nowhere_but_in_the_message(
    asked: Page, visitor: Visitor, phone: Callable[[Page], str], log: Log, server: RunningServer
) -> None:
    """OT-12, LG-01: not in an answer, a cookie, the log or the database; nor is what trusts the browser."""
    page = send(visitor, asked)
    code, administrator = phone(page), Administrator(server)
    shown = page.html + str(page.response.headers) + str(visitor.cookies())

    arrived = visitor.submit(page, code=code, trust="yes")

    secrets = [code, visitor.cookies()["idp-session-demo"], visitor.cookies()["idp-trusted-demo"]]
    assert "code" in arrived.parameters()
    assert code not in shown
    # What the client of this test logs of itself is no line of the server.
    lines = [line for line in log.lines if "httpcore" not in line]
    stored, logged = administrator.everything(), "\n".join(lines)
    administrator.close()
    assert [s for s in secrets[1:] if s in stored or s in logged] == []
    assert f" {code} " not in logged
    assert f'"{code}"' not in logged
    assert code not in "".join(part for part in stored.split("'") if len(part) < 12)


@pytest.mark.parametrize("odd", ["", " ", "\0", "0" * 10_000, "null", "[]", "١٢٣٤٥٦"])
def test_whatever_is_typed_is_a_wrong_code_and_nothing_worse(asked: Page, visitor: Visitor, odd: str) -> None:
    page = visitor.submit(send(visitor, asked), code=odd)

    assert page.step in ("sms", "")
    assert page.status in (200, 400)
    assert "code" not in (page.location or "")
