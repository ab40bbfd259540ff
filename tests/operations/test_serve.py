"""`idp serve` as a process: it starts, says where, ends when told, and leaves nothing half done."""

import base64
import os
import socket
import stat
from pathlib import Path

import httpx
import pytest

from tests.operations.conftest import Serve, plain_realm
from tests.operations.serving import SECRET_KEY, eventually, run
from tests.running import demo_realm, write_realms

PORTAL = {"PORTAL_SECRET": "a secret of the portal"}


def secret_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def test_a_request_under_way_is_answered_before_it_ends(serve: Serve) -> None:
    server = serve()
    body = b"grant_type=client_credentials"
    head = (
        f"POST {server.endpoint('token').removeprefix(server.url)} HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head.encode() + body[:5])
        eventually(lambda: httpx.get(f"{server.address}/health/live").status_code == 200)
        server.process.terminate()
        eventually(lambda: "Shutting down" in server.log_text())
        connection.sendall(body[5:])
        answer = b""
        while received := connection.recv(4096):
            answer += received
    assert b"invalid_client" in answer
    assert server.process.wait(10) == 0


@pytest.mark.parametrize("trusted", [(), ("--trusted-proxy", "127.0.0.1")])
def test_whoever_names_no_proxy_is_told_that_addresses_are_not_known(serve: Serve, trusted: tuple[str, ...]) -> None:
    """A rule that spares the company's networks would spare everybody, and one guesser slow everybody down."""
    arguments = ("--public-url", "https://login.example.com", *trusted)
    server = serve(plain_realm(), arguments=arguments, **{SECRET_KEY: secret_key(), **PORTAL})

    warnings = [line["message"] for line in server.lines() if line["level"] == "warning"]
    assert [w.rpartition(": ")[2] for w in warnings] == ([] if trusted else ["name it by --trusted-proxy"])


@pytest.mark.attack
def test_nobody_says_behind_a_body_where_they_are(serve: Serve) -> None:
    """What the proxy says stands in front of it; the last word would be the client's, and spare it a second factor."""
    server = serve(arguments=("--dev", "--trusted-proxy", "127.0.0.1"))
    body = "grant_type=client_credentials&client_id=portal&client_secret=wrong"
    head = (
        f"POST {server.endpoint('token').removeprefix(server.url)} HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nX-Forwarded-For: 203.0.113.7\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(f"{head}{len(body):x}\r\n{body}\r\n0\r\nX-Forwarded-For: 10.1.2.3\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 401 ")

    assert [event["address"] for event in server.events("client.refused")] == ["203.0.113.7"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_whoever_asks_for_websocket_is_answered_in_http_and_nobody_is_alarmed(serve: Serve, method: str) -> None:
    server = serve()
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    answer = httpx.request(method, f"{server.address}/realms/demo/nowhere", headers=upgrade)
    assert answer.status_code == 404
    assert server.terminate() == 0
    assert "WebSocket" not in server.log_text()
    assert {line["level"] for line in server.lines()} == {"info"}


def test_a_port_in_use_is_told_in_a_sentence(tmp_path: Path) -> None:
    write_realms(tmp_path / "realm-config", demo_realm())
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        status, _, error = run("serve", "--dev", "--port", port, cwd=tmp_path)
    assert status == 1
    assert error.startswith(f"idp: port {port} of 127.0.0.1 is in use: ")
    assert error.count("\n") == 1


def test_a_production_server_keeps_what_it_was_given(serve: Serve, empty_database_url: str) -> None:
    server = serve(plain_realm(), arguments=(), **{SECRET_KEY: secret_key(), **PORTAL})
    page = httpx.get(f"{server.url}/realms/demo/nowhere", headers={"accept": "text/html"})
    assert (page.status_code, "production" in page.text) == (404, False)
    if empty_database_url.startswith("sqlite"):
        path = Path(empty_database_url.removeprefix("sqlite:///"))
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.glob(f"{path.name}*")}
        assert set(modes.values()) == {0o600}, modes

    assert server.terminate() == 0
    assert all({"time", "level"} <= line.keys() for line in server.lines())
    (warning,) = [line["message"] for line in server.lines() if line["level"] == "warning" and "message" in line]
    assert warning.startswith(f"only browsers of this machine can sign in at {server.url}: name by --public-url")
    arguments = ("--config", server.config, "--database", server.database, "--port", server.port)
    status, _, error = run("serve", *arguments, environ={SECRET_KEY: secret_key(), **PORTAL})
    assert (status, "Traceback" in error) == (1, False)
    assert "IDP_SECRET_KEY is not the key that this database was made with" in error
