"""Commands, run in this process where that is enough."""

import io
import json
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from idp.cli.main import main
from tests.clock import Clock
from tests.running import demo_realm, write_realms


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    status: int
    out: str
    err: str


Command = Callable[..., Done]


@pytest.fixture
def idp(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Callable[..., Done]]:
    """`idp("user", "list", …, given="standard input")`, in a directory with the demo realm in `realm-config`."""
    write_realms(tmp_path / "realm-config", demo_realm())
    monkeypatch.chdir(tmp_path)
    for name in ("IDP_SECRET_KEY", "IDP_CONFIG", "IDP_DATABASE", "IDP_PUBLIC_URL", "IDP_BREACHED_PASSWORDS"):
        monkeypatch.delenv(name, raising=False)
    root, told = logging.getLogger(), signal.getsignal(signal.SIGTERM)
    handlers, level = root.handlers, root.level

    def run(*arguments: object, given: str | bytes = "") -> Done:
        data = given.encode() if isinstance(given, str) else given
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        capfd.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as end:
            status = int(end.code or 0)
        finally:
            root.handlers, root.level = handlers, level
        return Done(status, *capfd.readouterr())

    yield run
    signal.signal(signal.SIGTERM, told)


User = Callable[..., Done]


@pytest.fixture
def user(idp: Command, database_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> User:
    """`user("show", "alice")` on this test's database, at the time of its server."""
    monkeypatch.setattr("idp.cli.user_desk.time", clock)

    def run(command: str, *arguments: object, given: str | bytes = "", realm: str = "demo") -> Done:
        return idp("user", command, *arguments, "--realm", realm, "--database", database_url, given=given)

    return run


def audited(done: Done) -> list[dict[str, Any]]:
    """The audit events on standard error, without what differs from run to run."""
    lines = [json.loads(line) for line in done.err.splitlines()]
    return [{k: v for k, v in line.items() if k not in ("time", "level", "user_id")} for line in lines]
