"""`idp serve` as operators run it: a process of its own, with the machine's clock."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.clock import Clock
from tests.running import RunningServer

ROOT = Path(__file__).parent.parent.parent
IDP = (sys.executable, "-m", "idp.cli.main")
PATIENCE = 90.0
SECRET_KEY = "IDP_SECRET_KEY"


class SystemClock(Clock):
    """It cannot be turned."""

    def __call__(self) -> int:
        return int(time.time())


def environment(**changed: str) -> dict[str, str]:
    """This one without settings of the server, and with the project's modules."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **changed}


def run(
    *arguments: object, given: str | bytes = "", cwd: Path | None = None, environ: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    """A command as a process: exit status, standard output, standard error."""
    given = given.encode() if isinstance(given, str) else given
    words = [*IDP, *map(str, arguments)]
    done = subprocess.run(
        words,
        input=given,
        capture_output=True,
        env=environment(**environ or {}),
        cwd=cwd,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServedProcess(RunningServer):
    """Started by `start`, after which `url` answers. `arguments` are those beside config, database and port."""

    def __init__(
        self, *, config: Path, database: str, log: Path, arguments: Iterable[str] = ("--dev",), **environ: str
    ) -> None:
        self._clients = []
        self.config, self.database, self.clock = config, database, SystemClock()
        self.port = free_port()
        self.address, self.url = f"http://127.0.0.1:{self.port}", f"http://localhost:{self.port}"
        self.arguments, self.environ = tuple(arguments), environ
        self._log = log

    def start(self) -> None:
        """Start on the database as it is; returns when it answers."""
        words = [*IDP, "serve", "--config", str(self.config), "--database", self.database, "--port", str(self.port)]
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(
                [*words, *self.arguments], env=environment(**self.environ), stderr=output, start_new_session=True
            )
        eventually(self._answers, f"the server did not start: {self.log_text()}")

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log_text()
        try:
            return httpx.get(f"{self.address}/health/live", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """As the out-of-memory killer does it: the process and its workers, without a word."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def terminate(self) -> int:
        """As systemd and Docker end it: the exit status."""
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.kill()
        self.close_clients()

    def log_text(self) -> str:
        return self._log.read_text()

    def lines(self) -> list[Mapping[str, Any]]:
        """The log; whatever is not JSON fails here."""
        return [json.loads(line) for line in self.log_text().splitlines()]

    def events(self, name: str) -> list[Mapping[str, Any]]:
        return [line for line in self.lines() if line.get("event") == name]


def eventually(holds: Any, otherwise: str = "it did not happen", *, within: float = PATIENCE) -> None:
    """Wait until something holds that another process brings about."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)
