"""Options that several commands share, and what they come to."""

import argparse
import os
from pathlib import Path

from idp.settings import DEFAULT_DATABASE, Settings, checked_public_url, secret_keys, trusted_networks
from idp.store.database import Database
from idp.store.migrations import ensure_migrated

DATABASE_VARIABLE = "IDP_DATABASE"


def add_config(parser: argparse.ArgumentParser) -> None:
    """`--config`."""
    parser.add_argument(
        "--config",
        type=Path,
        default=Path("realm-config"),
        metavar="DIR",
        help="the directory of the realm files (default: realm-config)",
    )


def add_database(parser: argparse.ArgumentParser) -> None:
    """`--database`, which may hold a password and is therefore read from the environment too."""
    parser.add_argument(
        "--database",
        default=os.environ.get(DATABASE_VARIABLE, DEFAULT_DATABASE),
        metavar="URL",
        help=f"sqlite:///FILE or postgresql+psycopg://… (default: ${DATABASE_VARIABLE}, else {DEFAULT_DATABASE})",
    )


def open_database(url: str) -> Database:
    """The migrated database of a command."""
    database = Database(url)
    ensure_migrated(database)
    return database


def settings_of(args: argparse.Namespace) -> Settings:
    """What `idp serve` was told; raises SettingsError."""
    public_url = args.public_url or f"http://localhost:{args.port}"
    return Settings(
        config=args.config,
        database=args.database,
        host=args.host,
        port=args.port,
        public_url=checked_public_url(public_url, dev=args.dev),
        allowed_hosts=tuple(args.allowed_host),
        trusted_proxies=trusted_networks(args.trusted_proxy),
        themes=tuple(args.themes),
        dev=args.dev,
        secret_keys=secret_keys(os.environ, dev=args.dev),
    )
