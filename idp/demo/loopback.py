"""The redirect that ends at a native application: one request to a port of this machine (RFC 8252 section 7.3)."""

import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

PATH = "/callback"
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>{title}</title>
<body style="font: 1.1rem/1.6 system-ui, sans-serif; max-width: 30rem; margin: 20vh auto; padding: 0 1.5rem">
<h1 style="font-size: 1.6rem">{title}</h1><p>{text}</p></body></html>"""


class Loopback:
    """Listens on a free port while it is entered. Whatever does not carry `state` is answered and not listened to."""

    def __init__(self, *, state: str) -> None:
        self._state = state
        self._answer: dict[str, str] | None = None
        self._arrived = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.redirect_uri = f"http://127.0.0.1:{self._server.server_address[1]}{PATH}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self, patience: float) -> dict[str, str] | None:
        """The parameters of the response, or None where none came within `patience` seconds."""
        self._arrived.wait(patience)
        return self._answer

    def _accept(self, target: str) -> bool:
        """Take the first response that carries the state: any page in the browser can call this port."""
        parts = urlsplit(target)
        sent = parse_qs(parts.query, keep_blank_values=True, max_num_fields=20)
        if parts.path != PATH or any(len(values) > 1 for values in sent.values()):
            return False
        answer = {name: values[0] for name, values in sent.items()}
        if (
            not secrets.compare_digest(answer.get("state", "").encode(), self._state.encode())
            or self._answer is not None
        ):
            return False
        self._answer = answer
        return True

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                try:
                    accepted = loopback._accept(self.path)
                except ValueError:
                    accepted = False
                self._say(accepted)
                if accepted:
                    loopback._arrived.set()

            def _say(self, accepted: bool) -> None:
                body = (
                    _PAGE.format(title="Back to the terminal", text="You may close this window.")
                    if accepted
                    else _PAGE.format(title="Not what was waited for", text="Start again in the terminal.")
                ).encode()
                self.send_response(200 if accepted else 400)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is inherited
                """Say nothing: the request holds the code."""

        return Handler
