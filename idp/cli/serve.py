"""`idp serve`: the server, in one process or in several on one port."""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

from idp.cli.options import add_config, add_database, settings_of
from idp.events import log

_ARGUMENTS_VARIABLE = "IDP_SERVE_ARGUMENTS"


def add_parser(subparsers: Any) -> None:
    """Add the command to the sub-parsers of argparse."""
    parser = subparsers.add_parser(
        "serve", help="run the server", description="Run the server. Production stands behind a proxy that ends TLS."
    )
    add_config(parser)
    add_database(parser)
    parser.add_argument("--host", default="127.0.0.1", metavar="H", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8080, metavar="P", help="port to listen on (default: 8080)")
    parser.add_argument(
        "--public-url", metavar="URL", help="where browsers reach the server (default: http://localhost:PORT)"
    )
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default: 1)")
    parser.add_argument(
        "--trusted-proxy",
        action="append",
        default=[],
        metavar="CIDR",
        help="a proxy whose X-Forwarded-For counts; may be repeated (default: none)",
    )
    parser.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="HOST",
        help="another Host value to answer to, such as the name inside a network; never used to make addresses",
    )
    parser.add_argument(
        "--themes", action="append", type=Path, default=[], metavar="DIR", help="a directory of your own themes"
    )
    parser.add_argument(
        "--dev", action="store_true", help="development: published key, demo accounts, http; never for production"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop; raises SettingsError or RealmFileError for what could not be served."""
    log.configure()
    settings = settings_of(args)
    options: dict[str, Any] = {
        "host": settings.host,
        "port": settings.port,
        # Whose forwarding headers count is decided by --trusted-proxy, in web/intake.py.
        "proxy_headers": False,
        "server_header": False,
        "access_log": False,
        "log_config": None,
        "loop": "uvloop",
        "http": "httptools",
        "timeout_keep_alive": 15,
        "timeout_graceful_shutdown": 10,
    }
    if args.workers == 1:
        import uvicorn

        from idp.app import create_app

        uvicorn.run(create_app(settings), **options)
        return 0
    return _several(args, options)


def _several(args: argparse.Namespace, options: dict[str, Any]) -> int:
    """Each process makes the application for itself; their metrics are added up in a directory that they share."""
    with tempfile.TemporaryDirectory(prefix="idp-metrics-") as directory:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = directory
        os.environ[_ARGUMENTS_VARIABLE] = repr_arguments(args)
        import uvicorn

        uvicorn.run("idp.cli.serve:worker", factory=True, workers=args.workers, **options)
    return 0


def repr_arguments(args: argparse.Namespace) -> str:
    """What a worker needs to parse the same settings; the secret key is in the environment already."""
    import json

    words: list[str] = ["--config", str(args.config), "--database", args.database, "--host", args.host]
    words += ["--port", str(args.port)]
    for option, values in (
        ("--public-url", [args.public_url] if args.public_url else []),
        ("--trusted-proxy", args.trusted_proxy),
        ("--allowed-host", args.allowed_host),
        ("--themes", map(str, args.themes)),
    ):
        for value in values:
            words += [option, value]
    return json.dumps([*words, "--dev"] if args.dev else words)


def worker() -> Any:
    """The application of one of several processes."""
    import json

    from idp.app import create_app

    log.configure()
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    add_parser(subparsers)
    return create_app(settings_of(parser.parse_args(["serve", *json.loads(os.environ[_ARGUMENTS_VARIABLE])])))
