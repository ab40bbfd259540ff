"""Wrong secrets of clients are slowed where they come from, and shut nobody out elsewhere."""

import ipaddress
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event

from idp.store.database import Database
from idp.store.expiry import remove_expired
from idp.store.tables import guesses
from tests.clock import Clock
from tests.conftest import Start
from tests.portal import Portal
from tests.running import RunningServer

HERE, THERE = "2001:db8:1::1", "2001:db8:2::1"
FREE = 20
PROXIES = (ipaddress.ip_network("127.0.0.0/8"),)
PLACES = ("token", "revoke", "token/introspect", "ext/par/request", "auth/device", "logout")


@pytest.fixture
def server(start: Start) -> RunningServer:
    return start(trusted_proxies=PROXIES)


@pytest.fixture
def report(server: RunningServer, register: Callable[..., Portal]) -> Portal:
    return register(server, "nightly-report")


@pytest.fixture
def http(server: RunningServer) -> Iterator[httpx.Client]:
    with server.http() as http:
        yield http


def ask(
    http: httpx.Client,
    server: RunningServer,
    secret: str | None,
    *,
    client_id: str = "nightly-report",
    came_from: str = HERE,
    endpoint: str = "token",
) -> httpx.Response:
    form = {"grant_type": "client_credentials", "token": "x", "refresh_token": "x"}
    headers, auth = {"x-forwarded-for": came_from}, (client_id, secret or "")
    return http.post(server.endpoint(endpoint), data=form, headers=headers, auth=auth)


def guess(http: httpx.Client, server: RunningServer, times: int, **asked: str) -> list[int]:
    return [ask(http, server, f"a wrong secret, the {n}th", **asked).status_code for n in range(times)]


@pytest.mark.attack
def test_after_so_many_wrong_ones_none_is_looked_at(
    http: httpx.Client, server: RunningServer, report: Portal, clock: Clock
) -> None:
    """CA-06. Also not the right one, or guessing would go on."""
    assert guess(http, server, FREE + 1) == [401] * (FREE + 1)

    answers = [ask(http, server, "another wrong secret"), ask(http, server, report.secret)]
    for answer in answers:
        assert (answer.status_code, answer.json()["error"]) == (429, "temporarily_unavailable")
        assert answer.headers["retry-after"] == "1"
    assert answers[0].json() == answers[1].json()
    clock.advance(1)
    assert ask(http, server, report.secret).status_code == 200


@pytest.mark.attack
def test_a_thousand_guesses_are_not_evaluated(http: httpx.Client, server: RunningServer, clock: Clock) -> None:
    outcomes = []
    for _ in range(100):
        outcomes += guess(http, server, 4)
        clock.advance(1)

    # 20, and then after 1, 2, 4 … 32 and 60 seconds.
    assert outcomes.count(401) < FREE + 10
    assert set(outcomes) == {401, 429}


@pytest.mark.attack
def test_nobody_shuts_a_client_out_elsewhere(http: httpx.Client, server: RunningServer, report: Portal) -> None:
    guess(http, server, FREE + 2)

    assert ask(http, server, report.secret, came_from=THERE).status_code == 200
    assert ask(http, server, report.secret, came_from="2001:db8:1::2").status_code == 429
    other = ask(http, server, "portal-secret-for-demos-only", client_id="portal")
    assert other.json()["error"] == "unauthorized_client"


@pytest.mark.attack
def test_guesses_at_every_endpoint_are_counted_together(http: httpx.Client, server: RunningServer) -> None:
    statuses = [guess(http, server, 1, endpoint=PLACES[n % len(PLACES)])[0] for n in range(FREE + 1)]

    assert set(statuses) == {401}
    for endpoint in PLACES:
        assert guess(http, server, 1, endpoint=endpoint) == [429], endpoint


@pytest.mark.attack
def test_a_client_that_there_is_not_is_slowed_like_one_that_there_is(http: httpx.Client, server: RunningServer) -> None:
    known, unknown = (guess(http, server, FREE + 3, client_id=c) for c in ("nightly-report", "nobody"))

    assert known == unknown == [*[401] * (FREE + 1), 429, 429]


@pytest.mark.attack
def test_what_was_counted_holds_over_processes_and_restarts(start: Start) -> None:
    """A process that does not know evaluates one wrong secret, and is told by the database."""
    first, second = (start(public_url="http://localhost:1", trusted_proxies=PROXIES) for _ in range(2))

    def status(server: RunningServer, secret: str) -> int:
        url = f"{server.address}/realms/demo/protocol/openid-connect/token"
        headers = {"host": "localhost:1", "x-forwarded-for": HERE}
        form, auth = {"grant_type": "client_credentials"}, ("nightly-report", secret)
        return httpx.post(url, data=form, headers=headers, auth=auth).status_code

    assert {status(first, "a wrong secret of it") for _ in range(FREE + 1)} == {401}
    assert [status(second, "a wrong secret of it") for _ in range(2)] == [429, 429]
    assert status(second, "report-secret-for-demos-only") == 429


def test_a_right_secret_costs_no_statement(http: httpx.Client, server: RunningServer, report: Portal) -> None:
    statements: list[str] = []

    def noted(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "guesses" in statement:
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", noted)
    assert ask(http, server, report.secret).status_code == 200
    before = list(statements)
    guess(http, server, 1)
    event.remove(Engine, "before_cursor_execute", noted)

    assert before == []
    assert statements


def test_guesses_are_forgotten_after_a_day(http: httpx.Client, server: RunningServer, clock: Clock) -> None:
    guess(http, server, 2)
    database = Database(server.settings.database)
    with database.write() as tx:
        remove_expired(tx, now=clock() + 86400, longest=1, longest_session=1, longest_trust=0)
        left = tx.execute(guesses.select()).all()
    database.close()

    assert left == []
