"""What only one may win: 64 try at once, `IDP_RACE_ROUNDS` times (once by default)."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import Table, select

from idp.store.database import Database
from idp.store.tables import credentials
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.races.crowd import CROWD, ROUNDS
from tests.running import RunningServer
from tests.visitor import PASSWORD, Page, Visitor

# Seconds until every request waits for the database.
QUEUED = 0.5
OTHER_PASSWORD = "an entirely different phrase"

pytestmark = pytest.mark.attack


@pytest.fixture
def administrator(server: RunningServer) -> Iterator[Administrator]:
    working = Administrator(server)
    yield working
    working.close()


def at_once(server: RunningServer, *tasks: Callable[[], Any], locked: Table = credentials) -> list[Any]:
    """What each task came to; they begin together, and pile up before the first may write.

    Without the queue, one request would be answered before the next is read. SQLite has one writer, and whoever locks
    rows is it; on PostgreSQL, whatever uses up or removes a factor waits for its row, or one of another table `locked`.
    """
    together = threading.Barrier(len(tasks) + 1)

    def run(task: Callable[[], Any]) -> Any:
        together.wait()
        return task()

    database = Database(server.settings.database)
    with ThreadPoolExecutor(len(tasks)) as crowd:
        under_way = [crowd.submit(run, task) for task in tasks]
        with database.write() as tx:
            tx.execute(select(locked).with_for_update())
            together.wait()
            wait(under_way[:1], QUEUED)
    database.close()
    return [each.result() for each in under_way]


def posting(visitor: Visitor, page: Page, **fields: str) -> Callable[[], Page]:
    """The form of a page, without what a redirect leads to. A server that is too busy is asked again."""

    def post() -> Page:
        while True:
            answer = visitor.http.post(page.form.action, data={**page.form.fields, **fields})
            if answer.status_code != 503:
                return Page(answer)

    return post


def copies(visitor: Visitor, page: Page, **fields: str) -> list[Callable[[], Page]]:
    """The same form from the same browser, as often as there is room."""
    return [posting(visitor, page, **fields) for _ in range(CROWD)]


def arrived(pages: list[Page]) -> list[Page]:
    """Those that lead to the portal with a code."""
    return [page for page in answered(pages) if page.location and "code=" in page.location]


def answered(pages: list[Page]) -> list[Page]:
    """All of them: whoever lost is told so, and is no failure of the server."""
    assert {page.status for page in pages} <= {200, 303, 400, 403}, {page.status for page in pages}
    return pages


def past_the_password(portal: Portal, visitor: Visitor, username: str) -> Page:
    return visitor.submit(portal.send(visitor), username=username, password=PASSWORD)


@pytest.fixture
def crowd(server: RunningServer, visit: Callable[..., Visitor]) -> list[Visitor]:
    visitors = [visit(server) for _ in range(CROWD)]
    for visitor in visitors:
        visitor.http.timeout = httpx.Timeout(120)
    return visitors


def test_one_totp_code_opens_one_of_many_sign_ins(
    portal: Portal, crowd: list[Visitor], administrator: Administrator
) -> None:
    for number in range(ROUNDS):
        pages = [past_the_password(portal, visitor, "ada") for visitor in crowd]
        code = crowd[0].code("ada")

        results = at_once(portal.server, *(posting(v, p, code=code) for v, p in zip(crowd, pages, strict=True)))

        assert len(arrived(results)) == 1
        assert administrator.rows()["sessions"] == number + 1
        _start_over(portal, crowd)


def test_one_recovery_code_opens_one_of_many_sign_ins(
    billing: Portal, crowd: list[Visitor], visitor: Visitor, administrator: Administrator
) -> None:
    billing.sign_in(visitor)
    for number in range(ROUNDS):
        if number and number % 9 == 0:
            _new_codes(billing, visitor)
        billing.server.clock.advance(30)
        pages = [past_the_password(billing, v, "alice") for v in crowd]
        code = visitor.codes["alice"][number % 9]
        step = {"step": "recovery-codes", "recovery_code": code}
        before = administrator.people.show("alice").recovery_left

        results = at_once(billing.server, *(posting(v, p, **step) for v, p in zip(crowd, pages, strict=True)))

        # The last codes come with a page that says so, instead of the way to the portal.
        assert [page.status for page in answered(results)].count(303) == 1
        assert administrator.people.show("alice").recovery_left == before - 1
        _start_over(billing, crowd)


def test_an_app_that_is_confirmed_twice_is_set_up_once(
    billing: Portal, visit: Callable[..., Visitor], administrator: Administrator
) -> None:
    for _ in range(ROUNDS):
        visitor = visit(billing.server)
        page = past_the_password(billing, visitor, "alice")
        visitor.secrets["alice"] = page.totp_secret

        results = at_once(billing.server, *copies(visitor, page, code=visitor.code("alice")))

        assert [page.status for page in answered(results)].count(303) == 1
        known = administrator.people.show("alice")
        assert (len(known.factors), known.recovery_left) == (1, 10)
        administrator.reset_factors("alice")


def test_of_many_sign_ins_that_set_up_an_app_one_does(
    billing: Portal, crowd: list[Visitor], administrator: Administrator
) -> None:
    for _ in range(ROUNDS):
        pages = [past_the_password(billing, visitor, "alice") for visitor in crowd]
        tasks = []
        for visitor, page in zip(crowd, pages, strict=True):
            visitor.secrets["alice"] = page.totp_secret
            tasks.append(posting(visitor, page, code=visitor.code("alice")))

        results = at_once(billing.server, *tasks)

        assert [page.status for page in answered(results)].count(303) == 1
        known = administrator.people.show("alice")
        assert (len(known.factors), known.recovery_left) == (1, 10)
        administrator.reset_factors("alice")
        _start_over(billing, crowd)


def test_a_sign_in_that_is_finished_many_times_makes_one_code(
    billing: Portal, visit: Callable[..., Visitor], administrator: Administrator
) -> None:
    for number in range(ROUNDS):
        visitor = visit(billing.server)
        page = past_the_password(billing, visitor, "alice")
        visitor.secrets["alice"] = page.totp_secret
        page = visitor.submit(page, code=visitor.code("alice"))
        assert page.step == "recovery-codes-new"

        results = at_once(billing.server, *copies(visitor, page))

        assert len(arrived(results)) == 1
        rows = administrator.rows()
        assert (rows["grants"], rows["sessions"]) == (number + 1, number + 1)
        administrator.reset_factors("alice")


def test_nobody_stays_signed_in_with_a_password_that_was_changed_meanwhile(
    portal: Portal, crowd: list[Visitor], administrator: Administrator
) -> None:
    for number in range(ROUNDS):
        old, new = (PASSWORD, OTHER_PASSWORD) if number % 2 == 0 else (OTHER_PASSWORD, PASSWORD)
        _nobody_stays_in(portal, crowd, partial(administrator.set_password, "alice", new), password=old)


def test_nobody_stays_signed_in_who_was_disabled_meanwhile(
    portal: Portal, crowd: list[Visitor], administrator: Administrator
) -> None:
    for _ in range(ROUNDS):
        _nobody_stays_in(portal, crowd, partial(administrator.disable, "alice"), password=PASSWORD)
        administrator.enable("alice")


def _nobody_stays_in(portal: Portal, crowd: list[Visitor], change: Callable[[], Any], *, password: str) -> None:
    """Whoever got a code before the change has neither a session nor tokens after it."""
    pages = [portal.send(visitor) for visitor in crowd]
    tasks = [posting(v, p, username="alice", password=password) for v, p in zip(crowd, pages, strict=True)]

    one_is_in = threading.Event()

    def told(post: Callable[[], Page]) -> Page:
        page = post()
        if arrived([page]):
            one_is_in.set()
        return page

    def meanwhile() -> None:
        one_is_in.wait(60)
        change()

    results = at_once(portal.server, *(partial(told, task) for task in tasks), meanwhile)[:-1]

    assert arrived(results)
    for page in arrived(results):
        assert portal.redeem(page.parameters()["code"]).error == "invalid_grant"
    for visitor in crowd:
        assert portal.send(visitor, prompt="none").parameters()["error"] == "login_required"
    portal.server.clock.advance(900)


def _start_over(portal: Portal, crowd: list[Visitor]) -> None:
    """Browsers without cookies, no wait left, and the next code."""
    for visitor in crowd:
        visitor.http.cookies = httpx.Cookies()
    portal.server.clock.advance(3600)


def _new_codes(portal: Portal, visitor: Visitor) -> None:
    administrator = Administrator(portal.server)
    administrator.reset_factors("alice")
    administrator.close()
    visitor.http.cookies = httpx.Cookies()
    portal.sign_in(visitor)
