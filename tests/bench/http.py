"""A client that costs next to nothing: requests are bytes made beforehand, answers are cut where they must be read."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlencode

_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; `head` is everything before the body."""

    status: int
    head: bytes
    body: bytes

    @property
    def location(self) -> str:
        """Where a redirect goes."""
        return self.values("location")[0]

    @property
    def cookies(self) -> str:
        """What was set, as a browser sends it back."""
        return "; ".join(value.partition(";")[0] for value in self.values("set-cookie"))

    def values(self, name: str) -> list[str]:
        """Those of a header."""
        start = f"{name}:".encode()
        lines = (line for line in self.head.split(b"\r\n") if line[: len(start)].lower() == start)
        return [line[len(start) :].strip().decode("latin-1") for line in lines]


class Connection(asyncio.Protocol):
    """A connection that stays open, for one request at a time (RFC 9112; the server always sends Content-Length)."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._answer: asyncio.Future[Answer] | None = None
        self._transport: asyncio.Transport | None = None
        self._closed = asyncio.Event()
        self._body_at = self._whole = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is none by its class

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()
        if self._answer and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._whole:
            end = self._buffer.find(_END)
            if end < 0:
                return
            at = self._buffer.lower().index(b"content-length:", 0, end + 2) + len(b"content-length:")
            self._body_at = end + len(_END)
            self._whole = self._body_at + int(self._buffer[at : self._buffer.index(b"\r", at)])
        if len(self._buffer) >= self._whole and self._answer:
            raw = bytes(self._buffer)
            answer = Answer(int(raw[9:12]), raw[: self._body_at], raw[self._body_at : self._whole])
            del self._buffer[: self._whole]
            self._whole = 0
            self._answer.set_result(answer)

    async def send(self, request: bytes) -> Answer:
        """The answer to a request."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            await self._closed.wait()


@asynccontextmanager
async def connected(port: int, count: int = 1) -> AsyncIterator[list[Connection]]:
    """Connections to a server of this machine."""
    connect = asyncio.get_running_loop().create_connection
    connections = [(await connect(Connection, "127.0.0.1", port))[1] for _ in range(count)]
    try:
        yield connections
    finally:
        for connection in connections:
            await connection.close()


def get(port: int, target: str, **headers: str) -> bytes:
    """A GET request; `target` is a path with its query, or a URL."""
    return _head("GET", port, target, headers).encode() + b"\r\n"


def post(port: int, target: str, form: Mapping[str, str], **headers: str) -> bytes:
    """A POST request with a form."""
    return post_body(port, target, urlencode(form).encode(), "application/x-www-form-urlencoded", **headers)


def post_body(port: int, target: str, body: bytes, content_type: str, **headers: str) -> bytes:
    """A POST request with any body."""
    headers |= {"Content-Type": content_type, "Content-Length": str(len(body))}
    return _head("POST", port, target, headers).encode() + b"\r\n" + body


def _head(method: str, port: int, target: str, headers: dict[str, str]) -> str:
    host = f"localhost:{port}"
    path = target.removeprefix(f"http://{host}")
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{n.replace('_', '-')}: {v}" for n, v in headers.items())]
    return "\r\n".join(lines) + "\r\n"
