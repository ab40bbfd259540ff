"""`idp demo`: the server, two portals and an API, to see it work before anything is configured."""

import argparse
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from idp.errors import SettingsError


def add_parser(subparsers: Any) -> None:
    """Add the command to the sub-parsers of argparse."""
    parser = subparsers.add_parser(
        "demo",
        help="run a demonstration: the server, two portals and an API",
        description="Run the server with the demo realm, two portals and an API. Nothing is kept when it ends.",
    )
    parser.add_argument("--config", type=Path, metavar="DIR", help="directory with demo.yaml (default: realm-config)")
    parser.add_argument("--database", metavar="URL", help="keep people in this database (default: a temporary one)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port-base",
        type=_port,
        default=8080,
        metavar="PORT",
        help="the first of four ports in a row (default: %(default)s)",
    )
    parser.add_argument("--code", metavar="USER", help="print the current TOTP code of a demo account and stop")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when it was stopped, 1 when it could not start, with the reason on standard error."""
    from idp.demo.realm_file import Ports, find_config, load_realm
    from idp.demo.run import Commands, current_code
    from idp.demo.run import run as run_demo
    from idp.realm.problems import RealmFileError

    try:
        config = args.config or find_config()
        if args.code is not None:
            print(current_code(load_realm(config), args.code, now=int(time.time())))
            return 0
        from idp.app import create_app

        run_demo(
            identity_provider=create_app,
            config=config,
            ports=Ports(args.port_base),
            host=args.host,
            database=args.database,
            commands=Commands(idp=_as_called("idp", sys.argv[0]), python=_as_called("python", sys.executable)),
            say=_say,
        )
    except SettingsError as error:
        print(f"idp demo: {error}", file=sys.stderr)
        return 1
    except RealmFileError as error:
        print(*error.problems, sep="\n", file=sys.stderr)
        return 1
    return 0


def _as_called(name: str, path: str) -> str:
    """The name alone where the shell finds this very program by it, else the path."""
    found = shutil.which(name)
    return name if found and Path(found).absolute() == Path(path).absolute() else path


def _say(text: str) -> None:
    print(text, flush=True)  # at once, also into a pipe


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= port <= 65532:
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 1 to 65532")
    return port
