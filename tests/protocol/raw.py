"""Requests that no client library would send: bytes to the server's port, and what comes back."""

import socket
from dataclasses import dataclass

from tests.running import RunningServer


@dataclass(frozen=True)
class Answer:
    """A response, and whether the server closed the connection after it."""

    text: str

    @property
    def status(self) -> int:
        """Zero when the server closed without a word."""
        return int(self.text.split(" ", 2)[1]) if self.text.startswith("HTTP/1.1 ") else 0


def send(server: RunningServer, request: bytes) -> Answer:
    """The bytes as they are; the answer is read until the server closes, or waits for more that will not come."""
    received = b""
    with socket.create_connection(("127.0.0.1", server.settings.port), timeout=10) as connection:
        connection.sendall(request)
        while b"\r\n\r\n" not in received and (data := connection.recv(65536)):
            received += data
        connection.shutdown(socket.SHUT_WR)
        while data := connection.recv(65536):
            received += data
    return Answer(received.decode("latin-1"))


def get(server: RunningServer, target: str, *headers: str, host: str | None = None, method: str = "GET") -> Answer:
    """A request with the Host of the server, or with another; none for an empty one."""
    host = f"localhost:{server.settings.port}" if host is None else host
    lines = [f"{method} {target} HTTP/1.1", *([f"Host: {host}"] if host else []), *headers, "Connection: close", "", ""]
    return send(server, "\r\n".join(lines).encode("latin-1"))
