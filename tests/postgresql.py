"""A PostgreSQL server of the tests' own, in a temporary folder: nothing of the machine's own clusters is touched.

`python -m tests.postgresql COMMAND …` runs a command with the server's address in `IDP_TEST_POSTGRESQL`.
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

VARIABLE = "IDP_TEST_POSTGRESQL"
OWNER = "postgres"
PATIENCE = 60  # seconds until a server that does not answer counts as broken

# Nothing here has to survive a power cut. A client or a server process that is killed loses nothing all the same.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "400",
}


class NotStartedError(Exception):
    """The server is not installed or does not come up; the message is its own log."""


class Cluster:
    """A running server; `url` is a SQLAlchemy URL without a database, for a superuser with a password of its own."""

    def __init__(self, **settings: str) -> None:
        self.programs = _programs()
        self.settings = SETTINGS | settings
        self.account = OWNER if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        self.folder = Path(tempfile.mkdtemp(prefix="idp-postgresql-"))
        try:
            self.password = self._initialise()
            self.port, self.process = self._start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        self.url = f"postgresql+psycopg://{OWNER}:{self.password}@127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop the server and delete its folder."""
        self.process.terminate()
        try:
            self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder)

    def _initialise(self) -> str:
        """Make the data folder; returns the superuser's password, so that no other account of the machine gets in."""
        password = secrets.token_hex(16)
        password_file = self.folder / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(password)
        if self.account:
            shutil.chown(self.folder, self.account)
            shutil.chown(password_file, self.account)
        done = subprocess.run(
            [
                self.programs / "initdb",
                f"--pgdata={self.folder / 'data'}",
                f"--username={OWNER}",
                f"--pwfile={password_file}",
                # The default, SCRAM, costs milliseconds a connection, and only this machine can connect.
                "--auth=md5",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ],
            cwd=self.folder,
            user=self.account,
            group=self.account,
            extra_groups=[] if self.account else None,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NotStartedError(done.stderr)
        return password

    def _start(self) -> tuple[int, subprocess.Popen[bytes]]:
        """Start on a free port; another program may take that port in between, so there are several attempts."""
        log = self.folder / "log"
        for _ in range(5):
            port = _free_port()
            settings = [f"--{name}={value}" for name, value in {**self.settings, "port": port}.items()]
            with log.open("wb") as output:
                process = subprocess.Popen(
                    # The signal stops the server even when the tests were killed and nobody is left to stop it.
                    [
                        "setpriv",
                        "--pdeathsig",
                        "INT",
                        self.programs / "postgres",
                        "-D",
                        self.folder / "data",
                        *settings,
                    ],
                    cwd=self.folder,
                    user=self.account,
                    group=self.account,
                    extra_groups=[] if self.account else None,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            if self._answers(process, port):
                return port, process
        raise NotStartedError(log.read_text())

    def _answers(self, process: subprocess.Popen[bytes], port: int) -> bool:
        """Wait until the server answers; False when it has ended instead."""
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None:
            try:
                psycopg.connect(
                    host="127.0.0.1", port=port, user=OWNER, password=self.password, dbname="postgres"
                ).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    process.kill()
                    process.wait()
                    return False
                time.sleep(0.05)
            else:
                return True
        return False


def _programs() -> Path:
    """The folder of the newest server installed; Debian keeps it off the path."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if versions:
        return versions[-1].parent
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    raise NotStartedError("PostgreSQL's server is not installed: apt-get install postgresql")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(command: list[str]) -> int:
    """Run the command while a server is up; returns its exit status."""
    cluster = Cluster()
    try:
        return subprocess.run(command, env={**os.environ, VARIABLE: cluster.url}, check=False).returncode
    finally:
        cluster.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
