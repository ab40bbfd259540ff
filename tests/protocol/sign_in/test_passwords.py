"""Guessed passwords are slowed per person and network; nobody is shut out, and no answer tells who exists."""

import ipaddress
import re
from collections.abc import Callable

import httpx
import pytest

from tests.clock import Clock
from tests.conftest import Log, Start
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.protocol.sign_in.conftest import Stored
from tests.running import RunningServer
from tests.visitor import PASSWORD, Page, Visitor

pytestmark = pytest.mark.attack

KNOWN = "idp-known-demo"
REFUSED = "The user name or the password is not right. Check both and try again."

Try = Callable[..., Page]


@pytest.fixture
def attempt(portal: Portal, visit: Callable[..., Visitor]) -> Try:
    """Somebody tries a password in a new browser."""

    def one(username: str = "alice", password: str = "a guess", **headers: str) -> Page:
        visitor = visit(portal.server)
        visitor.http.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        return visitor.submit(portal.send(visitor), username=username, password=password)

    return one


def waits(page: Page) -> int:
    found = re.fullmatch(r"Too many tries\. Wait (\d+) seconds?, then try again\.", page.alert)
    return int(found[1]) if found else 0


@pytest.mark.parametrize("username", ["alice", "nobody"])
def test_five_guesses_are_free_then_each_doubles_the_wait(
    attempt: Try, clock: Clock, stored: Stored, username: str
) -> None:
    for _ in range(5):
        assert attempt(username).alert == REFUSED
    for wrong, seconds in ((5, 1), (6, 2), (14, 512), (15, 900), (16, 900)):
        stored("UPDATE guesses SET wrong = :wrong", wrong=wrong)
        assert attempt(username).alert == REFUSED
        assert waits(attempt(username)) == seconds
        clock.advance(seconds)
    assert (attempt(username, PASSWORD).location is not None) is (username == "alice")


@pytest.mark.parametrize(("username", "who"), [("alice", "alice"), ("a password by mistake", None)])
def test_a_guess_that_came_too_soon_is_on_record(attempt: Try, log: Log, username: str, who: str | None) -> None:
    for _ in range(7):
        attempt(username)

    recorded = [(event["reason"], event.get("username")) for event in log.events("password.refused")]

    assert recorded[-1] == ("slowed", who)
    assert [reason for reason, _ in recorded].count("slowed") == 1


def test_however_many_guesses_nobody_is_shut_out(attempt: Try, clock: Clock, stored: Stored) -> None:
    attempt()
    stored("UPDATE guesses SET wrong = 1000000")
    attempt()
    assert waits(attempt()) == 900
    clock.advance(900)

    assert attempt(password=PASSWORD).location is not None


def test_other_spellings_of_a_name_are_the_same_name(attempt: Try) -> None:
    for spelling in ("alice", "ALICE", " alice ", "Alice", "aLICE", "\uff41lice"):
        assert attempt(spelling).alert == REFUSED

    assert waits(attempt("alice", PASSWORD)) == 1


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_no_wait_tells_whether_a_name_and_an_address_are_one_persons(attempt: Try, name: str) -> None:
    for _ in range(6):
        assert attempt(name).alert == REFUSED
    assert attempt(f"{name}@example.com").alert == REFUSED

    for spelling in (f"{name}@EXAMPLE.com", *4 * [f"{name}@example.com"]):
        assert attempt(spelling).alert == REFUSED
    assert waits(attempt(f"{name}@example.com")) == 1


def test_a_browser_that_the_person_has_used_before_is_not_slowed_by_others(
    attempt: Try, portal: Portal, visitor: Visitor
) -> None:
    portal.sign_in(visitor)
    for _ in range(8):
        attempt()
    assert waits(attempt(password=PASSWORD))

    page = visitor.submit(portal.send(visitor, prompt="login"), password="a typo")
    assert page.alert == REFUSED
    assert "code" in visitor.submit(page, password=PASSWORD).parameters()


def test_a_known_browser_is_not_slowed_by_its_own_mistakes(portal: Portal, visitor: Visitor) -> None:
    portal.sign_in(visitor)
    page = portal.send(visitor, prompt="login")

    for _ in range(8):
        page = visitor.submit(page, password="a typo")
        assert page.alert == REFUSED

    assert "code" in visitor.submit(page, password=PASSWORD).parameters()


def test_a_browser_is_known_no_longer_after_the_password_was_changed(portal: Portal, visitor: Visitor) -> None:
    portal.sign_in(visitor)
    working = Administrator(portal.server)
    working.set_password("alice", "another horse battery staple")
    working.close()
    page = portal.send(visitor)

    for _ in range(6):
        page = visitor.submit(page, username="alice", password="the old one")

    assert waits(visitor.submit(page, username="alice", password="another horse battery staple")) == 1


def test_a_browser_is_known_to_those_alone_who_have_signed_in_there(
    attempt: Try, portal: Portal, visitor: Visitor
) -> None:
    portal.sign_in(visitor, "ada")
    for _ in range(6):
        attempt("alice")

    page = visitor.submit(portal.send(visitor, prompt="select_account"), username="alice", password=PASSWORD)

    assert waits(page) == 1


def test_a_cookie_of_a_known_browser_cannot_be_made(
    attempt: Try, portal: Portal, visitor: Visitor, visit: Callable[..., Visitor], stored: Stored
) -> None:
    portal.sign_in(visitor)
    value = visitor.cookies()[KNOWN]
    [user] = stored("SELECT id FROM users WHERE username = 'alice' AND realm = 'demo'")
    flipped = value[:-9] + ("A" if value[-9] != "A" else "B") + value[-8:]
    for _ in range(6):
        attempt()

    for forged in (
        flipped,
        value[:-4],
        f"{value}AAAA",
        visitor.cookies()["idp-browser-demo"],
        f"{user['id']}:00",
        "e30",
    ):
        other = visit(portal.server)
        other.http.cookies.set(KNOWN, forged, domain="localhost.local", path="/")
        assert waits(other.submit(portal.send(other), username="alice", password=PASSWORD)) == 1


def test_each_network_is_counted_by_itself(start: Start, portal: Portal, attempt: Try) -> None:
    portal.server = start(trusted_proxies=(ipaddress.ip_network("127.0.0.0/8"),))
    for number in range(6):
        attempt(x_forwarded_for=f"2001:db8:0:1::{number}")

    assert waits(attempt(password=PASSWORD, x_forwarded_for="2001:db8:0:1:ffff::1")) == 1
    assert attempt(password=PASSWORD, x_forwarded_for="2001:db8:0:2::1").location is not None
    assert attempt(password=PASSWORD, x_forwarded_for="192.0.2.1").location is not None


def test_nobody_chooses_a_network_for_himself(attempt: Try) -> None:
    for number in range(6):
        attempt(x_forwarded_for=f"192.0.2.{number}", forwarded=f"for=192.0.2.{number}", x_real_ip=f"192.0.2.{number}")

    assert waits(attempt(password=PASSWORD, x_forwarded_for="198.51.100.1")) == 1


def test_the_count_survives_a_restart(attempt: Try, start: Start, server: RunningServer, portal: Portal) -> None:
    for _ in range(6):
        attempt()
    server.stop()
    portal.server = start()

    assert waits(attempt(password=PASSWORD)) == 1


def test_no_answer_tells_whether_somebody_exists(
    portal: Portal, visit: Callable[..., Visitor], administrator: Administrator, stored: Stored
) -> None:
    administrator.disable("ada")
    stored("UPDATE users SET password_hash = NULL WHERE username = 'ada' AND realm = 'other'")
    cases = [
        ("nobody", "a guess"),
        ("nobody@example.com", PASSWORD),
        ("alice", "a guess"),
        ("ada", PASSWORD),
        ("ada", "a guess"),
    ]
    for password in (None, "", "x", 1024 * "x", 1025 * "x"):
        answers = set()
        stored("DELETE FROM guesses")
        for username, default in cases:
            visitor = visit(portal.server)
            page = visitor.submit(
                portal.send(visitor), username=username, password=default if password is None else password
            )
            answers.add(_without_what_differs(page.response, username))
        assert len(answers) == 1


def test_nobody_without_a_password_signs_in_with_an_empty_one(attempt: Try, stored: Stored) -> None:
    stored("UPDATE users SET password_hash = NULL WHERE username = 'alice' AND realm = 'demo'")

    assert attempt(password="").step == "password"
    for password in (" ", "None", "null", PASSWORD):
        page = attempt(password=password)
        assert (page.step, page.alert) == ("password", REFUSED)


def test_no_password_is_no_guess(attempt: Try, log: Log) -> None:
    for _ in range(10):
        assert attempt(password="").alert == "Something is missing. Please fill in every field."

    assert attempt(password=PASSWORD).parameters()["code"]
    assert not log.events("password.refused")


def test_a_name_that_nobody_has_is_not_logged(attempt: Try, log: Log) -> None:
    # It is often a password, typed into the wrong field.
    attempt("hunter2-in-the-wrong-field")

    assert len(log.events("password.refused")) == 1
    assert "hunter2" not in "\n".join(log.lines)


def test_second_factors_are_not_offered_before_the_password_is_right(attempt: Try) -> None:
    page = attempt("ada", "a guess")

    assert page.step == "password"
    assert "factor=" not in page.html
    assert "one-time-code" not in page.html


def _without_what_differs(response: httpx.Response, username: str) -> tuple[object, ...]:
    body = re.sub(r'name="(transaction|csrf_token)" value="[^"]+"', r'name="\1"', response.text)
    headers = sorted(name for name in response.headers if name not in ("content-length", "date"))
    cookies = sorted(response.cookies)
    return response.status_code, body.replace(username, "somebody"), tuple(headers), tuple(cookies)
