"""Where portals receive people back: a real HTTP server, so that Chromium's rules for the way there are in force."""

import html
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.running import demo_client, demo_realm


class Arrival:
    """Answers every address with a page that only says so. `received`: the parameters of each request, oldest first."""

    def __init__(self) -> None:
        received: list[dict[str, str]] = []

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                address = urlsplit(self.path)
                if address.path == "/favicon.ico":
                    self.send_error(204)
                    return
                self._greet(dict(parse_qsl(address.query)))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self._greet(dict(parse_qsl(body.decode())))

            def _greet(self, parameters: dict[str, str]) -> None:
                received.append(parameters)
                shown = html.escape(", ".join(parameters) or "nothing")
                body = f"<!doctype html><html lang=en><title>Arrived</title><p>With {shown}.".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the method overridden
                """Nobody reads it."""

        self.received = received
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
        self.url = f"http://localhost:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def client(self, client_id: str, **changed: Any) -> dict[str, Any]:
        """A client of the demo realm whose people come back here."""
        client = demo_client(client_id)
        client["redirect_uris"] = [f"{self.url}/{client_id}"]
        if "post_logout_redirect_uris" in client:
            client["post_logout_redirect_uris"] = [f"{self.url}/{client_id}/left"]
        return client | changed

    def realm(self, *clients: dict[str, Any], **changed: Any) -> dict[str, Any]:
        """The demo realm with its two portals here; whoever moves money must just have proven who they are."""
        realm = demo_realm(clients=list(clients or (self.client("portal"), self.client("billing"))))
        payments = {"name": "payments", "when": {"scopes": ["payments"]}, "level": "two-factor", "max_age": "5m"}
        realm["second_factor"]["rules"].append(payments)
        return realm | changed

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
