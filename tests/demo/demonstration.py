"""What `idp demo` runs, on free ports and by the clock of the test: the server, two portals and the API."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from idp.demo.api import api
from idp.demo.portal import Sibling, portal
from tests.conftest import Start
from tests.resource_server.serving import serving
from tests.running import RunningServer, demo_client, demo_realm

_PORTS = {"portal": 8081, "billing": 8082, "api": 8083}


@dataclass(frozen=True)
class Demonstration:
    """The base URLs of the portals and of the API, as their clients know them."""

    server: RunningServer
    portal: str
    billing: str
    api: str

    @property
    def client_options(self) -> tuple[str, ...]:
        """What the command-line client is called with."""
        return "--issuer", self.server.issuer(), "--api", self.api, "--patience", "20"


@contextmanager
def demonstration_running(start: Start, *realms: str) -> Iterator[Demonstration]:
    """The demonstration; the server may have further realms of these names, the same but for the keys."""
    listening = {name: socket.create_server(("127.0.0.1", 0)) for name in _PORTS}
    ports = {name: one.getsockname()[1] for name, one in listening.items()}
    urls = {name: f"http://localhost:{port}" for name, port in ports.items()}
    server = start(*(moved(demo_realm(name), urls) for name in ("demo", *realms)))
    apps = {
        ports["portal"]: _portal(server, "portal", urls=urls),
        ports["billing"]: _portal(server, "billing", urls=urls),
        ports["api"]: api(issuer=server.issuer(), audience=urls["api"], clock=server.clock),
    }

    async def by_port(scope: Any, receive: Any, send: Any) -> None:
        await apps[scope["server"][1]](scope, receive, send)

    with serving(by_port, *listening.values()):
        yield Demonstration(server, **urls)


def moved(realm: dict[str, Any], urls: Mapping[str, str]) -> dict[str, Any]:
    """The realm with the addresses of these portals and this API."""
    text = json.dumps(realm)
    for name, port in _PORTS.items():
        text = text.replace(f"http://localhost:{port}", urls[name])
    changed: dict[str, Any] = json.loads(text)
    return changed


def _portal(server: RunningServer, client_id: str, *, urls: Mapping[str, str]) -> Any:
    other = "billing" if client_id == "portal" else "portal"
    client = demo_client(client_id)
    return portal(
        title=client["client_name"],
        issuer=server.issuer(),
        client_id=client_id,
        client_secret=client["client_secret"]["default"],
        base_url=urls[client_id],
        sibling=Sibling(title=demo_client(other)["client_name"], base_url=urls[other]),
        scope=client["scope"],
        accent="blue" if client_id == "portal" else "violet",
        clock=server.clock,
    )
