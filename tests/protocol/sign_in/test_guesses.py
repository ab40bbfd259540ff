"""Wrong second factors: counted per person over all factors, slowed from the third, shut at the hundredth."""

import threading
from collections.abc import Callable

import pytest

from tests.clock import Clock
from tests.conftest import Log, Start
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.protocol.sign_in.conftest import Identify, Stored
from tests.running import RunningServer
from tests.visitor import PASSWORD, Page, Visitor

pytestmark = pytest.mark.attack

Guess = Callable[..., Page]


@pytest.fixture
def guess(portal: Portal, visit: Callable[..., Visitor], identify: Identify) -> Guess:
    """Ada types a code, in a sign-in of its own: the right one when none is given."""

    def one(code: str | None = None) -> Page:
        visitor = visit(portal.server)
        page = identify(portal, visitor)
        return page if page.step != "totp" else visitor.submit(page, code=code or visitor.code("ada"))

    return one


def waits(page: Page) -> str:
    return page.alert.removeprefix("Too many wrong codes. Try again in ").rstrip(".")


def test_two_wrong_codes_are_free(guess: Guess) -> None:
    guess("000000")
    guess("000000")

    assert guess().location is not None


def test_the_third_wrong_code_makes_the_next_wait_even_if_it_is_right(guess: Guess, clock: Clock) -> None:
    for _ in range(2):
        assert guess("000000").alert == "That code is not right. Type the one that your app shows now."
    assert waits(guess("000000")) == "1 minute", "the person is told at once"

    assert waits(guess()) == "1 minute"
    clock.advance(59)
    assert waits(guess()) == "1 second"
    clock.advance(1)
    assert guess().location is not None


def test_a_code_that_came_too_soon_is_on_record(guess: Guess, log: Log) -> None:
    for _ in range(4):
        guess("000000")

    reasons = [event["reason"] for event in log.events("factor.refused")]

    assert reasons[-1] == "slowed"
    assert reasons.count("slowed") == 1


def test_the_wait_doubles_up_to_an_hour(guess: Guess, clock: Clock) -> None:
    guess("000000")
    guess("000000")
    for minutes in (1, 2, 4, 8, 16, 32, 60, 60):
        guess("000000")
        assert waits(guess("000000")) == f"{minutes} minute{'s' * (minutes > 1)}"
        clock.advance(60 * minutes)

    assert guess().location is not None


def test_a_success_begins_the_count_anew(guess: Guess, clock: Clock) -> None:
    for _ in range(2):
        guess("000000")
        guess("000000")
        assert guess().location is not None
        clock.advance(30)


def test_waiting_uses_nothing_up(guess: Guess, clock: Clock) -> None:
    for _ in range(3):
        guess("000000")
    assert waits(guess()) == "1 minute"
    clock.advance(60)

    assert guess().location is not None


def test_recovery_codes_are_counted_together_with_the_app(
    billing: Portal, visit: Callable[..., Visitor], identify: Identify, clock: Clock
) -> None:
    owner, guesser = visit(billing.server), visit(billing.server)
    billing.sign_in(owner)
    clock.advance(30)
    page = identify(billing, guesser, "alice")
    guesser.submit(page, code="000000")
    guesser.submit(page, code="000000")

    other_way = guesser.get(next(link for link in page.links if "recovery-codes" in link))
    assert guesser.submit(other_way, recovery_code="aaaaa-aaaaa-aaaaa-aaaaa-aaaaa-a").alert.startswith("Too many")

    assert waits(guesser.submit(other_way, recovery_code=owner.codes["alice"][0])) == "1 minute"
    assert waits(guesser.submit(page, code=owner.code("alice"))) == "1 minute"
    clock.advance(60)
    assert "code" in guesser.submit(other_way, recovery_code=owner.codes["alice"][0]).parameters()


def test_who_holds_one_factor_cannot_guess_another_for_ever(
    billing: Portal, visit: Callable[..., Visitor], identify: Identify, clock: Clock
) -> None:
    """OT-08: a right recovery code forgives no guess at the app; a right code of the app does."""
    owner, thief = visit(billing.server), visit(billing.server)
    billing.sign_in(owner)
    codes = iter(owner.codes["alice"])
    for _ in range(2):
        page = identify(billing, thief, "alice")
        thief.submit(page, code="000000")
        assert "code" in thief.submit(thief.another_way(page, "recovery-codes"), recovery_code=next(codes)).parameters()
        thief.http.cookies.clear()
    page = identify(billing, thief, "alice")
    thief.submit(page, code="000000")
    assert waits(thief.submit(thief.another_way(page, "recovery-codes"), recovery_code=next(codes))) == "1 minute"

    clock.advance(60)
    owner.http.cookies.clear()
    assert "code" in owner.submit(identify(billing, owner, "alice"), code=owner.code("alice")).parameters()
    page = identify(billing, thief, "alice")
    assert not waits(thief.submit(page, code="000000")).endswith("minute")
    assert "code" in thief.submit(thief.another_way(page, "recovery-codes"), recovery_code=next(codes)).parameters()


def test_the_count_survives_a_restart(guess: Guess, start: Start, server: RunningServer, portal: Portal) -> None:
    for _ in range(3):
        guess("000000")
    server.stop()
    portal.server = start()

    assert waits(guess()) == "1 minute"


def test_at_the_hundredth_the_factor_is_shut_until_an_administrator_resets_it(
    guess: Guess, clock: Clock, stored: Stored, log: Log, administrator: Administrator
) -> None:
    guess("000000")
    stored("UPDATE guesses SET wrong = 98 WHERE subject LIKE 'second-factor:%'")
    guess("000000")
    clock.advance(3600)
    assert "your second factor is locked" in guess("000000").alert
    assert len(log.events("factors.shut")) == 1

    clock.advance(86400)
    page = guess()
    assert (page.step, page.location) == ("", None)
    assert "Your second factor is locked" in page.text
    administrator.reset_factors("ada")
    assert guess().step == "totp-enrol"


def test_a_recovery_code_that_nobody_has_is_told_too_where_it_is_the_hundredth(
    billing: Portal, visitor: Visitor, visit: Callable[..., Visitor], stored: Stored, log: Log
) -> None:
    """It looks like one: only using it up shows that it is none."""
    billing.sign_in(visitor)
    other, none = visit(billing.server), 26 * "2"
    page = other.submit(billing.send(other), username="alice", password=PASSWORD)
    page = other.submit(other.another_way(page, "recovery-codes"), recovery_code=none)
    stored("UPDATE guesses SET wrong = 99 WHERE subject LIKE 'second-factor:%'")

    assert "your second factor is locked" in other.submit(page, recovery_code=none).alert

    assert len(log.events("factors.shut")) == 1


def test_an_administrator_unlocks_what_is_shut_without_taking_it_away(
    guess: Guess, stored: Stored, administrator: Administrator
) -> None:
    guess("000000")
    stored("UPDATE guesses SET wrong = 100 WHERE subject LIKE 'second-factor:%'")
    assert "Ask an administrator to unlock it" in guess().text

    administrator.unlock("ada")

    assert guess().location is not None


def test_what_is_shut_is_shut_for_the_sign_in_under_way_too(
    portal: Portal, visitor: Visitor, identify: Identify, stored: Stored
) -> None:
    page = identify(portal, visitor)
    visitor.submit(page, code="000000")
    stored("UPDATE guesses SET wrong = 100 WHERE subject LIKE 'second-factor:%'")

    answer = visitor.submit(page, code=visitor.code("ada"))

    assert answer.location is None
    assert "Your second factor is locked" in answer.text


def test_a_shut_factor_keeps_nobody_else_out(guess: Guess, portal: Portal, visitor: Visitor, stored: Stored) -> None:
    guess("000000")
    stored("UPDATE guesses SET wrong = 100 WHERE subject LIKE 'second-factor:%'")

    assert "access_token" in portal.sign_in(visitor, "alice").body


def test_of_many_guesses_at_once_no_more_than_three_are_looked_at(
    portal: Portal, visitor: Visitor, identify: Identify, log: Log
) -> None:
    page = identify(portal, visitor)
    cookies = visitor.cookies()
    together, answers = threading.Barrier(64), []

    def one(number: int) -> None:
        with portal.server.http(cookies=cookies) as http:
            together.wait()
            answers.append(http.post(page.form.action, data={**page.form.fields, "code": f"{number:06}"}))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 64
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert len([event for event in log.events("factor.refused") if event["reason"] != "slowed"]) == 3
    assert not log.events("factor.accepted")
