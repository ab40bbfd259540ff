from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.portal import Portal
from tests.protocol.dpop.holder import Holder
from tests.running import RunningServer, demo_client, demo_realm

CLIENTS: list[dict[str, Any]] = [
    demo_client("portal") | {"client_id": "bound", "dpop_bound_access_tokens": True},
    demo_client("nightly-report") | {"client_id": "job", "dpop_bound_access_tokens": True},
]


@pytest.fixture(scope="module")
def server(standing: RunningServer) -> RunningServer:
    """With a client of each kind whose tokens are always bound; the others' are when they send a proof."""
    for name in ("demo", "other"):
        demo = demo_realm(name)
        standing.reload(demo | {"clients": [*demo["clients"], *CLIENTS]})
    return standing


@pytest.fixture(scope="module")
def holder_of(server: RunningServer) -> Iterator[Callable[..., Holder]]:
    """`holder_of("cli")`: with a key of its own."""
    portals: list[Portal] = []

    def new(client_id: str, *arguments: Any, **options: Any) -> Holder:
        found = next((c for c in CLIENTS if c["client_id"] == client_id), client_id)
        portals.append(Portal(server, found, realm=options.pop("realm", "demo")))
        return Holder(portals[-1], *arguments, **options)

    yield new
    for portal in portals:
        portal.close()


@pytest.fixture
def cli(holder_of: Callable[..., Holder]) -> Holder:
    """A public client."""
    return holder_of("cli")


@pytest.fixture
def job(holder_of: Callable[..., Holder]) -> Holder:
    """A client for itself, whose tokens are always bound."""
    return holder_of("job")
