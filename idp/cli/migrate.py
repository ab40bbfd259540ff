"""`idp migrate`: bring a database up to date."""

import argparse
from typing import Any

from idp.cli.options import add_database
from idp.store.database import Database
from idp.store.migrations import HEAD, migrate, revision


def add_parser(subparsers: Any) -> None:
    """Add the command to the sub-parsers of argparse."""
    parser = subparsers.add_parser("migrate", help="bring the database up to date")
    add_database(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when the database is at the newest revision."""
    database = Database(args.database)
    before = revision(database)
    migrate(database)
    print(f"the database is at revision {HEAD}" + (" already" if before == HEAD else ""))
    return 0
