"""`idp serve`: the server, in one process or in several on one port."""

import argparse
import logging
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from functools import partial
from socket import socket
from typing import Any

from idp.cli import listening
from idp.cli.allocation import give_back, share_one_arena
from idp.cli.collecting import keep, undisturbed
from idp.cli.options import (
    add_breached_passwords,
    add_config,
    add_database,
    add_public_url,
    add_themes,
    port,
    settings_of,
    workers,
)
from idp.events import log
from idp.settings import SECRET_KEY_VARIABLE, Settings

_STOPS_WITHIN = 10  # seconds that requests under way get


def add_parser(subparsers: Any) -> None:
    """Add the command to the sub-parsers of argparse."""
    parser = subparsers.add_parser(
        "serve",
        help="run the server",
        description="Run the server. Production stands behind a proxy that ends TLS, and needs "
        f"{SECRET_KEY_VARIABLE} in the environment: base64 of 32 random bytes.",
    )
    add_config(parser)
    add_database(parser)
    parser.add_argument("--host", default="127.0.0.1", metavar="H", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=port, default=8080, metavar="P", help="port to listen on (default: 8080)")
    add_public_url(parser, "http://localhost:PORT")
    parser.add_argument("--workers", type=workers, default=1, metavar="N", help="processes (default: 1)")
    parser.add_argument(
        "--trusted-proxy",
        action="append",
        default=[],
        metavar="CIDR",
        help="a proxy whose X-Forwarded-For counts; may be repeated (default: none)",
    )
    parser.add_argument(
        "--reachable-network",
        action="append",
        default=[],
        metavar="CIDR",
        help="a private network that addresses of clients may lead into; may be repeated (default: none)",
    )
    parser.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="HOST",
        help="another Host value to answer to, such as the name inside a network; never used to make addresses",
    )
    add_themes(parser)
    add_breached_passwords(parser)
    parser.add_argument(
        "--dev", action="store_true", help="development: published key, demo accounts, http; never for production"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop; raises SettingsError or RealmFileError for what could not be served."""
    log.configure()
    share_one_arena()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings = settings_of(args)
    sockets = listening.sockets(settings.host, settings.port)
    options: dict[str, Any] = {
        "workers": args.workers,
        # Whose forwarding headers count is decided by --trusted-proxy, in web/intake.py.
        "proxy_headers": False,
        "server_header": False,
        "access_log": False,
        "log_config": None,
        "loop": "uvloop",
        "http": "idp.web.parser:Parser",
        "timeout_keep_alive": 15,
        "timeout_graceful_shutdown": _STOPS_WITHIN,
    }
    try:
        (_alone if args.workers == 1 else _several)(settings, sockets, options)
    finally:
        for listener in sockets:
            listener.close()
    return 0


def _alone(settings: Settings, sockets: list[socket], options: dict[str, Any]) -> None:
    with undisturbed():
        import uvicorn

        from idp.app import create_app

        app = create_app(settings)
    keep()
    give_back()
    _say_where(settings)
    uvicorn.Server(uvicorn.Config(app, **options)).run(sockets)


def _several(settings: Settings, sockets: list[socket], options: dict[str, Any]) -> None:
    """Each process makes the application for itself; their metrics are added up in a directory that they share."""
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from idp.app import create_app

    # What is wrong with the settings is told once, and what is done once (SQLite's migration, keys) is done once.
    create_app(settings).state.close()
    with tempfile.TemporaryDirectory(prefix="idp-metrics-") as directory:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = directory
        _say_where(settings)
        Multiprocess(uvicorn.Config(partial(worker, settings), factory=True, **options), sockets).run()


def worker(settings: Settings) -> Any:
    """The application of one of several processes, which does not outlive the first."""
    log.configure()
    share_one_arena()
    if (first := multiprocessing.parent_process()) is not None:
        threading.Thread(target=_end_after, args=(first,), daemon=True).start()
    try:
        with undisturbed():
            from idp.app import create_app

            app = create_app(settings)
    except Exception:
        # The supervisor tries again, until the database is back.
        logging.getLogger(__name__).exception("a process could not start")
        sys.exit(1)
    keep()
    give_back()
    return app


def _end_after(first: Any) -> None:
    first.join()
    os.kill(os.getpid(), signal.SIGTERM)


def _say_where(settings: Settings) -> None:
    logging.getLogger(__name__).info(
        "listening on %s port %s as %s%s",
        settings.host,
        settings.port,
        settings.public_url,
        ", in development: not for production" if settings.dev else "",
    )
    if not settings.dev and not settings.is_https:
        logging.getLogger(__name__).warning(
            "only browsers of this machine can sign in at %s: name by --public-url where others reach the server",
            settings.public_url,
        )
    if settings.is_https and not settings.trusted_proxies:
        logging.getLogger(__name__).warning(
            "everybody seems to come from where the proxy is, to rules, limits and the log: name it by --trusted-proxy"
        )
