"""`idp demo` as a newcomer starts it: in a directory of their own, from a shell, stopped with Ctrl-C."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from idp.demo.client import main as pay
from tests.demo.ports import free_ports
from tests.demo.surfer import Surfer
from tests.visitor import PASSWORD

IDP = (sys.executable, "-m", "idp.cli.main")


class Demo:
    """The running command. `said` is what it printed before it was ready."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.temporary = directory / "here", directory / "temporary"
        for made in (self.directory, self.temporary):
            made.mkdir()
        self.ports = free_ports()
        self.process = subprocess.Popen(
            [*IDP, "demo", "--port-base", str(self.ports.base)],
            cwd=self.directory,
            env=os.environ | {"TMPDIR": str(self.temporary), "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said = ""
        assert self.process.stdout
        for line in self.process.stdout:
            self.said += line
            if line.startswith("Stop with Ctrl-C."):
                return
        raise AssertionError(self.process.communicate()[1])

    def end(self, how: signal.Signals) -> tuple[int, str]:
        """Its exit status, and what it said on standard error in all its time."""
        self.process.send_signal(how)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors

    def leftovers(self) -> list[Path]:
        return [*self.directory.iterdir(), *self.temporary.iterdir()]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    running = Demo(tmp_path)
    yield running
    running.process.kill()
    running.process.communicate()


def test_all_that_it_names_answers_and_ada_signs_in_and_pays(demo: Demo, capsys: pytest.CaptureFixture[str]) -> None:
    portal, billing, api = (
        f"http://localhost:{port}/" for port in (demo.ports.portal, demo.ports.billing, demo.ports.api)
    )
    issuer = f"http://localhost:{demo.ports.base}/realms/demo"
    with httpx.Client(trust_env=False) as http:
        for url in (portal, billing, api, issuer + "/.well-known/openid-configuration"):
            assert http.get(url).status_code == 200
            assert url.removesuffix("/.well-known/openid-configuration") in demo.said
    assert re.search(rf"ada +{PASSWORD} +[0-9]{{6}}, for [0-9]+ s", demo.said)
    assert re.search(rf"alice +{PASSWORD} +none yet", demo.said)

    surfer = Surfer(lambda: int(time.time()))
    page = surfer.sign_in(surfer.get(portal + "login"), "ada")
    assert "Ada Admin" in page.html
    assert '<span class="badge">two-factor</span>' in page.html
    assert pay(["--issuer", issuer, "--api", api, "--patience", "20"], open_url=surfer.get) == 0
    assert '201 {"paid": "12.50"' in capsys.readouterr().out
    assert surfer.asked() == ["password", "totp"]
    surfer.close()

    assert demo.end(signal.SIGINT) == (0, "")
    assert demo.leftovers() == []


def test_it_ends_cleanly_when_the_machine_says_so(demo: Demo) -> None:
    assert demo.end(signal.SIGTERM) == (0, "")
    assert demo.leftovers() == []


def test_a_taken_port_is_told_in_a_sentence(tmp_path: Path) -> None:
    ports = free_ports()
    with socket.create_server(("127.0.0.1", ports.billing)):
        ended = subprocess.run(
            [*IDP, "demo", "--port-base", str(ports.base)], cwd=tmp_path, capture_output=True, text=True, check=False
        )
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"idp: port {ports.billing}, which the billing portal needs, is taken: ")
    assert ended.stderr.count("\n") == 1
