"""An application behind Apache, guarded by Debian's mod_auth_openidc, that reads in its headers who asks."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.processes import HERE, running
from tests.conftest import Start
from tests.demo.surfer import Surfer
from tests.operations.serving import eventually, free_port
from tests.resource_server.serving import serving
from tests.running import DEMO, RunningServer, demo_realm

pytestmark = pytest.mark.clients

SECRET = "a secret of forty characters or thereabouts"
APACHE, MODULES = "/usr/sbin/apache2", "/usr/lib/apache2/modules"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Says as JSON what headers it was sent."""
    body = json.dumps({name.decode(): value.decode() for name, value in scope["headers"]}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def site() -> str:
    """The base URL of Apache."""
    return f"http://localhost:{free_port()}"


@pytest.fixture
def server(start: Start, site: str) -> RunningServer:
    client = {
        "client_id": "apache",
        "client_secret": SECRET,
        "redirect_uris": [f"{site}/back"],
        "post_logout_redirect_uris": [f"{site}/left"],
        "backchannel_logout_uri": f"{site}/back?logout=backchannel",
        "grant_types": ["authorization_code"],
        "scope": "openid profile email",
    }
    return start(demo_realm(clients=[*DEMO["clients"], client]))


@pytest.fixture(autouse=True)
def apache(server: RunningServer, site: str, tmp_path: Path) -> Iterator[None]:
    with serving(application) as url:
        configuration = (HERE / "apache.conf").read_text()
        told = {"DIRECTORY": str(tmp_path), "MODULES": MODULES, "PORT": site.rpartition(":")[2], "APPLICATION": url}
        for name, value in {**told, "ISSUER": server.issuer(), "SECRET": SECRET}.items():
            configuration = configuration.replace(name, value)
        file = tmp_path / "apache.conf"
        file.write_text(configuration)
        words = [APACHE, "-f", str(file), "-DFOREGROUND"]
        with running(words, url=f"{site}/left", log=tmp_path / "apache.log"):
            yield


def test_alice_proves_more_where_apache_demands_it_and_signs_out(site: str, surfer: Surfer) -> None:
    told = surfer.sign_in(surfer.get(f"{site}/"), "alice").response.json()

    assert surfer.asked() == ["password"]
    assert (told["oidc_claim_preferred_username"], told["oidc_claim_acr"]) == ("alice", "password")

    told = surfer.sign_in(surfer.get(f"{site}/strong")).response.json()

    assert surfer.asked() == ["totp-enrol", "recovery-codes-new"]
    assert (told["oidc_claim_acr"], told["oidc_claim_amr"]) == ("two-factor", "pwd,otp,mfa")
    assert told["oidc_claim_email"] == "alice@example.com"

    surfer.get(f"{site}/back?logout={site}/left")

    assert [address.path.rpartition("/")[2] for address in surfer.way] == ["back", "logout", "left"]
    assert surfer.get(f"{site}/").step == "password"


def test_apache_is_told_that_the_session_of_ada_has_ended(site: str, server: RunningServer, surfer: Surfer) -> None:
    page = surfer.sign_in(surfer.get(f"{site}/"), "ada")

    assert surfer.asked() == ["password", "totp"]
    assert page.response.json()["oidc_claim_acr"] == "two-factor"

    surfer.submit(surfer.get(server.endpoint("logout")))

    eventually(lambda: surfer.get(f"{site}/").step == "password", within=20)
