"""Commands, run in this process where that is enough."""

import io
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from idp.cli.main import main
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
    for name in ("IDP_SECRET_KEY", "IDP_DATABASE"):
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
