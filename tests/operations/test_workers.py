"""`idp serve --workers 2`: whichever process answers, the answer is the same."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.operations.conftest import Serve
from tests.operations.serving import ServedProcess, eventually, run
from tests.portal import Portal
from tests.running import demo_realm, write_realms
from tests.visitor import Visitor

# A connection is one process's: without keep-alive each request may reach another.
ALONE = {"connection": "close"}


@pytest.fixture(scope="module")
def server(serve_once: Serve) -> ServedProcess:
    return serve_once(arguments=("--dev", "--workers", "2"))


def test_a_sign_in_goes_on_in_whichever_process_it_reaches(
    server: ServedProcess, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    billing, visitor = register(server, "billing"), visit(server)
    visitor.http.headers.update(ALONE)
    billing.http.headers.update(ALONE)
    tokens = billing.sign_in(visitor, "alice")
    assert billing.verified(tokens.access)["acr"] == "two-factor"
    assert billing.refresh(tokens.refresh).status == 200


def test_all_processes_publish_the_same_keys(server: ServedProcess) -> None:
    def published(_: int) -> str:
        return httpx.get(server.endpoint("certs"), headers=ALONE, timeout=20).text

    with ThreadPoolExecutor(8) as threads:
        sets = set(threads.map(published, range(16)))
    assert len(sets) == 1
    assert len([e for e in server.events("key.created") if e["realm"] == "demo"]) == 2


def test_the_metrics_add_up_over_the_processes(server: ServedProcess) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: httpx.post(server.endpoint("token"), data={"a": "b"}, headers=ALONE), range(12)))
    wanted = 'idp_events_total{event="token.refused",realm="demo"} 12.0'
    for _ in range(4):
        assert wanted in httpx.get(f"{server.url}/metrics", headers=ALONE).text


def test_a_new_realm_file_reaches_every_process_with_one_pair_of_keys(server: ServedProcess) -> None:
    write_realms(server.config, demo_realm("second"))
    eventually(lambda: len([e for e in server.events("realm.loaded") if e["realm"] == "second"]) == 2)
    sets = {httpx.get(server.endpoint("certs", "second"), headers=ALONE).text for _ in range(8)}
    assert len(sets) == 1
    assert len([e for e in server.events("key.created") if e["realm"] == "second"]) == 2
    assert not server.events("realm.rejected")


def test_a_process_that_died_is_replaced_and_none_outlives_the_first(serve: Serve) -> None:
    server = serve(arguments=("--dev", "--workers", "2"))
    eventually(lambda: server.log_text().count("Application startup complete") == 2)
    started = next(m for line in server.lines() if (m := line.get("message", "")).startswith("Started server process"))
    os.kill(int(started.split("[")[1].rstrip("]")), signal.SIGKILL)
    eventually(lambda: server.log_text().count("Application startup complete") == 3)
    assert httpx.get(f"{server.url}/health/ready").status_code == 200

    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    eventually(lambda: server.log_text().count("Finished server process") == 2)


def test_what_is_wrong_is_told_once(tmp_path: Path) -> None:
    config = tmp_path / "realm-config"
    config.mkdir()
    (config / "demo.yaml").write_text("realm: demo\nfactor: {}\n")
    status, _, error = run("serve", "--dev", "--workers", "2", "--port", "18377", cwd=tmp_path)
    assert status == 1
    assert error.count("unknown key 'factor'") == 1
    assert "Traceback" not in error


def test_all_end_when_the_first_is_told_to(server: ServedProcess) -> None:
    assert server.terminate() == 0
    assert server.log_text().count("Finished server process") == 2
