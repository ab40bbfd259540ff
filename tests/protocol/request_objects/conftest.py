"""A server with the realm file of this folder, whose clients have the keys of this run."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.databases import Databases
from tests.protocol.feature import portal, serving, visitor
from tests.protocol.party import Party
from tests.protocol.request_objects.keys import OTHER, OWN, RSA
from tests.running import RunningServer

__all__ = ["party", "portal", "standing", "visitor"]


@pytest.fixture(scope="module")
def party() -> Iterator[Party]:
    """Where a client publishes its keys."""
    party = Party()
    yield party
    party.close()


@pytest.fixture(scope="module")
def standing(databases: Databases, tmp_path_factory: pytest.TempPathFactory, party: Party) -> Iterator[RunningServer]:
    keys: dict[str, dict[str, Any]] = {
        "portal": {"jwks": {"keys": [OWN.jwk, RSA.jwk]}},
        "other": {"jwks": OTHER.jwks},
        "narrow": {"jwks": {"keys": [OWN.jwk, RSA.jwk]}},
        "strict": {"jwks": OWN.jwks},
        "published": {"jwks_uri": f"{party.address}/keys"},
    }
    with serving(databases, __file__, tmp_path_factory.mktemp("realms"), keys) as server:
        yield server
