"""`idp migrate`: bring a database up to date."""

import argparse
from typing import Any

from idp.cli.options import add_database
from idp.settings import checked_database
from idp.store.database import Database
from idp.store.migrations import HEAD, migrate, revision


def add_parser(subparsers: Any) -> None:
    """Add the command to the sub-parsers of argparse."""
    parser = subparsers.add_parser(
        "migrate",
        help="bring the database up to date",
        description="Create or change the tables that this version needs. Does nothing where they are there already; "
        "run it before the servers of a new version start. SQLite needs no such step.",
    )
    add_database(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 when the database is at the newest revision."""
    checked_database(args.database)
    database = Database(args.database)
    try:
        before = revision(database)
        migrate(database)
    finally:
        database.close()
    print(f"the database is at revision {HEAD}" + (" already" if before == HEAD else ""))
    return 0
