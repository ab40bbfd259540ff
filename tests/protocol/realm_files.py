"""The realm file of a feature: the one that stands beside its tests, with the addresses of this run."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Start
from tests.portal import Portal
from tests.protocol.party import Party
from tests.running import RunningServer


def realm_of(test_file: str, **addresses: str) -> dict[str, Any]:
    """`realm.yaml` beside a test file, with small keys.

    `NAME` in it becomes the address of that name: `realm_of(__file__, PARTY=…)`.
    """
    text = (Path(test_file).parent / "realm.yaml").read_text()
    for name, address in addresses.items():
        text = text.replace(name, address)
    realm: dict[str, Any] = yaml.safe_load(text)
    return realm | {"keys": {"rsa_bits": 2048} | realm.get("keys", {})}


def client_of(realm: dict[str, Any], client_id: str) -> dict[str, Any]:
    """One client of such a file."""
    found: dict[str, Any] = next(c for c in realm["clients"] if c["client_id"] == client_id)
    return found


@pytest.fixture
def party() -> Iterator[Party]:
    """Whoever the clients of the file say that they are elsewhere."""
    party = Party()
    yield party
    party.close()


@pytest.fixture
def realm(request: pytest.FixtureRequest, party: Party) -> dict[str, Any]:
    return realm_of(str(request.path), PARTY=party.address)


@pytest.fixture
def server(start: Start, realm: dict[str, Any]) -> RunningServer:
    return start(realm)


@pytest.fixture
def at(server: RunningServer, realm: dict[str, Any], register: Callable[..., Portal]) -> Callable[[str], Portal]:
    """The portal of a client."""
    return lambda client_id: register(server, client_of(realm, client_id))
