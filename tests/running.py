"""A server of the tests: real HTTP on a free loopback port, realm files of its own, a clock that the test turns."""

import copy
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import uvicorn
import yaml

from idp.app import create_app
from idp.settings import Settings, secret_keys
from idp.web.parser import Parser
from idp.web.themes import Themes, built_in
from tests.clock import Clock
from tests.prompt_server import PromptServer

if TYPE_CHECKING:  # a plugin of pytest: it rewrites what it imports first
    from tests.databases import Databases

# Loading the certificates of the world takes longer than many a test.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
DEMO = yaml.safe_load((Path(__file__).parent / "realm.yaml").read_text())


def demo_realm(name: str = "demo", **changed: Any) -> dict[str, Any]:
    """The demo realm as a dictionary, with sections replaced; small signing keys, because tests make many."""
    realm: dict[str, Any] = copy.deepcopy(DEMO)
    return realm | {"realm": name, "keys": {"rsa_bits": 2048}} | changed


def every_factor(name: str = "demo", *, factors: Mapping[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    """The demo realm with passkeys, text messages on the console, trusted browsers, and payments that want a passkey.

    `factors`: those to be added or described otherwise.
    """
    realm = demo_realm(name)
    realm["levels"]["phishing-resistant"] = {"factors": 2, "accept": ["webauthn"]}
    realm["factors"] |= {"webauthn": {}, "sms": {"sender": "console", "countries": ["US", "DE"], "lifetime": "5m"}}
    realm["factors"] |= factors or {}
    administrators, billing = realm["second_factor"]["rules"]
    administrators["accept"] = ["totp", "webauthn"]
    billing["trusted_browser"] = "30d"
    payments = {"name": "payments", "when": {"scopes": ["payments"]}, "level": "phishing-resistant", "max_age": "5m"}
    realm["second_factor"]["rules"].append(payments)
    return realm | changed


def demo_client(client_id: str) -> dict[str, Any]:
    """A client of the demo realm."""
    found: dict[str, Any] = next(c for c in DEMO["clients"] if c["client_id"] == client_id)
    return copy.deepcopy(found)


class _WithoutAliases(yaml.SafeDumper):
    """Realm files know no anchors, and tests use one list in two places."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def write_realms(directory: Path, *realms: Mapping[str, Any]) -> None:
    """Realm files as an administrator would leave them."""
    directory.mkdir(exist_ok=True)
    for realm in realms:
        new = directory / f".{realm['realm']}.new"
        new.write_text(yaml.dump(dict(realm), sort_keys=False, Dumper=_WithoutAliases))
        new.replace(directory / f"{realm['realm']}.yaml")


@cache
def _own_themes(strict: bool) -> Themes:
    """Read and compiled once: it takes longer than all else that a server does before it answers."""
    return Themes(built_in(), strict=strict)


@contextmanager
def running(
    databases: "Databases", config: Path, *realms: Mapping[str, Any], **settings: Any
) -> Iterator["RunningServer"]:
    """A server on a database of its own, for the tests of a module."""
    url = databases.fresh()
    write_realms(config, *realms)
    server = RunningServer(config=config, database=url, **{"clock": Clock(), **settings})
    try:
        yield server
    finally:
        server.stop()
        databases.drop(url)


class RunningServer:
    """The application behind uvicorn, in a thread. Stop it with `stop`; `url` is its public URL."""

    def __init__(
        self, *, config: Path, database: str, clock: Clock, public_url: str | None = None, **settings: Any
    ) -> None:
        self._clients: list[httpx.Client] = []
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self.url = public_url or f"http://localhost:{port}"
        dev = settings.pop("dev", True)
        environ = settings.pop("environ", {})
        keys = settings.pop("secret_keys", None) or secret_keys(environ, dev=dev)
        self.settings = Settings(
            config=config, database=database, port=port, public_url=self.url, dev=dev, secret_keys=keys, **settings
        )
        self.config, self.clock = config, clock
        themes = None if self.settings.themes else _own_themes(dev)
        self.app = create_app(self.settings, clock=clock, environ=environ, themes=themes)
        configuration = uvicorn.Config(
            self.app,
            log_config=None,
            access_log=False,
            http=Parser,
            proxy_headers=False,
            server_header=False,
            lifespan="on",
            timeout_keep_alive=60,
        )
        self._server = PromptServer(configuration)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        while not self._server.started:
            self._thread.join(0.005)
            assert self._thread.is_alive(), "the server did not start"

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.stop()
        self._thread.join(10)
        self.close_clients()

    def close_clients(self) -> None:
        for client in self._clients:
            client.close()

    def reload(self, *realms: Mapping[str, Any]) -> None:
        """Realm files changed while the server runs; it has taken them up when this returns."""
        write_realms(self.config, *realms)
        taken_up = self.app.state.realms
        taken_up.poll()
        problems = [problem for file in taken_up.status() for problem in file.problems]
        assert not problems, problems

    def issuer(self, realm: str = "demo") -> str:
        return f"{self.url}/realms/{realm}"

    def endpoint(self, name: str, realm: str = "demo") -> str:
        """The address of a protocol endpoint, such as `token`."""
        return f"{self.issuer(realm)}/protocol/openid-connect/{name}"

    def http(self, **options: Any) -> httpx.Client:
        """A client without cookies of its own that follows no redirect; closed with the server at the latest."""
        client = httpx.Client(base_url=self.url, follow_redirects=False, timeout=20, verify=_NO_TLS, **options)
        self._clients.append(client)
        return client
