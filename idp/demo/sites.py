"""Several ASGI applications in one process, each on a port of its own, until somebody says stop."""

import errno
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

import uvicorn

from idp.errors import SettingsError

STARTING = 30.0  # seconds that an application has to start
STOPPING = 3  # seconds that requests under way have when it ends
LOOK = 0.2  # seconds between looks at whether all still run


@dataclass(frozen=True, kw_only=True)
class Site:
    """An application by its name, and the port of this machine that it answers on (0: any free one)."""

    name: str
    port: int
    app: Any


class _Running:
    """A site in a thread of its own; uvicorn leaves signals to the main thread then."""

    def __init__(self, site: Site, listening: socket.socket) -> None:
        self.site = site
        config = uvicorn.Config(
            site.app,
            log_config=None,
            ws="none",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=STOPPING,
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self._run, args=(listening,), name=site.name, daemon=True)
        self.thread.start()

    def _run(self, listening: socket.socket) -> None:
        with suppress(SystemExit):  # how uvicorn ends where the application does not start
            self.server.run(sockets=[listening])

    def stop(self) -> None:
        self.server.should_exit = True

    def wait_until_started(self) -> None:
        """Return once it answers. Raises SettingsError where it does not start; its own log says why."""
        deadline = time.monotonic() + STARTING
        while not self.server.started:
            if not self.thread.is_alive() or time.monotonic() > deadline:
                raise SettingsError(f"{self.site.name} did not start")
            self.thread.join(0.01)


def serve(
    sites: Sequence[Site],
    *,
    host: str,
    ready: Callable[[], object],
    stop: threading.Event,
    meanwhile: Callable[[], object] = lambda: None,
) -> None:
    """Serve until `stop` is set; `ready` is called once all sites answer, `meanwhile` again and again from then on.

    All sites are closed when this returns.

    Raises SettingsError for a port that is taken, before anything is started, and for a site that does not start or
    ends by itself.
    """
    with ExitStack() as closing:
        listening = [closing.enter_context(_listen(site, host)) for site in sites]
        running: list[_Running] = []
        closing.callback(_end, running)
        for site, socket_ in zip(sites, listening, strict=True):
            running.append(_Running(site, socket_))
        for one in running:
            one.wait_until_started()
        ready()
        while not stop.wait(LOOK):
            meanwhile()
            for one in running:
                if not one.thread.is_alive():
                    raise SettingsError(f"{one.site.name} has ended by itself")


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set, while this is entered in the main thread."""
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(site: Site, host: str) -> socket.socket:
    try:
        return socket.create_server((host, site.port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(
                f"port {site.port}, which {site.name} needs, is taken: end what listens there, "
                "or choose other ports with --port-base"
            ) from None
        raise SettingsError(f"{site.name} cannot listen on {host}:{site.port}: {error.strerror}") from None


def _end(running: Sequence[_Running]) -> None:
    for one in running:
        one.stop()
    for one in running:
        one.thread.join(STOPPING + 2)
