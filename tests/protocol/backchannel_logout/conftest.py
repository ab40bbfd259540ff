"""Portals that are told about the end of sessions, and what they were told."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.protocol.realm_files import at, party, realm, server
from tests.running import RunningServer
from tests.visitor import Page, Visitor

__all__ = ["at", "party", "realm", "server"]


@pytest.fixture
def sign_in(at: Callable[[str], Portal]) -> Callable[..., dict[str, Any]]:
    """Sign somebody in at a portal; the claims of the ID token, with the token itself as `id_token`."""

    def to(client_id: str, visitor: Visitor, username: str = "alice") -> dict[str, Any]:
        tokens = at(client_id).sign_in(visitor, username, scope="openid")
        return {**tokens.id_claims, "id_token": tokens.body["id_token"], "tokens": tokens}

    return to


@pytest.fixture
def visit(server: RunningServer) -> Iterator[Callable[[], Visitor]]:
    """More people, each with a browser of their own."""
    with ExitStack() as held:
        yield lambda: held.enter_context(closing(Visitor(server)))


@pytest.fixture
def visitor(visit: Callable[[], Visitor]) -> Visitor:
    return visit()


@pytest.fixture
def administrator(server: RunningServer, administer: Callable[..., Administrator]) -> Administrator:
    return administer(server)


def leave(visitor: Visitor, **parameters: str) -> Page:
    """To the end session endpoint; the question is answered with yes where there is one."""
    page = visitor.get(f"{visitor.server.endpoint('logout')}?{urlencode(parameters)}")
    return visitor.submit(page) if "csrf_token" in page.html else page
