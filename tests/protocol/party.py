"""Another party's web server: says what it is told to say, and remembers what it was sent."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from urllib.parse import parse_qsl

PATIENCE = 20.0


@dataclass(frozen=True)
class Received:
    """A request that came in."""

    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]


@dataclass
class Says:
    """What an address answers. One that is `silent` holds the line until the test is over."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    is_silent: bool = False


class Party:
    """Listens on a free loopback port. `says[path]` is its answer, 200 where there is none."""

    def __init__(self) -> None:
        self.says: dict[str, Says] = {}
        self.received: Queue[Received] = Queue()
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def next(self) -> Received:
        """The next request, however long it takes to come."""
        return self.received.get(timeout=PATIENCE)

    def heard_nothing(self) -> bool:
        try:
            self.received.get_nowait()
        except Empty:
            return True
        return False

    def close(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> Callable[..., BaseHTTPRequestHandler]:
        party = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # the library's name
                length = int(self.headers.get("content-length", "0"))
                form = dict(parse_qsl(self.rfile.read(length).decode()))
                party.received.put(
                    Received(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, form)
                )
                says = party.says.get(self.path.partition("?")[0], Says())
                if says.is_silent:
                    party._over.wait(PATIENCE)
                    return
                self.send_response(says.status)
                for name, value in says.headers:
                    self.send_header(name, value)
                self.send_header("content-length", str(len(says.body)))
                self.end_headers()
                self.wfile.write(says.body)

            do_POST = do_GET  # noqa: N815  # the library's name

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        return Handler
