"""A client reads, changes and removes itself by its registration access token (RFC 7592)."""

from typing import Any

import pytest

from idp.store import registered_clients
from idp.store.database import Database
from tests.portal import Portal
from tests.protocol.registration.conftest import BACK, Registrar, enter
from tests.running import RunningServer
from tests.visitor import Visitor


def stored(server: RunningServer, client_id: str) -> registered_clients.Stored | None:
    database = Database(server.settings.database)
    with database.read() as tx:
        found = registered_clients.find(tx, "demo", client_id)
    database.close()
    return found


def set_enabled(server: RunningServer, client_id: str, enabled: bool) -> None:
    database = Database(server.settings.database)
    with database.write() as tx:
        now = server.clock()
        assert registered_clients.set_enabled(tx, "demo", client_id=client_id, enabled=enabled, now=now)
    database.close()


def test_it_reads_itself_without_its_secret(client: dict[str, Any], registrar: Registrar) -> None:
    response = registrar.call("GET", client)

    without = {k: v for k, v in client.items() if k not in ("client_secret", "client_secret_expires_at")}
    assert (response.status_code, response.json()) == (200, without)


def test_what_it_read_can_be_put_back_and_changes_nothing(client: dict[str, Any], registrar: Registrar) -> None:
    before = stored(registrar.server, client["client_id"])

    response = registrar.call("PUT", client, **registrar.call("GET", client).json())

    assert response.status_code == 200
    assert stored(registrar.server, client["client_id"]) == before


def test_a_change_holds_at_once(client: dict[str, Any], registrar: Registrar, guest: Portal, visitor: Visitor) -> None:
    elsewhere = "https://rp.example/elsewhere"
    sent = {"client_id": client["client_id"], "client_secret": client["client_secret"], "redirect_uris": [elsewhere]}

    response = registrar.call("PUT", client, **sent)

    assert response.status_code == 200
    assert "client_name" not in response.json()
    assert guest.send(visitor, scope="openid").status == 400
    assert guest.send(visitor, scope="openid", redirect_uri=elsewhere).step == "password"


def test_what_a_change_leaves_out_or_sends_as_null_is_gone(registrar: Registrar) -> None:
    """RFC 7592 section 2.2."""
    told = registrar.register(client_name="Guest", backchannel_logout_uri="https://rp.example/told").json()
    mine = {"client_id": told["client_id"], "redirect_uris": [BACK], "client_name": None}

    changed = registrar.call("PUT", told, **mine).json()

    assert changed.keys().isdisjoint({"client_name", "backchannel_logout_uri", "client_secret"})
    assert registrar.call("GET", told).json().keys().isdisjoint({"client_name", "backchannel_logout_uri"})


@pytest.mark.attack
def test_a_change_is_checked_as_the_registration_was(client: dict[str, Any], registrar: Registrar) -> None:
    before = stored(registrar.server, client["client_id"])
    mine = {"client_id": client["client_id"], "redirect_uris": [BACK]}
    cases: tuple[dict[str, Any], ...] = (
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": []},
        {"scope": "openid payments"},
        {"grant_types": ["client_credentials"]},
        {"client_id": "house"},
        {"client_id": None},
        {"client_secret": "another"},
        {"client_secret": 7},
    )
    for wrong in cases:
        response = registrar.call("PUT", client, **(mine | wrong))
        assert response.status_code == 400, wrong
    assert stored(registrar.server, client["client_id"]) == before


def test_a_client_that_learns_to_keep_a_secret_gets_one(registrar: Registrar) -> None:
    told = registrar.register(token_endpoint_auth_method="none").json()
    mine = {"client_id": told["client_id"], "redirect_uris": [BACK]}

    secret = registrar.call("PUT", told, **mine).json()["client_secret"]
    again = registrar.call("PUT", told, **mine).json()

    assert len(secret) >= 43
    assert "client_secret" not in again


def test_it_removes_itself_with_all_that_it_was_allowed(
    client: dict[str, Any], registrar: Registrar, guest: Portal, visitor: Visitor
) -> None:
    tokens = guest.redeem(enter(guest, visitor).parameters()["code"])

    response = registrar.call("DELETE", client)

    assert (response.status_code, response.content) == (204, b"")
    assert registrar.call("GET", client).status_code == 401
    assert guest.refresh(tokens.refresh).error == "invalid_client"
    assert guest.userinfo(tokens.access).status_code == 401
    assert guest.send(visitor, scope="openid").status == 400


@pytest.mark.attack
def test_a_change_reaches_no_key_that_is_not_the_clients(client: dict[str, Any], registrar: Registrar) -> None:
    mine = {name: value for name, value in client.items() if name not in ("client_secret", "client_id")}
    registrar.call("PUT", client, client_id=client["client_id"], **mine)
    before = stored(registrar.server, client["client_id"])
    house = {"require_consent": False, "require_pkce": False, "profile": "fapi2", "enabled": False, "trusted": True}
    other = {"client_secret_expires_at": 9, "client_id_issued_at": 9, "authorization_details_types": ["payment"]}

    for name, value in (house | other).items():
        response = registrar.call("PUT", client, client_id=client["client_id"], **(mine | {name: value}))
        assert response.status_code == 200, (name, response.text)
        assert stored(registrar.server, client["client_id"]) == before, name


@pytest.mark.attack
def test_no_other_token_reads_changes_or_removes_it(client: dict[str, Any], registrar: Registrar) -> None:
    other = registrar.register().json()
    tokens = (
        *(other["registration_access_token"], client["client_secret"], registrar.token()),
        client["registration_access_token"][:-1],
    )
    for method in ("GET", "PUT", "DELETE"):
        sent = {"client_id": client["client_id"], "redirect_uris": [BACK]} if method == "PUT" else {}
        for token in tokens:
            assert registrar.call(method, client, token=token, **sent).status_code == 401, (method, token)
        assert registrar.http.request(method, client["registration_client_uri"]).status_code == 401
    unknown = client | {"registration_client_uri": f"{registrar.address()}/nobody"}
    house = client | {"registration_client_uri": f"{registrar.address()}/house"}
    assert [registrar.call("GET", c).status_code for c in (unknown, house)] == [401, 401]
    assert registrar.call("GET", client).status_code == 200


@pytest.mark.attack
def test_a_disabled_client_cannot_bring_itself_back(
    client: dict[str, Any], registrar: Registrar, guest: Portal, visitor: Visitor
) -> None:
    tokens = guest.redeem(enter(guest, visitor).parameters()["code"])
    set_enabled(registrar.server, client["client_id"], False)

    mine = {"client_id": client["client_id"], "redirect_uris": [BACK], "enabled": True}
    assert registrar.call("PUT", client, **mine).status_code == 401
    assert guest.refresh(tokens.refresh).error == "invalid_client"

    set_enabled(registrar.server, client["client_id"], True)
    assert guest.refresh(tokens.refresh).error == "invalid_grant"
    assert registrar.call("GET", client).status_code == 200
