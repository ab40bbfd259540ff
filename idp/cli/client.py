"""`idp client`: clients that register themselves, from the command line, while the server runs."""

import argparse
import re
import sys
import time
from typing import Any

from idp.cli.options import add_config, add_database, open_database
from idp.cli.realms import realm_named
from idp.events import log
from idp.events.catalogue import Event
from idp.realm.words import DURATION, UNITS
from idp.store import registered_clients
from idp.store.database import Database
from idp.tokens.bearer import new_bearer

_COMMANDS = {
    "token": "print a token by which clients may register themselves",
    "list": "list the clients that registered themselves",
    "enable": "let such a client be used again",
    "disable": "keep such a client out; ends what people allowed it",
    "remove": "remove such a client, with what people allowed it",
}


def add_parser(subparsers: Any) -> None:
    """Add the command with its own commands to the sub-parsers of argparse."""
    client = subparsers.add_parser(
        "client",
        help="clients that register themselves",
        description="Clients that register themselves. What is changed holds at once, also for a running server.",
    )
    commands = client.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="command")
    for name, text in _COMMANDS.items():
        parser = commands.add_parser(name, help=text, description=text)
        add_database(parser)
        add_config(parser)
        parser.add_argument("--realm", required=True, help="the name of the realm")
        parser.set_defaults(run=run)
        if name == "token":
            parser.add_argument(
                "--uses", type=_uses, default=1, metavar="N", help="how many clients it may register (default: 1)"
            )
            parser.add_argument(
                "--expires", type=_duration, default=86400, metavar="TIME", help="how long it is good (default: 1d)"
            )
        elif name != "list":
            parser.add_argument("client_id", metavar="CLIENT_ID")


def run(args: argparse.Namespace) -> int:
    """0, or 1 with a sentence on standard error."""
    log.configure()
    realm = realm_named(args.config, args.realm).name
    with open_database(args.database, may_create=args.command == "token") as database:
        if args.command == "token":
            print(_token(database, realm, uses=args.uses, lasts=args.expires))
        elif args.command == "list":
            _list(database, realm)
        elif not _change(database, realm, args.command, args.client_id):
            print(f"idp: realm {realm!r} has no registered client {args.client_id!r}", file=sys.stderr)
            return 1
    return 0


def _token(database: Database, realm: str, *, uses: int, lasts: int) -> str:
    token = new_bearer()
    with database.write() as tx:
        registered_clients.add_token(tx, realm, token=token, uses=uses, expires_at=int(time.time()) + lasts)
    return token


def _list(database: Database, realm: str) -> None:
    with database.read() as tx:
        found = registered_clients.listed(tx, realm)
    for client in found:
        state = "" if client.enabled else "disabled"
        print("\t".join((client.client_id, str(client.registered.get("client_name", "")), state)))


def _change(database: Database, realm: str, command: str, client_id: str) -> bool:
    now = int(time.time())
    with database.write() as tx:
        if command == "remove":
            done = registered_clients.remove(tx, realm, client_id=client_id, now=now)
            event = Event.CLIENT_REMOVED
        else:
            is_on = command == "enable"
            done = registered_clients.set_enabled(tx, realm, client_id=client_id, enabled=is_on, now=now)
            event = Event.CLIENT_UPDATED
        if done:
            tx.emit(event, realm=realm, client_id=client_id, by="command line")
    return done


def _uses(text: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,5}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 999999")
    return int(text)


def _duration(text: str) -> int:
    if not re.fullmatch(DURATION, text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 1h or 30d")
    return int(text[:-1]) * UNITS[text[-1]]
