"""A server in a process of its own, on a core of its own, and what it uses of it."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from tests.bench.cores import pinned

_PATIENCE = 60
_TICKS = os.sysconf("SC_CLK_TCK")
# What is started is compiled once and kept, as pip leaves an installed package.
_BYTECODE = tempfile.TemporaryDirectory(prefix="idp-bench-")
FINEST = 1 / _TICKS  # seconds: the system counts processor time no finer


class Process:
    """A running server: `python *command`, with `{port}` in it; `started_in`: seconds until `path` was answered.

    `database`: its URL, where it has one.
    """

    database = ""

    def __init__(self, folder: Path, *command: str, path: str, environ: Mapping[str, str]) -> None:
        self.port = _free_port()
        self._path = path
        began = time.perf_counter()
        with (folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                pinned(sys.executable, *(part.format(port=self.port) for part in command)),
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": _BYTECODE.name, **environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait(folder / "log", began + _PATIENCE)
        self.started_in = time.perf_counter() - began
        self.started_with = self.processor

    @property
    def processor(self) -> float:
        """Processor seconds that it has used so far, all threads together."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def memory(self) -> float:
        """Resident memory in MB (10^6 bytes)."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024 / 1e6

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait(self, log: Path, deadline: float) -> None:
        while not self._answers():
            if self._process.poll() is not None or time.perf_counter() > deadline:
                self.stop()
                raise RuntimeError(log.read_text())
            time.sleep(0.002)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(f"GET {self._path} HTTP/1.0\r\nHost: localhost:{self.port}\r\n\r\n".encode())
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
        except OSError:
            return False
        return answer.startswith(b"HTTP/1.1 200")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
