"""Pushed requests while a realm file changes, and while somebody pushes without end."""

import ipaddress
from collections.abc import Callable

import pytest
from sqlalchemy import insert, select, update

from idp.store import expiry
from idp.store.database import Database
from idp.store.tables import pushed_requests
from tests.clock import Clock
from tests.conftest import Start
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.protocol.pushed_requests.test_pushed_requests import follow, push, pushed
from tests.protocol.realm_files import client_of, realm_of
from tests.running import RunningServer
from tests.visitor import Visitor

Register = Callable[..., Portal]


@pytest.fixture
def server(start: Start) -> RunningServer:
    return start(realm_of(__file__), realm_of(__file__) | {"realm": "other"})


@pytest.fixture
def portal(server: RunningServer, register: Register) -> Portal:
    return register(server, client_of(realm_of(__file__), "portal"))


@pytest.mark.attack
def test_a_reference_of_another_realm_leads_nowhere(
    server: RunningServer, portal: Portal, register: Register, visit: Callable[..., Visitor]
) -> None:
    other = register(server, client_of(realm_of(__file__), "portal"), realm="other")

    page = follow(portal, visit(server), pushed(other))

    assert (page.status, page.location) == (400, None)


@pytest.mark.attack
def test_a_client_that_must_push_from_now_on_gets_no_code_for_what_it_did_not_push(
    server: RunningServer, portal: Portal, visit: Callable[..., Visitor]
) -> None:
    visitor = visit(server)
    page = portal.send(visitor)
    realm = realm_of(__file__)
    realm["clients"][0]["require_pushed_authorization_requests"] = True
    server.reload(realm)

    page = visitor.sign_in(page)

    assert (page.status, page.location) == (400, None)


@pytest.mark.attack
def test_what_was_pushed_is_judged_by_the_realm_as_it_is(
    server: RunningServer, portal: Portal, visit: Callable[..., Visitor]
) -> None:
    request_uri = pushed(portal)
    realm = realm_of(__file__)
    realm["clients"][0]["redirect_uris"] = ["http://localhost:8081/elsewhere"]
    server.reload(realm)

    page = follow(portal, visit(server), request_uri)

    assert (page.status, page.location) == (400, None)


def test_what_was_pushed_under_a_secret_key_that_is_no_more_has_expired(
    server: RunningServer, portal: Portal, visit: Callable[..., Visitor]
) -> None:
    request_uri = pushed(portal)
    database = Database(server.settings.database)
    with database.write() as tx:
        tx.execute(update(pushed_requests).values(parameters="sealed by nobody"))
    database.close()

    page = follow(portal, visit(server), request_uri)

    assert (page.status, page.location) == (400, None)


@pytest.mark.attack
def test_a_client_cannot_fill_the_database(
    server: RunningServer, portal: Portal, clock: Clock, administer: Callable[..., Administrator]
) -> None:
    request_uri = pushed(portal)
    _copy(server, times=1000)

    assert (push(portal).status_code, push(portal).json()["error"]) == (429, "temporarily_unavailable")

    clock.advance(60)
    assert push(portal).status_code == 201
    clock.advance(3 * 3600)
    database = Database(server.settings.database)
    with database.write() as tx:
        expiry.remove_expired(tx, now=clock(), longest=86400, longest_session=86400, longest_trust=0)
    database.close()
    assert administer(server).rows()["pushed_requests"] == 0
    assert request_uri


@pytest.mark.attack
def test_a_stranger_does_not_keep_a_public_client_from_pushing(start: Start, register: Register) -> None:
    """Anybody can say that they are that client: they are counted by their network, over all such clients."""
    proxies = (ipaddress.ip_network("127.0.0.0/8"),)
    server = start(realm_of(__file__), trusted_proxies=proxies)
    app, bank = (register(server, client_of(realm_of(__file__), name)) for name in ("app", "bank"))
    app.http.headers["x-forwarded-for"] = "2001:db8:1::1"
    pushed(app)
    _copy(server, times=200)

    assert (push(app).status_code, push(app).json()["error"]) == (429, "temporarily_unavailable")
    app.http.headers["x-forwarded-for"] = "2001:db8:1::2"
    assert push(app).status_code == 429
    app.http.headers["x-forwarded-for"] = "2001:db8:2::1"
    assert push(app).status_code == 201
    bank.http.headers["x-forwarded-for"] = "2001:db8:1::1"
    assert push(bank).status_code == 201


def _copy(server: RunningServer, *, times: int) -> None:
    """As many rows as if the client had pushed so often."""
    database = Database(server.settings.database)
    with database.write() as tx:
        row = dict(tx.execute(select(pushed_requests)).mappings().one())
        rows = [row | {"digest": n.to_bytes(32, "big")} for n in range(1, times)]
        tx.execute(insert(pushed_requests), rows)
    database.close()
