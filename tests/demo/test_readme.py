"""The samples of the README, run as they stand there but for the addresses."""

import re
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Start
from tests.demo.surfer import Surfer
from tests.portal import Portal
from tests.resource_server.serving import serving
from tests.running import demo_client, demo_realm
from tests.visitor import Visitor

README = Path(__file__).parents[2] / "README.md"
API = "https://api.example.com"


def sample(containing: str, addresses: dict[str, str]) -> Any:
    """The application that the sample makes."""
    blocks = re.findall(r"^```python\n(.*?)^```$", README.read_text(), flags=re.MULTILINE | re.DOTALL)
    (code,) = (block for block in blocks if containing in block)
    for shown, address in addresses.items():
        assert shown in code
        code = code.replace(shown, address)
    namespace: dict[str, Any] = {}
    exec(compile(code, str(README), "exec"), namespace)  # noqa: S102 - it is ours, and running it is the point
    return namespace["app"]


def test_the_portal_of_the_readme_signs_alice_in(start: Start, surfer: Surfer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_CLIENT_SECRET", demo_client("portal")["client_secret"]["default"])
    monkeypatch.setenv("SESSION_KEY", "a key for this test")
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://localhost:{listening.getsockname()[1]}"
    server = start(demo_realm(clients=[demo_client("portal") | {"redirect_uris": [f"{url}/callback"]}], **no_rules()))
    app = sample("OAuth()", {"http://localhost:8080": server.url, "http://localhost:8081": url})
    with serving(app, listening):
        page = surfer.sign_in(surfer.get(f"{url}/login"), "alice")

    person = page.response.json()
    assert (person["preferred_username"], person["acr"], person["amr"]) == ("alice", "password", ["pwd"])
    assert person.keys() >= {"sub", "email", "roles", "auth_time"}


def test_the_api_of_the_readme_lets_in_who_has_stepped_up(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start(demo_realm(scopes={"payments": {"description": "Move money", "audience": [API]}}))
    client, alice = register(server, "cli"), visit(server)
    with serving(sample("RequireStepUp", {"https://login.example.com": server.url})) as url:
        weak = pay(url, client.sign_in(alice, scope="openid payments").access)
        strong = pay(url, client.sign_in(alice, scope="openid payments", acr_values="two-factor").access)

    assert (weak.status_code, strong.status_code) == (401, 201)
    assert 'error="insufficient_user_authentication"' in weak.headers["www-authenticate"]


def pay(url: str, token: str) -> httpx.Response:
    return httpx.post(f"{url}/payments", headers={"Authorization": f"Bearer {token}"}, trust_env=False)


def no_rules() -> dict[str, Any]:
    """A realm without the clients that the rules of the demonstration name."""
    return {"second_factor": {"rules": []}}
