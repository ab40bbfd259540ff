"""Forms count when they come from our own pages, and only forms change anything."""

from collections.abc import Callable

import pytest

from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.protocol.sign_in.conftest import Identify
from tests.running import RunningServer
from tests.visitor import PASSWORD, Page, Visitor

pytestmark = pytest.mark.attack


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost.evil.example"},
        {"origin": "http://evil.example:{port}"},
        {"origin": "https://localhost:{port}"},
        {"origin": "http://localhost"},
        {"origin": "http://localhost:{port}@evil.example"},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": ""},
        {"sec-fetch-site": "cross-site", "origin": "null"},
        {"sec-fetch-site": "same-origin", "origin": "https://evil.example"},
    ],
    ids=str,
)
def test_a_form_of_another_site_is_refused_even_with_its_token(
    standing: RunningServer, standing_portal: Portal, passer_by: Visitor, headers: dict[str, str]
) -> None:
    page = standing_portal.send(passer_by)
    sent = {name: value.format(port=standing.settings.port) for name, value in headers.items()}
    fields = {**page.form.fields, "username": "alice", "password": PASSWORD}

    answer = Page(passer_by.http.post(page.form.action, data=fields, headers=sent))

    assert (answer.status, answer.location) == (403, None)
    assert "idp-session-demo" not in passer_by.cookies()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "http://localhost:{port}", "sec-fetch-site": "same-origin"},
        {"origin": "HTTP://LOCALHOST:{port}"},
        {"sec-fetch-site": "none"},
    ],
    ids=str,
)
def test_a_form_of_our_own_is_taken(standing: RunningServer, standing_portal: Portal, headers: dict[str, str]) -> None:
    visitor = Visitor(standing)
    page = standing_portal.send(visitor)
    sent = {name: value.format(port=standing.settings.port) for name, value in headers.items()}

    answer = visitor.post(
        page.form.action, {**page.form.fields, "username": "alice", "password": PASSWORD}, headers=sent
    )

    assert "code" in answer.parameters()
    visitor.close()


def test_somebody_elses_account_cannot_be_put_into_a_browser(
    server: RunningServer, portal: Portal, visit: Callable[..., Visitor], identify: Identify
) -> None:
    attacker, victim = visit(server), visit(server)
    first, second = portal.send(attacker), identify(portal, attacker)

    for page in (first, second):
        fields = {**page.form.fields, "username": "ada", "password": PASSWORD, "code": attacker.code("ada")}
        assert Page(victim.http.post(page.form.action, data=fields)).status == 403
    assert victim.cookies() == {}


def test_reading_changes_nothing(
    server: RunningServer, portal: Portal, visitor: Visitor, identify: Identify, administrator: Administrator
) -> None:
    first = portal.send(visitor)
    second = identify(portal, visitor)
    before = administrator.rows()

    for page in (first, second):
        fields = {**page.form.fields, "username": "ada", "password": PASSWORD, "code": visitor.code("ada")}
        for method in ("GET", "HEAD"):
            for extra in ({}, {"action": "cancel"}):
                answer = visitor.http.request(method, page.form.action, params={**fields, **extra})
                assert "location" not in answer.headers
    assert administrator.rows() == before
    assert "code" in visitor.submit(second, code=visitor.code("ada")).parameters()


def test_whoever_proves_nothing_fills_nothing(
    server: RunningServer, portal: Portal, visit: Callable[..., Visitor], administrator: Administrator
) -> None:
    before = administrator.rows()
    for _ in range(5):
        visitor = visit(server)
        page = portal.send(visitor, login_hint=1000 * "x")
        visitor.get(page.form.action, params={"transaction": page.form.fields["transaction"]})
        visitor.submit(page, action="cancel")

    assert administrator.rows() == before
