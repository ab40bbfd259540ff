"""`idp check`: what is wrong with realm files, before a server is given them."""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from idp.cli.examining import examine_files
from idp.cli.options import CONFIG_VARIABLE, add_themes, default_config
from idp.cli.policy_findings import ways_in
from idp.errors import SettingsError
from idp.realm.account_client import ACCOUNT
from idp.realm.client_sections import Client
from idp.realm.loading import Examination, Mode
from idp.realm.schema import Realm
from idp.realm.suggestions import did_you_mean
from idp.settings import reachable_networks


def add_parser(subparsers: Any) -> None:
    """Add the command to the sub-parsers of argparse."""
    parser = subparsers.add_parser(
        "check",
        help="check realm files",
        description="Print what is wrong with realm files, one a line: path:line:column: message.",
    )
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help=f"files or directories (default: ${CONFIG_VARIABLE}, else realm-config)",
    )
    parser.add_argument(
        "--production",
        action="store_true",
        help="as a production server reads them: no users, secrets from this environment",
    )
    parser.add_argument(
        "--profiles",
        action="store_true",
        help="say which certification profiles and which points of RFC 9700 and OWASP ASVS 5.0 V10 each client meets",
    )
    add_themes(parser)
    parser.add_argument("--ways", action="store_true", help="say what the weakest way into each client is")
    parser.add_argument("--client", metavar="ID", help="with --profiles or --ways: this client only")
    parser.add_argument("--json", action="store_true", help="with --profiles: print one JSON document")
    parser.add_argument(
        "--fetch",
        action="store_true",
        help="fetch every sector_identifier_uri too, and see that it names the redirect URIs of its client",
    )
    parser.add_argument(
        "--reachable-network",
        action="append",
        default=[],
        metavar="CIDR",
        help="with --fetch: a network that may be reached although it is not public (may be repeated)",
    )
    parser.add_argument("--write-schema", type=Path, metavar="PATH", help="write the JSON Schema for editors and stop")
    parser.set_defaults(run=run)


def _refuse_what_would_do_nothing(args: argparse.Namespace) -> None:
    if args.client and not (args.profiles or args.ways):
        raise SettingsError("--client belongs to --profiles or --ways")
    if args.json and (args.ways or not args.profiles):
        raise SettingsError("--json belongs to --profiles alone")
    if args.reachable_network and not args.fetch:
        raise SettingsError("--reachable-network belongs to --fetch")


def run(args: argparse.Namespace) -> int:
    """0 when every file is good, else 1. Problems and warnings go to standard output, the summary to standard error."""
    if args.write_schema is not None:
        from idp.realm.json_schema import written_schema

        try:
            args.write_schema.write_text(written_schema(), encoding="utf-8")
        except OSError as error:
            raise SettingsError(f"{args.write_schema} cannot be written: {error.strerror}") from None
        return 0
    _refuse_what_would_do_nothing(args)
    mode = Mode.PRODUCTION if args.production else Mode.CHECK
    from idp.web.themes import built_in, themes_in

    themes = themes_in((*args.themes, built_in()))
    examined, problems = examine_files(args.paths or [default_config()], mode, themes=themes)
    if args.fetch:
        from idp.cli.sectors import unnamed_redirects

        problems += unnamed_redirects(examined, reachable_networks(args.reachable_network))
    warnings = [
        replace(warning, message=f"warning: {warning.message}")
        for examination in examined.values()
        for warning in examination.warnings
    ]
    if not args.json:
        print(*problems, *warnings, sep="\n", end="\n" if problems or warnings else "")
    if args.ways:
        found = _asked_about(examined, args.client, (ACCOUNT,))
        print(*(f"{line}\n" for of_realm in found for line in ways_in(*of_realm, int(time.time()))), sep="", end="")
    if args.profiles:
        from idp.cli import profiles

        of_realms = list(_asked_about(examined, args.client))
        if args.json:
            documents = [profiles.document(*of_realm) for of_realm in of_realms]
            print(profiles.written(documents, problems=problems, warnings=warnings))
        else:
            print(*(f"{line}\n" for of_realm in of_realms for line in profiles.lines(*of_realm)), sep="", end="")
    counts = (_count(len(examined), "file"), _count(len(problems), "problem"), _count(len(warnings), "warning"))
    print(", ".join(counts), file=sys.stderr)
    return 1 if problems else 0


def _asked_about(
    examined: dict[Path, Examination], client_id: str | None, besides: tuple[Client, ...] = ()
) -> Iterator[tuple[str, Realm, tuple[Client, ...]]]:
    """Every realm that can be used, with its enabled clients or the one of that name. Raises SettingsError.

    `besides`: clients of every realm that no file names.
    """
    realms = {str(path): found.realm for path, found in examined.items() if found.realm is not None}
    there = [c.client_id for realm in realms.values() for c in (*realm.enabled_clients.values(), *besides)]
    if client_id is not None and realms and client_id not in there:
        raise SettingsError(f"there is no client {client_id!r}{did_you_mean(client_id, there)}")
    for path, realm in realms.items():
        everyone = (*realm.enabled_clients.values(), *besides)
        clients = tuple(c for c in everyone if client_id in (None, c.client_id))
        if clients or client_id is None:
            yield path, realm, clients


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
