"""An ASGI application behind a real HTTP server on loopback."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn


@contextmanager
def serving(app: Any, *sockets: socket.socket) -> Iterator[str]:
    """The base URL of the running application, on a free port or on these sockets (the URL is that of the first)."""
    listening = sockets or (socket.create_server(("127.0.0.1", 0)),)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": list(listening)}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        for one in listening:
            one.close()
