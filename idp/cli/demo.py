"""`idp demo`: the server, two portals and an API, to see it work before anything is configured."""

import argparse
import logging
import shutil
import sys
import time
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the command to the sub-parsers of argparse."""
    parser = subparsers.add_parser(
        "demo",
        help="run a demonstration: the server, two portals and an API",
        description="Run the server with the demo realm, two portals and an API. Without --database nothing is kept "
        "when it ends.",
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
    """Run until told to stop; raises SettingsError or RealmFileError for what cannot start."""
    from idp.demo.realm_file import Ports, find_config, load_realm
    from idp.demo.run import current_code
    from idp.demo.run import run as run_demo
    from idp.demo.terminal import Terminal

    config = args.config or find_config()
    if args.code is not None:
        print(current_code(load_realm(config), args.code, now=int(time.time())))
        return 0
    terminal = Terminal(sys.stdout)
    terminal.say("Starting the demonstration …")
    logging.basicConfig(level=logging.INFO, handlers=[terminal], force=True)
    from idp.app import create_app

    try:
        run_demo(
            identity_provider=create_app,
            config=config,
            ports=Ports(args.port_base),
            host=args.host,
            database=args.database,
            commands=_commands(),
            say=terminal.say,
            show=terminal.show,
        )
    finally:
        terminal.end()
    return 0


def _commands() -> Any:
    """How this program and its Python are called from another terminal: by name where every shell finds them."""
    from idp.demo.run import Commands

    python = _as_called("python", sys.executable)
    started_as = Path(sys.argv[0])
    if started_as.name == "main.py":  # python -m idp.cli.main
        return Commands(python=python, idp=f"{python} -m idp.cli.main")
    return Commands(python=python, idp=_as_called("idp", str(started_as.absolute())))


def _as_called(name: str, path: str) -> str:
    # Another terminal has not activated the virtual environment of this one.
    in_environment = sys.prefix != sys.base_prefix
    found = shutil.which(name)
    return name if found and not in_environment and Path(found).absolute() == Path(path) else path


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= port <= 65532:
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 1 to 65532")
    return port
