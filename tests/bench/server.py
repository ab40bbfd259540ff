"""`idp serve` in a process of its own, on a core of its own, with a realm file made for the benchmark."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.cores import pinned
from tests.bench.seed import REALM
from tests.running import write_realms

PROTOCOL = f"/realms/{REALM}/protocol/openid-connect"
DISCOVERY = f"/realms/{REALM}/.well-known/openid-configuration"
PORTAL = ("portal", "a secret of the benchmark's portal")
REPORT = ("report", "a secret of the benchmark's program")
CALLBACK = "http://localhost:1/callback"
_PATIENCE = 60
_TICKS = os.sysconf("SC_CLK_TCK")
FINEST = 1 / _TICKS  # seconds: the system counts processor time no finer

REALM_FILE = {
    "realm": REALM,
    "keys": {"rsa_bits": 2048},
    "levels": {"password": {"factors": 1}, "two-factor": {"factors": 2}},
    "factors": {"password": {}, "totp": {}, "recovery-codes": {}},
    "second_factor": {"rules": [{"name": "everybody", "level": "two-factor"}]},
    "roles": {"developer": {}},
    "clients": [
        {
            "client_id": PORTAL[0],
            "client_secret": PORTAL[1],
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "scope": "openid profile email",
        },
        {
            "client_id": REPORT[0],
            "client_secret": REPORT[1],
            "grant_types": ["client_credentials"],
            "scope": "email",
        },
    ],
}


class Server:
    """A running server. `started_in`: seconds from the start of the process to its first answered discovery."""

    def __init__(self, folder: Path, database: str) -> None:
        config = folder / "realm-config"
        write_realms(config, REALM_FILE)
        self.port = _free_port()
        command = ["-m", "idp.cli.main", "serve", "--dev", "--config", str(config), "--port", str(self.port)]
        began = time.perf_counter()
        with (folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                pinned(sys.executable, *command),
                env={**os.environ, "IDP_DATABASE": database},
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
                connection.sendall(f"GET {DISCOVERY} HTTP/1.0\r\nHost: localhost:{self.port}\r\n\r\n".encode())
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
        except OSError:
            return False
        head, _, body = answer.partition(b"\r\n\r\n")
        return head.startswith(b"HTTP/1.1 200") and "issuer" in json.loads(body)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
