"""The administrator edits a realm file while people sign in (the watcher looks twice a second)."""

from collections.abc import Callable

import pytest

from tests.conftest import Log
from tests.operations.serving import PATIENCE, eventually
from tests.portal import Portal
from tests.running import RunningServer, demo_client, demo_realm, write_realms
from tests.visitor import PASSWORD, Visitor

EVERYONE = {"rules": [{"name": "everyone", "level": "two-factor"}]}
Register = Callable[..., Portal]


def brings(log: Log, change: Callable[[], object], event: str = "realm.loaded", *, within: float = PATIENCE) -> None:
    """Wait until the change of a file has led to that event."""
    before = len(log.events(event))
    change()
    eventually(lambda: len(log.events(event)) > before, f"no {event}", within=within)


def test_a_changed_file_is_taken_up_without_dropping_a_sign_in(
    log: Log, server: RunningServer, portal: Portal, visitor: Visitor
) -> None:
    page = portal.send(visitor)
    brings(
        log, lambda: write_realms(server.config, demo_realm(second_factor=EVERYONE, display_name="New name")), within=2
    )

    page = visitor.submit(page, username="alice", password=PASSWORD)
    assert page.step == "totp-enrol"
    assert "New name" in page.text
    assert "code" in visitor.sign_in(page).parameters()


def test_a_sign_in_goes_on_where_a_rule_has_gone(
    log: Log, server: RunningServer, billing: Portal, visitor: Visitor
) -> None:
    page = visitor.submit(billing.send(visitor), username="ada", password=PASSWORD)
    assert page.step == "totp"
    brings(log, lambda: write_realms(server.config, demo_realm(second_factor={})))

    tokens = billing.redeem(visitor.submit(page, code=visitor.code("ada")).parameters()["code"])
    assert tokens.status == 200


@pytest.mark.attack
def test_a_broken_file_keeps_the_old_realm_and_is_told(
    log: Log, server: RunningServer, portal: Portal, visitor: Visitor
) -> None:
    file = server.config / "demo.yaml"
    good = file.read_text()
    brings(log, lambda: file.write_text(good.replace("second_factor:", "second_facter:")), "realm.rejected")

    told = log.events("realm.rejected")[0]
    assert told["level"] == "error"
    assert "unknown key 'second_facter', did you mean 'second_factor'?" in told["problems"][0]
    ready = portal.http.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert ready.json()["realms"][0]["problems"] == told["problems"]
    assert visitor.submit(portal.send(visitor), username="ada", password=PASSWORD).step == "totp"

    file.write_text(good)
    eventually(lambda: portal.http.get("/health/ready").json()["status"] == "up")


@pytest.mark.attack
@pytest.mark.parametrize(
    "broken",
    [
        pytest.param("realm: [", id="half-written"),
        pytest.param("", id="empty"),
        pytest.param("realm: demo\nrealm: demo\n", id="key-twice"),
        pytest.param("realm: demo\nclients: no\n", id="boolean"),
        pytest.param("realm: demo\nlevels: {two: {factors: 2.0}}\n", id="fraction"),
        pytest.param("realm: demo\nclients: [{client_id: a, default_acr_values: [gold]}]\n", id="unknown-acr"),
        pytest.param("realm: demo\ntheme: nowhere\n", id="unknown-theme"),
    ],
)
def test_nothing_that_is_wrong_opens_the_realm(
    log: Log, server: RunningServer, portal: Portal, visitor: Visitor, broken: str
) -> None:
    brings(log, lambda: (server.config / "demo.yaml").write_text(broken), "realm.rejected")
    assert visitor.submit(portal.send(visitor), username="ada", password=PASSWORD).step == "totp"


def test_a_client_that_goes_during_a_sign_in_is_told_on_a_page(
    log: Log, server: RunningServer, portal: Portal, visitor: Visitor
) -> None:
    page = portal.send(visitor)
    realm = demo_realm(clients=[demo_client("billing")])
    brings(log, lambda: write_realms(server.config, realm))
    page = visitor.submit(page, username="alice", password=PASSWORD)
    assert (page.status, page.step) == (400, "")
    assert "<h1" in page.text


def test_what_a_client_has_ends_with_it(
    log: Log, server: RunningServer, portal: Portal, billing: Portal, visitor: Visitor
) -> None:
    tokens = portal.sign_in(visitor)
    brings(log, lambda: write_realms(server.config, demo_realm(clients=[demo_client("billing")])))
    assert portal.refresh(tokens.refresh).error == "invalid_client"
    assert billing.introspect(tokens.access) == {"active": False}


def test_a_new_file_is_a_realm_with_keys_of_its_own(log: Log, server: RunningServer, visitor: Visitor) -> None:
    assert visitor.http.get(server.endpoint("certs", "another")).status_code == 404
    brings(log, lambda: write_realms(server.config, demo_realm("another")))
    keys = [visitor.http.get(server.endpoint("certs", realm)).json()["keys"] for realm in ("demo", "another")]
    assert [len(of_realm) for of_realm in keys] == [2, 2]
    assert len({key["kid"] for of_realm in keys for key in of_realm}) == 4


def test_a_realm_whose_file_goes_is_gone(
    log: Log, start: Callable[..., RunningServer], visit: Callable[..., Visitor]
) -> None:
    server = start(demo_realm(), demo_realm("other"))
    visitor = visit(server)
    assert visitor.http.get(server.endpoint("certs", "other")).status_code == 200
    brings(log, (server.config / "other.yaml").unlink, "realm.removed")
    assert visitor.http.get(server.endpoint("certs", "other")).status_code == 404
    assert visitor.http.get(server.endpoint("certs")).status_code == 200
    assert visitor.http.get("/health/ready").status_code == 200
    brings(log, (server.config / "demo.yaml").unlink, "realm.removed")
    ready = visitor.http.get("/health/ready")
    assert (ready.status_code, ready.json()["status"], ready.json()["database"]) == (503, "down", "up")
