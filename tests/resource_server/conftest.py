from collections.abc import Iterator

import httpx
import pytest

from idp.resource_server import TokenVerifier
from tests.resource_server.issuer import AUDIENCE, Issuer


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    running = Issuer()
    yield running
    running.close()


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """One for all tests: making one reads the certificate authorities, which takes longer than most tests."""
    with httpx.Client(trust_env=False) as client:
        yield client


@pytest.fixture
def verifier(issuer: Issuer, http: httpx.Client) -> TokenVerifier:
    return TokenVerifier(issuer=issuer.url, audience=AUDIENCE, http=http)
