"""`idp reseal`: the database does not need an old secret key any more."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from idp.settings import secret_keys
from tests.cli.conftest import Command
from tests.clock import Clock
from tests.portal import Portal
from tests.running import RunningServer, demo_client, demo_realm, write_realms
from tests.visitor import Visitor

OLD, NEW, OTHER = (base64.b64encode(bytes(range(number, number + 32))).decode() for number in (1, 41, 81))
PORTAL = demo_client("portal") | {"subject_type": "pairwise"}

Subject = Callable[[str], str]


@pytest.fixture
def ada_at_a_server_with(
    idp: Command, empty_database_url: str, tmp_path: Path, visit: Callable[..., Visitor], clock: Clock
) -> Subject:
    """Her `sub` at a pairwise client, after a password and a code of the app that she set up with the first server."""
    write_realms(tmp_path / "realms", demo_realm(clients=[PORTAL], second_factor={"rules": []}))
    idp("migrate", "--database", empty_database_url)

    def subject(key: str) -> str:
        keys = secret_keys({"IDP_SECRET_KEY": key}, dev=True)
        server = RunningServer(config=tmp_path / "realms", database=empty_database_url, clock=clock, secret_keys=keys)
        portal = Portal(server, PORTAL)
        claims = portal.sign_in(visit(server), "ada", acr_values="two-factor").id_claims
        assert claims["acr"] == "two-factor"
        portal.close()
        server.stop()
        clock.advance(60)
        return str(claims["sub"])

    return subject


def test_the_old_key_can_go(
    ada_at_a_server_with: Subject, idp: Command, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ada_at_a_server_with(OLD)
    monkeypatch.setenv("IDP_SECRET_KEY", f"{NEW},{OLD}")
    done = idp("reseal", "--database", empty_database_url)
    assert (done.status, done.out) == (
        0,
        "sealed anew: signing keys: 2, keys of pairwise subjects: 1, second factors: 1\n",
    )
    assert ada_at_a_server_with(NEW) == before


def test_nothing_changes_where_a_key_is_missing(
    ada_at_a_server_with: Subject, idp: Command, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ada_at_a_server_with(OLD)
    monkeypatch.setenv("IDP_SECRET_KEY", f"{NEW},{OTHER}")
    done = idp("reseal", "--database", empty_database_url)
    assert (done.status, done.err) == (1, "idp: a secret of the database opens by no key of IDP_SECRET_KEY\n")
    assert ada_at_a_server_with(OLD) == before
