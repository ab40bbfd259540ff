"""A client that asks people for their consent, and one that need not."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.portal import Portal
from tests.protocol.feature import standing
from tests.protocol.realm_files import at, realm_of, server

__all__ = ["at", "server", "standing"]


@pytest.fixture
def realm() -> dict[str, Any]:
    return realm_of(__file__)


@pytest.fixture
def guest(at: Callable[[str], Portal]) -> Portal:
    return at("guest")


@pytest.fixture
def house(at: Callable[[str], Portal]) -> Portal:
    return at("house")
