"""Options that several commands share, and what they come to."""

import argparse
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from idp.addresses import ip_address
from idp.errors import SettingsError
from idp.settings import (
    DEFAULT_DATABASE,
    Settings,
    checked_database,
    checked_public_url,
    reachable_networks,
    secret_keys,
    trusted_networks,
)
from idp.store.database import Database
from idp.store.migrations import ensure_migrated

CONFIG_VARIABLE = "IDP_CONFIG"
DATABASE_VARIABLE = "IDP_DATABASE"
PUBLIC_URL_VARIABLE = "IDP_PUBLIC_URL"
BREACHED_VARIABLE = "IDP_BREACHED_PASSWORDS"


def default_config() -> Path:
    """The directory of the realm files where none is named."""
    return Path(os.environ.get(CONFIG_VARIABLE) or "realm-config")


def add_config(parser: argparse.ArgumentParser) -> None:
    """`--config`."""
    parser.add_argument(
        "--config",
        type=Path,
        default=default_config(),
        metavar="DIR",
        help=f"the directory of the realm files (default: ${CONFIG_VARIABLE}, else realm-config)",
    )


def add_database(parser: argparse.ArgumentParser) -> None:
    """`--database`, which may hold a password and is therefore read from the environment too."""
    parser.add_argument(
        "--database",
        default=os.environ.get(DATABASE_VARIABLE, DEFAULT_DATABASE),
        metavar="URL",
        help=f"sqlite:///FILE or postgresql+psycopg://… (default: ${DATABASE_VARIABLE}, else {DEFAULT_DATABASE})",
    )


def add_themes(parser: argparse.ArgumentParser) -> None:
    """`--themes`."""
    parser.add_argument(
        "--themes",
        action="append",
        type=Path,
        default=[],
        metavar="DIR",
        help="a directory of your own themes; may be repeated",
    )


def add_breached_passwords(parser: argparse.ArgumentParser) -> None:
    """`--breached-passwords`."""
    parser.add_argument(
        "--breached-passwords",
        type=Path,
        default=os.environ.get(BREACHED_VARIABLE) or None,
        metavar="FILE",
        help=f"a list that `idp breached` made, besides the one that is shipped (default: ${BREACHED_VARIABLE})",
    )


def add_public_url(parser: argparse.ArgumentParser, otherwise: str) -> None:
    """`--public-url`."""
    parser.add_argument(
        "--public-url",
        default=os.environ.get(PUBLIC_URL_VARIABLE) or None,
        metavar="URL",
        help=f"where browsers reach the server (default: ${PUBLIC_URL_VARIABLE}, else {otherwise})",
    )


@contextmanager
def open_database(url: str, *, may_create: bool = False) -> Iterator[Database]:
    """The migrated database of a command; a mistyped file is not a new database. Raises SettingsError."""
    checked = checked_database(url)
    file = checked.database or ""
    if checked.get_backend_name() == "sqlite" and not os.path.exists(file):  # noqa: PTH110
        if not may_create:
            raise SettingsError(f"there is no database {file}: name it with --database")
        logging.getLogger(__name__).warning("%s is a new database", file)
    database = Database(url)
    try:
        ensure_migrated(database)
        yield database
    finally:
        database.close()


def port(text: str) -> int:
    """A number for argparse."""
    return _number(text, 1, 65535, "a port")


def workers(text: str) -> int:
    """A number for argparse."""
    return _number(text, 1, 256, "a number of processes")


def _number(text: str, least: int, most: int, what: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(most)) else -1
    if not least <= number <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what} from {least} to {most}")
    return number


def settings_of(args: argparse.Namespace) -> Settings:
    """What `idp serve` was told; raises SettingsError."""
    public_url = args.public_url or f"http://localhost:{args.port}"
    return Settings(
        config=args.config,
        database=args.database,
        host=args.host,
        port=args.port,
        public_url=checked_public_url(public_url, dev=args.dev),
        allowed_hosts=tuple(host.lower() for host in args.allowed_host),
        trusted_proxies=trusted_networks(args.trusted_proxy),
        reachable_networks=reachable_networks(args.reachable_network),
        themes=tuple(args.themes),
        breached_passwords=args.breached_passwords,
        dev=args.dev,
        secret_keys=secret_keys(os.environ, dev=args.dev),
    )


def address(text: str) -> str:
    """An IP address of the command line, as it is written shortest."""
    try:
        return str(ip_address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not an IP address") from None
