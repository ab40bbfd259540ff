"""Codes by text message and by mail, as people meet them: set up, sent at the press of a button, typed in."""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import Log, Start
from tests.outbound.mailbox import Mailbox
from tests.outbound.twilio_stand_in import ACCOUNT_SID, AUTH_TOKEN, FROM, VERIFY_SERVICE, Trouble, TwilioStandIn
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.running import RunningServer, every_factor
from tests.visitor import PASSWORD, Page, Visitor

NUMBER = "+49 170 1234567"
MASKED = "••••••••67"
WRONG = "That code is not right. Type the one from the newest message."
WAIT = "Too many wrong codes. Try again in 1 minute."
EXPIRED = "That code is no longer good. Have a new one sent."
LOST = "The code could not be delivered just now. Try again later, or use another way."


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


def with_sending(twilio: TwilioStandIn, mailbox: Mailbox, **sms: Any) -> dict[str, Any]:
    """A realm that sends."""
    section = {
        "sender": "twilio",
        "account_sid": ACCOUNT_SID,
        "auth_token": AUTH_TOKEN,
        "from": FROM,
        "countries": ["US", "DE"],
        "lifetime": "5m",
        "api_base_url": twilio.url,
    }
    mail = {"server": {"host": "127.0.0.1", "port": mailbox.port}, "from": "Example <no-reply@example.com>"}
    return every_factor(factors={"sms": section | sms, "email": {"lifetime": "10m"}}, mail=mail)


@pytest.fixture
def server(start: Start, twilio: TwilioStandIn, mailbox: Mailbox) -> RunningServer:
    return start(with_sending(twilio, mailbox))


@pytest.fixture
def administrator(server: RunningServer) -> Iterator[Administrator]:
    working = Administrator(server)
    yield working
    working.close()


def soon(found: Callable[[], Any]) -> Any:
    """What is there once another thread has done its work."""
    deadline = time.monotonic() + 10
    while not (value := found()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)
    return value


def code_of(text: str) -> str:
    match = re.search(r"\b\d{6}\b", text)
    assert match, text
    return match[0]


def press(visitor: Visitor, page: Page, **fields: str) -> Page:
    """The button that sends: the first one of the page, if there are several."""
    value = next(b["value"] for b in page.form.buttons if b.get("name") == "send")
    return visitor.submit(page, send=value, **fields)


def choose(portal: Portal, visitor: Visitor, factor: str) -> Page:
    """Past the password, to the page that sets the factor up."""
    page = visitor.submit(portal.send(visitor), username="alice", password=PASSWORD)
    assert page.step == "enrol-choice"
    return visitor.submit(page, factor=factor)


def enrol(portal: Portal, visitor: Visitor, twilio: TwilioStandIn) -> Page:
    """Set up text messages, up to the portal; the browser forgets the person."""
    page = press(visitor, choose(portal, visitor, "sms"), destination=NUMBER)
    page = visitor.submit(page, code=code_of(soon(lambda: twilio.texts)[-1]))
    assert page.step == "recovery-codes-new"
    visitor.codes["alice"] = page.recovery_codes
    page = visitor.submit(page)
    assert "code" in page.parameters()
    visitor.http.cookies.clear()
    visitor.server.clock.advance(600)
    return page


@pytest.fixture
def owner(billing: Portal, visitor: Visitor, twilio: TwilioStandIn) -> Visitor:
    """Alice, who gets codes by text message."""
    enrol(billing, visitor, twilio)
    return visitor


def asked(portal: Portal, visitor: Visitor) -> Page:
    """Up to the page that may send."""
    page = visitor.submit(portal.send(visitor), username="alice", password=PASSWORD)
    assert page.step == "sms"
    return page


def test_a_number_is_set_up_and_used(billing: Portal, owner: Visitor, twilio: TwilioStandIn) -> None:
    page = asked(billing, owner)
    assert len(twilio.texts) == 1, "nothing is sent before somebody asks"
    assert "code" not in page.form.fields
    assert MASKED in page.text
    assert "1701234567" not in page.text

    page = press(owner, page)
    assert len(twilio.texts) == 2
    assert page.form.autocomplete["code"] == "one-time-code"
    assert twilio.texts[-1].endswith(f"@localhost #{code_of(twilio.texts[-1])}")
    claims = billing.redeem(owner.submit(page, code=code_of(twilio.texts[-1])).parameters()["code"]).id_claims

    assert (claims["acr"], claims["amr"]) == ("two-factor", ["pwd", "sms", "mfa"])


def test_the_number_that_codes_go_to_is_a_verified_one_and_no_other_is(
    start: Start,
    register: Callable[..., Portal],
    visit: Callable[..., Visitor],
    twilio: TwilioStandIn,
    mailbox: Mailbox,
) -> None:
    realm = with_sending(twilio, mailbox)
    client = next(c for c in realm["clients"] if c["client_id"] == "billing")
    client["scope"] += " phone"
    server = start(realm)
    billing, visitor, administrator = register(server, client), visit(server), Administrator(server)
    administrator.people.set_claims("alice", {"phone_number": "+491701234567"})
    page = visitor.submit(billing.send(visitor, scope="openid phone"), username="alice", password=PASSWORD)
    page = press(visitor, visitor.submit(page, factor="sms"), destination=NUMBER)
    page = visitor.submit(page, code=code_of(soon(lambda: twilio.texts)[-1]))
    tokens = billing.redeem(visitor.submit(page).parameters()["code"])
    proven = {"phone_number": "+491701234567", "phone_number_verified": True}
    assert tokens.id_claims.items() >= proven.items()

    administrator.people.set_claims("alice", {"phone_number": "+491701234568"})
    told = billing.userinfo(tokens.access).json()
    administrator.close()

    assert (told["phone_number"], told["phone_number_verified"]) == ("+491701234568", False)


def test_an_address_is_set_up_and_used(billing: Portal, visitor: Visitor, mailbox: Mailbox) -> None:
    page = choose(billing, visitor, "email")
    assert page.form.fields["destination"] == "alice@example.com"
    page = press(visitor, page)
    page = visitor.submit(page, code=code_of(soon(lambda: mailbox.letters)[0].text))
    claims = billing.redeem(visitor.submit(page).parameters()["code"]).id_claims
    assert claims["amr"] == ["pwd", "email", "mfa"]
    letter = soon(lambda: mailbox.letters[1:])[0]
    assert letter.message["subject"] == "A way of signing in was added to your account"
    assert "codes by e-mail" in letter.text
    assert "\nFrom the network address: 127.0.0.1" in letter.text

    visitor.http.cookies.clear()
    visitor.server.clock.advance(600)
    page = visitor.submit(billing.send(visitor), username="alice", password=PASSWORD)
    assert "a•••@example.com" in page.text
    page = press(visitor, page)
    letter = soon(lambda: mailbox.letters[2:])[0]
    assert letter.recipients == ["alice@example.com"]
    assert "code" in visitor.submit(page, code=code_of(letter.text)).parameters()


def test_the_next_one_has_to_wait_a_moment(billing: Portal, owner: Visitor, twilio: TwilioStandIn) -> None:
    page = press(owner, asked(billing, owner))

    again = press(owner, page)

    assert again.alert == "A code is on its way already. You can ask for another in 30 seconds."
    assert len(twilio.texts) == 2
    assert "code" in owner.submit(again, code=code_of(twilio.texts[-1])).parameters()


def test_only_the_newest_code_is_good(billing: Portal, owner: Visitor, twilio: TwilioStandIn) -> None:
    page = press(owner, asked(billing, owner))
    old = code_of(twilio.texts[-1])
    owner.server.clock.advance(31)
    page = press(owner, page)

    refused = owner.submit(page, code=old)

    # One time in a million, both are the same.
    assert refused.alert == WRONG
    assert "code" in owner.submit(refused, code=code_of(twilio.texts[-1])).parameters()


def test_a_code_expires(billing: Portal, owner: Visitor, twilio: TwilioStandIn) -> None:
    page = press(owner, asked(billing, owner))
    owner.server.clock.advance(300)

    assert owner.submit(page, code=code_of(twilio.texts[-1])).alert == EXPIRED


@pytest.mark.attack
def test_a_code_is_good_in_the_sign_in_that_asked_for_it(
    billing: Portal, owner: Visitor, twilio: TwilioStandIn, visit: Callable[..., Visitor], server: RunningServer
) -> None:
    other = visit(server)
    press(owner, asked(billing, owner))
    code = code_of(twilio.texts[-1])
    server.clock.advance(31)
    page = asked(billing, other)

    assert other.submit(page, code=code).alert == EXPIRED
    assert other.submit(press(other, page), code=code).alert == WRONG


@pytest.mark.attack
def test_wrong_codes_count_with_those_of_every_other_factor(
    billing: Portal, owner: Visitor, twilio: TwilioStandIn
) -> None:
    page = press(owner, asked(billing, owner))
    page = owner.submit(page, code="000000")
    page = owner.submit(owner.another_way(page, "recovery-codes"), recovery_code="aaaa-bbbb-cccc-dddd")
    page = owner.submit(owner.another_way(page, "sms"), code="000000")
    assert page.alert == WAIT, "whoever has to wait is told at once"

    page = owner.submit(page, code=code_of(twilio.texts[-1]))

    assert page.alert == WAIT


@pytest.mark.attack
def test_a_code_is_used_once(billing: Portal, owner: Visitor, twilio: TwilioStandIn) -> None:
    page = press(owner, asked(billing, owner))
    code = code_of(twilio.texts[-1])
    assert "code" in owner.submit(page, code=code).parameters()

    assert owner.submit(page, code=code).status in (400, 403)


@pytest.mark.attack
def test_a_code_goes_to_no_other_number(billing: Portal, owner: Visitor, twilio: TwilioStandIn) -> None:
    page = asked(billing, owner)

    refused = owner.submit(page, send="another", destination="+49 171 7654321")
    press(owner, page, destination="+49 171 7654321")

    assert refused.step == "sms"
    assert [asked.parameters["To"] for asked in twilio.asked] == ["+491701234567"] * 2


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("+33 6 12 34 56 78", "Text messages are not sent to that country. Use another number, or another way."),
        ("+49 30 123456", "That number cannot get text messages. Use the number of a mobile phone."),
        ("my phone", "That is no phone number. Type it with its country code, such as +49 …"),
    ],
)
def test_a_number_that_gets_no_messages_is_refused(
    billing: Portal, visitor: Visitor, twilio: TwilioStandIn, typed: str, told: str
) -> None:
    page = press(visitor, choose(billing, visitor, "sms"), destination=typed)

    assert (page.step, page.alert) == ("sms-enrol", told)
    assert not twilio.asked


def test_who_is_not_reached_is_told_and_goes_another_way(
    billing: Portal, owner: Visitor, twilio: TwilioStandIn
) -> None:
    twilio.trouble = Trouble(status=503)

    page = press(owner, asked(billing, owner))

    assert (page.step, page.alert) == ("sms", LOST)
    assert "code" not in page.form.fields
    page = owner.submit(owner.another_way(page, "recovery-codes"), recovery_code=owner.codes["alice"][0])
    assert "code" in page.parameters()


def test_a_message_that_is_lost_later_is_told_as_soon_as_it_is_known(
    billing: Portal, owner: Visitor, twilio: TwilioStandIn
) -> None:
    page = press(owner, asked(billing, owner))
    assert not page.alert
    answer = twilio.report(twilio.sids[-1], "undelivered", code=30005)
    assert answer is not None
    assert answer.status_code < 300

    assert owner.get(str(page.response.url)).alert == "Text messages do not reach that number. Use another way."


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (21610, "That number wants no more messages from us."),
        (21408, "Text messages do not reach that number."),
        (30450, "The code could not be delivered just now. Try again later"),
        (20003, "Codes cannot be sent this way until an administrator mends it."),
    ],
)
def test_who_is_not_reached_is_told_what_to_do_about_it(
    billing: Portal, owner: Visitor, twilio: TwilioStandIn, code: int, told: str
) -> None:
    twilio.trouble = Trouble(status=400, code=code)

    assert press(owner, asked(billing, owner)).alert.startswith(told)


def test_after_a_failure_nothing_is_said_to_be_on_its_way(
    billing: Portal, owner: Visitor, twilio: TwilioStandIn
) -> None:
    twilio.trouble = Trouble(status=503)
    page = press(owner, asked(billing, owner))
    owner.server.clock.advance(10)

    page = press(owner, page)

    assert page.alert == "You can ask for a code again in 20 seconds. Or use another way."
    assert any("factor=recovery-codes" in link for link in page.links)


def test_who_chose_a_text_message_types_it_where_it_was_asked_for(
    portal: Portal, billing: Portal, owner: Visitor, twilio: TwilioStandIn
) -> None:
    page = owner.get(f"{owner.server.issuer()}/account/add/totp")
    page = press(owner, owner.submit(page, username="alice", password=PASSWORD))
    page = owner.submit(page, code=code_of(twilio.texts[-1]))
    owner.secrets["alice"] = page.totp_secret
    assert "It is added." in owner.submit(page, code=owner.code("alice")).text
    owner.http.cookies.clear()
    owner.server.clock.advance(600)
    page = owner.submit(billing.send(owner), username="alice", password=PASSWORD)
    assert page.step == "totp", "the app was used last"

    chosen = owner.another_way(page, "sms")
    in_german = owner.get(next(link for link in chosen.links if "kc_locale=de" in link))
    sent = press(owner, in_german)

    assert (in_german.step, sent.step) == ("sms", "sms")
    german_again = owner.get(next(link for link in sent.links if "kc_locale=de" in link))
    assert (german_again.step, owner.another_way(sent, "totp").step) == ("sms", "totp")
    assert "code" in owner.submit(sent, code=code_of(twilio.texts[-1])).parameters()


def test_without_its_code_a_number_is_not_set_up_and_the_page_says_what_is_missing(
    billing: Portal, visitor: Visitor, twilio: TwilioStandIn
) -> None:
    page = press(visitor, choose(billing, visitor, "sms"), destination=NUMBER)

    assert visitor.submit(page).alert.startswith("The code is missing: type the one that was sent.")


def test_a_number_that_is_not_reached_is_not_set_up(
    billing: Portal, visitor: Visitor, twilio: TwilioStandIn, administrator: Administrator
) -> None:
    twilio.trouble = Trouble(status=400, code=21211)
    page = press(visitor, choose(billing, visitor, "sms"), destination=NUMBER)
    assert page.step == "sms-enrol"
    assert page.alert == "That number cannot get text messages. Use the number of a mobile phone."
    assert "Set up something else" in page.text

    twilio.trouble = None
    visitor.server.clock.advance(31)
    page = press(visitor, page, destination="+49 171 7654321")
    page = visitor.submit(page, code=code_of(twilio.texts[-1]))

    assert page.step == "recovery-codes-new"
    assert [f.factor for f in administrator.people.show("alice").factors] == ["sms"]


@pytest.mark.attack
def test_a_code_proves_the_number_that_it_was_sent_to(billing: Portal, visitor: Visitor, twilio: TwilioStandIn) -> None:
    page = press(visitor, choose(billing, visitor, "sms"), destination=NUMBER)
    page = visitor.submit(page, destination="+49 171 7654321", code=code_of(twilio.texts[-1]))
    visitor.submit(page)
    visitor.http.cookies.clear()
    visitor.server.clock.advance(600)

    assert MASKED in asked(billing, visitor).text


def test_a_slow_provider_slows_nobody_else(
    billing: Portal, portal: Portal, owner: Visitor, twilio: TwilioStandIn, visit: Callable[..., Visitor]
) -> None:
    page = asked(billing, owner)
    twilio.latency = 5.0
    began = time.monotonic()
    press(owner, page)
    waited = time.monotonic() - began
    other = visit(owner.server)
    began = time.monotonic()
    portal.sign_in(other, "ada")
    twilio.release()

    assert waited < 2.5
    assert time.monotonic() - began < 2.5


@pytest.fixture
def verifying(start: Start, twilio: TwilioStandIn, mailbox: Mailbox) -> RunningServer:
    """A realm whose provider makes and checks the codes."""
    realm = with_sending(twilio, mailbox, sender="twilio-verify", verify_service=VERIFY_SERVICE)
    del realm["factors"]["sms"]["from"]
    return start(realm)


def test_a_provider_that_makes_the_code_itself(
    verifying: RunningServer, register: Callable[..., Portal], visit: Callable[..., Visitor], twilio: TwilioStandIn
) -> None:
    billing, visitor = register(verifying, "billing"), visit(verifying)
    page = press(visitor, choose(billing, visitor, "sms"), destination=NUMBER)
    made = soon(lambda: twilio.verifications)["+491701234567"]
    wrong = "000000" if made.code != "000000" else "111111"
    page = visitor.submit(page, code=wrong)
    assert page.alert == WRONG

    page = visitor.submit(page, code=made.code)

    assert page.step == "recovery-codes-new"
    assert "code" in visitor.submit(page).parameters()


def test_the_console_is_enough_for_a_demonstration(
    start: Start,
    register: Callable[..., Portal],
    visit: Callable[..., Visitor],
    capsys: pytest.CaptureFixture[str],
    log: Log,
) -> None:
    server = start(every_factor())
    billing, visitor = register(server, "billing"), visit(server)
    page = press(visitor, choose(billing, visitor, "sms"), destination=NUMBER)
    said = capsys.readouterr()
    code = code_of(said.err)

    assert visitor.submit(page, code=code).step == "recovery-codes-new"
    assert not [line for line in log.lines if code in line]


def test_what_a_provider_cannot_check_is_no_guess(
    verifying: RunningServer, register: Callable[..., Portal], visit: Callable[..., Visitor], twilio: TwilioStandIn
) -> None:
    billing, visitor = register(verifying, "billing"), visit(verifying)
    page = press(visitor, choose(billing, visitor, "sms"), destination=NUMBER)
    made = soon(lambda: twilio.verifications)["+491701234567"].code
    unavailable = "The code could not be checked just now. Try again, or use another way."

    def away(page: Page) -> Page:
        twilio.trouble = Trouble(status=503)
        for _ in range(3):
            page = visitor.submit(page, code=made)
            assert page.alert == unavailable
        twilio.trouble = None
        return page

    page = away(page)
    wrong = "000000" if made != "000000" else "111111"
    assert visitor.submit(page, code=wrong).alert == WRONG
    page = visitor.submit(away(page), code=made)
    assert page.step == "recovery-codes-new"
    assert "code" in visitor.submit(page).parameters()
    visitor.http.cookies.clear()
    verifying.clock.advance(600)

    page = press(visitor, visitor.submit(billing.send(visitor), username="alice", password=PASSWORD))
    made = soon(lambda: twilio.verifications)["+491701234567"].code
    page = away(page)
    assert "code" in visitor.submit(page, code=made).parameters()
