"""What tests of the sign-in share: what the database holds, and an administrator."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.running import RunningServer
from tests.visitor import PASSWORD, Page, Visitor

Stored = Callable[..., list[dict[str, Any]]]
Identify = Callable[..., Page]


@pytest.fixture
def stored(database_url: str) -> Iterator[Stored]:
    """Runs a statement on the database of the test, beside the server, and returns its rows."""
    engine = create_engine(database_url)

    def run(statement: str, **values: Any) -> list[dict[str, Any]]:
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return [dict(row) for row in result.mappings()] if result.returns_rows else []

    yield run
    engine.dispose()


@pytest.fixture
def administrator(server: RunningServer) -> Iterator[Administrator]:
    working = Administrator(server)
    yield working
    working.close()


@pytest.fixture
def identify() -> Identify:
    """Brings a visitor past the password: the page that comes after it."""

    def past_the_password(portal: Portal, visitor: Visitor, username: str = "ada", **changed: Any) -> Page:
        return visitor.submit(portal.send(visitor, **changed), username=username, password=PASSWORD)

    return past_the_password
