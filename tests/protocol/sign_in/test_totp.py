"""A code is good once, near its time, forward only, and spelt in digits."""

from collections.abc import Callable

import pytest

from idp.factors import totp
from tests.clock import Clock
from tests.portal import Portal
from tests.protocol.sign_in.conftest import Identify, Stored
from tests.running import RunningServer
from tests.visitor import ADA_SECRET, Page, Visitor

pytestmark = pytest.mark.attack

USED = "That code was used already. Wait for the next one in your app."
WRONG = "That code is not right. Type the one that your app shows now."


@pytest.fixture
def offer(
    server: RunningServer, portal: Portal, visit: Callable[..., Visitor], identify: Identify
) -> Callable[..., Page]:
    """Ada signs in from a new browser and types this code, with no wrong guess standing against her."""

    def with_code(code: str) -> Page:
        visitor = visit(server)
        return visitor.submit(identify(portal, visitor), code=code)

    return with_code


@pytest.fixture
def forgiven(stored: Stored) -> Callable[[], object]:
    """Wrong guesses are forgotten, so that each case stands for itself."""
    return lambda: stored("DELETE FROM guesses")


def at(clock: Clock, steps: int) -> str:
    return totp.code_at(ADA_SECRET, clock() + steps * totp.PERIOD)


def test_a_code_is_good_once_wherever_it_is_offered(
    server: RunningServer, portal: Portal, billing: Portal, visit: Callable[..., Visitor], identify: Identify
) -> None:
    visitor, other = visit(server), visit(server)
    code = visitor.code("ada")
    assert "code" in visitor.submit(identify(portal, visitor), code=code).parameters()

    assert other.submit(identify(portal, other), code=code).alert == USED
    assert other.submit(identify(billing, other), code=code).alert == USED
    again = visitor.submit(portal.send(visitor, prompt="login"), password="correct horse battery staple")
    server.clock.advance(60)
    assert visitor.submit(again, code=code).alert == "Too many wrong codes. Try again in 1 minute."


def test_the_code_that_proved_a_new_app_is_used_up_by_that(
    server: RunningServer, billing: Portal, visit: Callable[..., Visitor], identify: Identify
) -> None:
    first, second = visit(server), visit(server)
    billing.sign_in(first)

    page = second.submit(identify(billing, second, "alice"), code=first.code("alice"))

    assert (page.step, page.alert) == ("totp", USED)


@pytest.mark.parametrize(("steps", "is_good"), [(-3, False), (-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(offer: Callable[..., Page], clock: Clock, steps: int, is_good: bool) -> None:
    page = offer(at(clock, steps))

    assert (page.location is not None) is is_good
    assert page.alert == ("" if is_good else WRONG)


def test_the_very_ends_of_a_step(offer: Callable[..., Page], clock: Clock) -> None:
    code = at(clock, 0)
    clock.advance(59)
    assert offer(code).location is not None
    clock.advance(1)
    code = at(clock, 0)
    clock.advance(60)
    assert offer(code).alert == WRONG


def test_codes_go_forward_only(offer: Callable[..., Page], forgiven: Callable[[], object], clock: Clock) -> None:
    assert offer(at(clock, 1)).location is not None

    for steps in (-1, 0, 1):
        forgiven()
        assert offer(at(clock, steps)).alert == USED
    clock.advance(30)
    forgiven()
    assert offer(at(clock, 0)).alert == USED
    assert offer(at(clock, 1)).location is not None


def test_another_spelling_of_a_used_code_is_no_other_code(
    offer: Callable[..., Page], forgiven: Callable[[], object], clock: Clock
) -> None:
    code = at(clock, 0)
    assert offer(f" {code[:3]} {code[3:]}\n").location is not None

    for zero in ("\uff10", "\u0660", "\u06f0", "\u0966", "\U0001d7ce"):
        forgiven()
        assert offer("".join(chr(ord(zero) + int(digit)) for digit in code)).alert == WRONG
    for spelling in (code, f"{code[:3]}\u00a0{code[3:]}", f"{code}\t", f" {code}"):
        forgiven()
        assert offer(spelling).alert == USED
    for spelling in (
        f"{code[:3]}-{code[3:]}",
        f"+{code}",
        f"0{code}",
        f"{code}.0",
        f"[{code}]",
        f'"{code}"',
        f"{code}\u200b",
    ):
        forgiven()
        assert offer(spelling).alert == WRONG


def test_a_code_may_begin_with_a_nought(
    offer: Callable[..., Page], forgiven: Callable[[], object], clock: Clock
) -> None:
    while not at(clock, 0).startswith("0"):
        clock.advance(30)
    code = at(clock, 0)

    assert offer(code.lstrip("0")).alert == WRONG
    forgiven()
    assert offer(code).location is not None


def test_a_code_of_somebody_else_is_a_wrong_guess_of_ones_own(
    server: RunningServer, billing: Portal, visit: Callable[..., Visitor], identify: Identify, stored: Stored
) -> None:
    alice, ada = visit(server), visit(server)
    billing.sign_in(alice)
    server.clock.advance(30)

    page = ada.submit(identify(billing, ada), code=alice.code("alice"))

    assert page.alert == WRONG
    [ada_id] = [row["id"] for row in stored("SELECT id FROM users WHERE username = 'ada' AND realm = 'demo'")]
    assert stored("SELECT wrong FROM guesses WHERE subject = :s", s=f"second-factor:{ada_id}") == [{"wrong": 1}]


def test_a_secret_is_new_for_every_sign_in_and_of_no_use_before_it_is_confirmed(
    billing: Portal, visitor: Visitor, identify: Identify, stored: Stored
) -> None:
    [before] = [row["n"] for row in stored("SELECT count(*) AS n FROM credentials")]
    one, two = identify(billing, visitor, "alice"), identify(billing, visitor, "alice")

    assert one.totp_secret != two.totp_secret
    visitor.secrets["alice"] = one.totp_secret
    assert visitor.submit(two, code=visitor.code("alice")).alert == WRONG
    assert stored("SELECT id FROM credentials WHERE label <> ''") == []
    assert stored("SELECT count(*) AS n FROM credentials") == [{"n": before}]


def test_the_secret_comes_from_the_server_alone(billing: Portal, visitor: Visitor, identify: Identify) -> None:
    page = identify(billing, visitor, "alice")
    visitor.secrets["alice"] = ADA_SECRET

    chosen = {"secret": ADA_SECRET, "totp_secret": ADA_SECRET, "credential_id": "x", "user_id": "x"}
    answer = visitor.submit(page, code=visitor.code("alice"), **chosen)

    assert (answer.step, answer.alert) == ("totp-enrol", WRONG)
    assert answer.totp_secret == page.totp_secret
