"""A realm that has no clients but its own until they register."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from idp.store import registered_clients
from idp.store.database import Database
from idp.tokens.bearer import new_bearer
from tests.conftest import Start
from tests.portal import Portal
from tests.protocol.party import Party
from tests.protocol.realm_files import realm_of
from tests.running import RunningServer
from tests.visitor import Page, Visitor

BACK = "https://rp.example/back"


@dataclass
class Registrar:
    """Somebody who registers clients; `voucher` is the key of whom the realm believes."""

    server: RunningServer
    http: httpx.Client
    voucher: ECKey

    def token(self, realm: str = "demo", *, uses: int = 1, lasts: int = 3600) -> str:
        """An initial access token, as `idp client token` makes it."""
        database = Database(self.server.settings.database)
        token = f"token-{new_bearer()}"
        with database.write() as tx:
            expires_at = self.server.clock() + lasts
            registered_clients.add_token(tx, realm, token=token, uses=uses, expires_at=expires_at)
        database.close()
        return token

    def address(self, realm: str = "demo") -> str:
        return f"{self.server.issuer(realm)}/clients-registrations/openid-connect"

    def register(self, token: str | None = None, **metadata: Any) -> httpx.Response:
        """With a new token where none is given; only what is wanted beside a redirect URI need be said."""
        bearer = {"authorization": f"Bearer {self.token() if token is None else token}"}
        return self.http.post(self.address(), json={"redirect_uris": [BACK], **metadata}, headers=bearer)

    def call(self, method: str, client: dict[str, Any], *, token: str | None = None, **sent: Any) -> httpx.Response:
        """A request of the client about itself."""
        bearer = {"authorization": f"Bearer {token or client['registration_access_token']}"}
        uri = client["registration_client_uri"]
        return self.http.request(method, uri, headers=bearer, json=sent or None)


@pytest.fixture(scope="session")
def voucher() -> ECKey:
    return ECKey.generate_key("P-256", parameters={"kid": "v"})


@pytest.fixture
def realm(voucher: ECKey) -> dict[str, Any]:
    return realm_of(__file__, KEY=json.dumps(voucher.as_dict(private=False)))


@pytest.fixture
def server(start: Start, realm: dict[str, Any]) -> RunningServer:
    return start(realm)


@pytest.fixture
def registrar(server: RunningServer, voucher: ECKey) -> Iterator[Registrar]:
    with server.http() as http:
        yield Registrar(server, http, voucher)


@pytest.fixture
def outside(registrar: Registrar, start: Start, realm: dict[str, Any]) -> Registrar:
    """Of a server that is not in development, and reaches no private address."""
    registrar.server.stop()
    described = {key: value for key, value in realm.items() if key != "users"}
    server = start(described, dev=False, secret_keys=registrar.server.settings.secret_keys)
    return replace(registrar, server=server, http=server.http())


@dataclass
class Hidden:
    """What is behind a server: `party` listens at the first of the `hosts`."""

    party: Party
    hosts: tuple[str, ...]


@pytest.fixture
def hidden() -> Iterator[Hidden]:
    party, closed = Party(), Party()
    closed.close()
    hosts = [each.address.removeprefix("http://") for each in (party, closed)]
    yield Hidden(party, (*hosts, "169.254.169.254", "[::1]:22"))
    party.close()


@pytest.fixture
def client(registrar: Registrar) -> dict[str, Any]:
    """One that registered itself, as it was told of itself."""
    response = registrar.register(client_name="Guest", grant_types=["authorization_code", "refresh_token"])
    assert response.status_code == 201, response.text
    told: dict[str, Any] = response.json()
    return told


@pytest.fixture
def guest(server: RunningServer, client: dict[str, Any], register: Callable[..., Portal]) -> Portal:
    return register(server, client)


def enter(portal: Portal, visitor: Visitor) -> Page:
    """Through the question that is asked of everybody for such a client."""
    page = visitor.sign_in(portal.send(visitor, scope="openid"))
    return visitor.submit(page) if page.step == "consent" else page
