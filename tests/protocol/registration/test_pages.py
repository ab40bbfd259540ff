"""Pages of public clients that registered themselves read answers, like those of the realm file (Fetch section 3.2)."""

from typing import Any

import httpx
import pytest

from idp.store import registered_clients
from idp.store.database import Database
from tests.protocol.registration.conftest import Registrar

PUBLIC: dict[str, Any] = {"token_endpoint_auth_method": "none"}
READABLE = ("token", "userinfo", "ext/par/request", "revoke")


def asked_first(registrar: Registrar, origin: str, name: str = "token", realm: str = "demo") -> httpx.Response:
    headers = {"origin": origin, "access-control-request-method": "POST"}
    return registrar.http.options(registrar.server.endpoint(name, realm), headers=headers)


def may_read(registrar: Registrar, origin: str, name: str = "token") -> bool:
    """The same is said before the question and with the answer."""
    before = asked_first(registrar, origin, name)
    answer = registrar.http.post(registrar.server.endpoint(name), data={"token": "x"}, headers={"origin": origin})
    allowed = {a.headers.get("access-control-allow-origin") for a in (before, answer)}
    assert allowed in ({origin}, {None})
    assert (before.status_code == 204) == (allowed == {origin})
    return allowed == {origin}


def register(registrar: Registrar, *uris: str, **metadata: Any) -> dict[str, Any]:
    response = registrar.register(redirect_uris=list(uris), **metadata)
    assert response.status_code == 201, response.text
    client: dict[str, Any] = response.json()
    return client


@pytest.mark.parametrize("name", READABLE)
def test_a_page_of_a_registered_public_client_may_ask_and_read(registrar: Registrar, name: str) -> None:
    assert not may_read(registrar, "https://spa.example", name)

    register(registrar, "https://spa.example/back", "https://SPA.example:8443/x", "https://b.example:443/", **PUBLIC)

    for origin in ("https://spa.example", "https://spa.example:8443", "https://b.example"):
        assert may_read(registrar, origin, name), origin


@pytest.mark.attack
def test_no_other_page_may(registrar: Registrar) -> None:
    register(registrar, "https://spa.example/back", "com.example.app:/back", **PUBLIC)
    register(registrar, "https://server.example/back")

    others = (
        *(
            "https://server.example",
            "http://spa.example",
            "https://spa.example:444",
            "https://spa.example/",
            "null",
            "*",
        ),
        *("https://SPA.example", "https://sub.spa.example", "https://spa.example.evil.test", "https://a@spa.example"),
        *("com.example.app:", "https://spa.example, https://evil.test", "https://[", "https://spa.example:x", "ü", "%"),
        *("https://" + "a" * 5000, "' or 1=1--"),
    )
    for origin in others:
        headers = {b"origin": origin.encode()}
        url = registrar.server.endpoint("token")
        before = registrar.http.options(url, headers={**headers, b"access-control-request-method": b"POST"})
        answer = registrar.http.post(url, data={"token": "x"}, headers=headers)
        assert before.status_code == 405, origin
        assert "access-control-allow-origin" not in answer.headers, origin


@pytest.mark.attack
def test_a_page_of_one_realm_is_none_of_another(registrar: Registrar, realm: dict[str, Any]) -> None:
    register(registrar, "https://spa.example/back", **PUBLIC)
    registrar.server.reload(realm, realm | {"realm": "other"})

    assert asked_first(registrar, "https://spa.example").status_code == 204
    assert asked_first(registrar, "https://spa.example", realm="other").status_code == 405


@pytest.mark.attack
def test_pages_go_with_what_the_client_registers(registrar: Registrar) -> None:
    client = register(registrar, "https://spa.example/back", **PUBLIC)
    known = {"client_id": client["client_id"]}

    for _ in range(2):
        moved = registrar.call("PUT", client, **known, **PUBLIC, redirect_uris=["https://new.example/back"])
        assert moved.status_code == 200
    assert [may_read(registrar, f"https://{n}.example") for n in ("spa", "new")] == [False, True]

    registrar.call("PUT", client, **known, redirect_uris=["https://new.example/back"])
    assert not may_read(registrar, "https://new.example")


@pytest.mark.attack
def test_pages_go_with_the_client(registrar: Registrar) -> None:
    removed, disabled = (register(registrar, f"https://{n}.example/", **PUBLIC) for n in ("a", "b"))
    assert may_read(registrar, "https://a.example")
    assert may_read(registrar, "https://b.example")

    assert registrar.call("DELETE", removed).status_code == 204
    database = Database(registrar.server.settings.database)
    with database.write() as tx:
        registered_clients.set_enabled(tx, "demo", client_id=disabled["client_id"], enabled=False, now=0)
    database.close()

    assert not may_read(registrar, "https://a.example")
    assert not may_read(registrar, "https://b.example")


@pytest.mark.attack
def test_a_client_that_could_not_register_today_has_no_pages(registrar: Registrar, realm: dict[str, Any]) -> None:
    register(registrar, "https://spa.example/", **PUBLIC, scope="openid profile")
    assert may_read(registrar, "https://spa.example")

    registrar.server.reload(realm | {"registration": {"scopes": ["openid"]}})

    assert not may_read(registrar, "https://spa.example")
