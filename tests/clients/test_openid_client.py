"""A portal by npm's openid-client."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.clients.processes import running
from tests.conftest import Start
from tests.demo.surfer import Surfer
from tests.operations.serving import free_port
from tests.protocol.signer import Signer
from tests.running import DEMO, demo_realm

pytestmark = pytest.mark.clients

OF_PEOPLE = {"grant_types": ["authorization_code", "refresh_token"], "scope": "openid profile email"}
StartPortal = Callable[..., str]


@pytest.fixture
def start_portal(start: Start, tmp_path: Path) -> Iterator[StartPortal]:
    """The base URL of a portal with this registration, beside the demo realm that it is registered in."""
    with ExitStack() as programs:

        def start_portal(client: dict[str, Any], **secrets: Any) -> str:
            port = free_port()
            url = f"http://localhost:{port}"
            client |= {"redirect_uris": [f"{url}/callback"], "post_logout_redirect_uris": [f"{url}/"]}
            server = start(demo_realm(clients=[*DEMO["clients"], client]))
            told = {"issuer": server.issuer(), "port": port, "client_id": client["client_id"], "scope": client["scope"]}
            words = ["node", "portal.mjs", json.dumps(told | secrets)]
            programs.enter_context(running(words, url=url, log=tmp_path / "portal.log"))
            return url

        yield start_portal


def read(surfer: Surfer, url: str) -> dict[str, Any]:
    response = surfer.get(url).response
    read: dict[str, Any] = response.json()
    assert response.status_code == 200, read
    return read


def sign_in(surfer: Surfer, portal: str) -> dict[str, Any]:
    """Through the pages of the server, and what the portal read then."""
    page = surfer.sign_in(surfer.get(f"{portal}/login"), "ada")
    read: dict[str, Any] = page.response.json()
    assert page.status == 200, read
    return read


def test_a_portal_with_a_secret_signs_ada_in_refreshes_and_signs_her_out(
    start_portal: StartPortal, surfer: Surfer
) -> None:
    secret = {"client_secret": "a secret of forty characters or thereabouts"}
    portal = start_portal({"client_id": "shop", **OF_PEOPLE, **secret}, **secret)

    first = sign_in(surfer, portal)

    assert surfer.asked() == ["password", "totp"]
    assert (first["claims"]["acr"], first["claims"]["amr"]) == ("two-factor", ["pwd", "otp", "mfa"])
    assert first["userinfo"] == {**first["userinfo"], "sub": first["claims"]["sub"], "email": "ada@example.com"}

    renewed = read(surfer, f"{portal}/refresh")

    same = ("sub", "acr", "amr", "auth_time")
    assert [renewed["claims"][name] for name in same] == [first["claims"][name] for name in same]
    assert renewed["tokens"]["refresh_token"] != first["tokens"]["refresh_token"]

    assert read(surfer, f"{portal}/logout") == {}

    refused = surfer.get(f"{portal}/refresh")
    assert (refused.status, refused.response.json()["error"]) == (500, "invalid_grant")
    assert surfer.get(f"{portal}/login").step == "password"


def test_a_portal_that_pushes_signs_and_binds_by_dpop_does_the_same(start_portal: StartPortal, surfer: Surfer) -> None:
    signer = Signer()
    client = {"client_id": "bank", "profile": "fapi2", "jwks": signer.jwks, **OF_PEOPLE}
    portal = start_portal(client, jwk=signer.key.as_dict(private=True))

    first = sign_in(surfer, portal)

    assert surfer.asked() == ["password", "totp"]
    assert (first["claims"]["acr"], first["tokens"]["token_type"]) == ("two-factor", "dpop")
    assert first["userinfo"]["email"] == "ada@example.com"
    assert read(surfer, f"{portal}/refresh")["claims"]["sub"] == first["claims"]["sub"]

    assert read(surfer, f"{portal}/logout") == {}

    assert surfer.get(f"{portal}/login").step == "password"
