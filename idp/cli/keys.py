"""`idp keys`: the signing keys of a realm, from the command line, while the server runs."""

import argparse
import json
import os
import sys
import time
from datetime import UTC, datetime
from typing import Any

from idp.admin.keys import NoSuchKey, SigningKeys
from idp.cli.options import add_config, add_database, open_database
from idp.cli.realms import realm_named
from idp.errors import SettingsError
from idp.events import log
from idp.realm.algorithms import SIGNING
from idp.settings import NOT_THIS_SECRET_KEY, secret_keys
from idp.tokens.sealing import NotSealedHere, Sealer

_COMMANDS = {
    "list": "list the keys and what each is for",
    "rotate": "make new keys: published at once, signing after a day",
    "retire": "forget a key, for one that somebody else may have: what it signed is refused within half a minute",
}


def add_parser(subparsers: Any) -> None:
    """Add the command with its own commands to the sub-parsers of argparse."""
    keys = subparsers.add_parser(
        "keys", help="signing keys of a realm", description="Signing keys of a realm. They rotate by themselves, too."
    )
    commands = keys.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="command")
    for name, text in _COMMANDS.items():
        parser = commands.add_parser(name, help=text, description=text)
        add_database(parser)
        add_config(parser)
        parser.add_argument("--realm", required=True, help="the name of the realm")
        parser.add_argument("--dev", action="store_true", help="the database of a server in development")
        parser.set_defaults(run=run)
        if name == "list":
            parser.add_argument("--json", action="store_true", help="print JSON")
        if name == "rotate":
            parser.add_argument("--alg", choices=SIGNING, metavar="ALG", help="this algorithm only (default: all)")
            parser.add_argument(
                "--now", action="store_true", help="sign with them as soon as everybody can know them: in six minutes"
            )
        if name == "retire":
            parser.add_argument("kid", metavar="KID", help="the identifier of the key")


def run(args: argparse.Namespace) -> int:
    """0, or 1 with a sentence on standard error; raises SettingsError."""
    log.configure()
    sealer = Sealer(secret_keys(os.environ, dev=args.dev))
    realm = realm_named(args.config, args.realm)
    with open_database(args.database) as database:
        keys = SigningKeys(database, sealer, realm, now=int(time.time()))
        try:
            _run(args, keys)
        except NoSuchKey as error:
            print(f"idp: {error}", file=sys.stderr)
            return 1
        except NotSealedHere:
            raise SettingsError(NOT_THIS_SECRET_KEY) from None
    return 0


def _run(args: argparse.Namespace, keys: SigningKeys) -> None:
    match args.command:
        case "list":
            _print(keys, as_json=args.json)
        case "rotate":
            for key in keys.rotate(args.alg, soon=args.now):
                print(f"{key.kid} signs by {key.alg} from {_day(key.active_at)}")
        case "retire":
            successor = keys.retire(args.kid)
            print(f"{args.kid} is forgotten" + (f"; {successor.kid} takes over" if successor else ""))


def _print(keys: SigningKeys, *, as_json: bool) -> None:
    listed = keys.listed()
    if as_json:
        fields = [{"kid": k.key.kid, "alg": k.key.alg, "state": k.state, "active_at": k.key.active_at} for k in listed]
        print(json.dumps(fields, indent=2))
        return
    for each in listed:
        print(f"{each.key.kid}  {each.key.alg:6} {each.state:9} from {_day(each.key.active_at)}")


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
