"""What has expired is taken out while the server runs, and nothing that is still good."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from idp.store.database import Database
from idp.store.tables import grants, refresh_tokens
from tests.conftest import Start
from tests.operations.serving import eventually
from tests.portal import Portal
from tests.running import RunningServer, demo_realm
from tests.visitor import Visitor

DAY = 86400


@pytest.fixture
def server(start: Start, monkeypatch: pytest.MonkeyPatch) -> RunningServer:
    """One whose sessions may be idle for longer than its grants live, and that sweeps all the time."""
    monkeypatch.setattr("idp.app._SWEEP_EVERY", 0.05)
    return start(demo_realm(sessions={"idle": "60d", "max": "90d"}))


def test_a_grant_stays_as_long_as_its_client_may_have_to_hear_of_the_end_of_its_session(
    server: RunningServer, database_url: str, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    portal, alice = register(server, "portal"), visit(server)
    portal.sign_in(alice)
    database = Database(database_url)

    def kept() -> int:
        with database.read() as tx:
            return int(tx.execute(select(func.count()).select_from(grants)).scalar_one())

    server.clock.advance(40 * DAY)
    assert "code" in portal.send(alice).parameters()
    assert kept() == 2
    server.clock.advance(51 * DAY)
    eventually(lambda: kept() == 0)
    database.close()


def test_what_a_realm_had_is_there_when_its_file_comes_back(
    server: RunningServer, database_url: str, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    portal, alice = register(server, "portal"), visit(server)
    portal.sign_in(alice)
    database = Database(database_url)

    def usable() -> int:
        with database.read() as tx:
            return int(tx.execute(select(func.count()).select_from(refresh_tokens)).scalar_one())

    file = server.config / "demo.yaml"
    text = file.read_text(encoding="utf-8")
    file.unlink()
    eventually(lambda: server.app.state.realms.all() == ())
    assert usable() > 0
    server.clock.advance(40 * DAY)
    eventually(lambda: usable() == 0)
    file.write_text(text, encoding="utf-8")
    eventually(lambda: server.app.state.realms.all() != ())
    assert "code" in portal.send(alice).parameters()
    database.close()
