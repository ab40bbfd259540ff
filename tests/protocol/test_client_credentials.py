"""A client for itself: no person, so nothing is said of a sign-in (RFC 6749 section 4.4)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import Start
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.running import RunningServer, demo_client, demo_realm

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture(scope="module")
def report(standing: RunningServer) -> Iterator[Portal]:
    portal = Portal(standing, "nightly-report")
    yield portal
    portal.close()


def test_a_client_gets_an_access_token_and_nothing_else(report: Portal) -> None:
    tokens = report.token(**GRANT)

    assert tokens.status == 200
    assert tokens.response.headers["cache-control"] == "no-store"
    assert tokens.body.keys() == {"access_token", "token_type", "expires_in", "scope", "not-before-policy"}
    assert (tokens.body["token_type"], tokens.body["scope"]) == ("Bearer", "payments")


@pytest.mark.attack
def test_its_token_says_nothing_of_a_sign_in(report: Portal) -> None:
    claims = report.verified(report.token(**GRANT).access)

    assert claims.keys().isdisjoint({"acr", "amr", "auth_time", "sid", "gid", "roles", "realm_access", "nonce"})
    assert (claims["sub"], claims["client_id"], claims["azp"]) == ("nightly-report",) * 3
    assert claims["aud"] == "http://localhost:8083"


def test_its_token_writes_no_row(report: Portal, administer: Callable[..., Administrator]) -> None:
    administrator = administer(report.server)
    before = administrator.rows()

    assert report.token(**GRANT).status == 200

    assert administrator.rows() == before


def test_a_scope_is_among_those_registered(report: Portal) -> None:
    assert report.token(**GRANT, scope="payments").body["scope"] == "payments"
    for scope in ("openid", "payments openid", "admin", "Payments", "a " * 4000):
        assert report.token(**GRANT, scope=scope).error == "invalid_scope", scope


@pytest.mark.attack
def test_what_belongs_to_people_is_ignored(report: Portal) -> None:
    claims = report.token(
        **GRANT, username="ada", acr_values="two-factor", sub="ada", claims='{"acr": 1}'
    ).access_claims

    assert claims["sub"] == "nightly-report"
    assert "acr" not in claims


@pytest.mark.attack
@pytest.mark.parametrize("client_id", ["portal", "billing"])
def test_a_client_that_is_not_registered_for_it_is_refused(standing: RunningServer, client_id: str) -> None:
    portal = Portal(standing, client_id)

    answer = portal.token(**GRANT)
    portal.close()

    assert (answer.status, answer.error) == (400, "unauthorized_client")


@pytest.mark.attack
def test_a_public_client_is_refused(standing: RunningServer, register: Callable[..., Portal]) -> None:
    answer = register(standing, "cli").token(**GRANT)

    assert (answer.status, answer.error) == (401, "invalid_client")


@pytest.mark.attack
def test_a_client_cannot_refresh(report: Portal) -> None:
    token = report.token(**GRANT).access

    assert report.refresh(token).error == "unauthorized_client"


def service(**changed: Any) -> dict[str, Any]:
    return demo_client("nightly-report") | {"client_id": "svc"} | changed


def test_a_token_for_no_api_is_for_the_client(start: Start, register: Callable[..., Portal]) -> None:
    """RFC 9068 section 3: without a resource, the audience is what the server knows by itself."""
    client = service(scope="openid profile")
    demo = demo_realm()
    server = start(demo | {"clients": [*demo["clients"], client]})

    assert register(server, client).token(**GRANT, scope="profile").access_claims["aud"] == "svc"


def test_a_token_for_two_apis_names_both(start: Start, register: Callable[..., Portal]) -> None:
    client = service(scope="payments reports")
    demo = demo_realm()
    scopes = demo["scopes"] | {"reports": {"audience": ["https://r.test", "urn:reports", "http://localhost:8083"]}}
    server = start(demo | {"clients": [*demo["clients"], client], "scopes": scopes})

    claims = register(server, client).token(**GRANT).access_claims

    assert sorted(claims["aud"]) == ["http://localhost:8083", "https://r.test", "urn:reports"]
