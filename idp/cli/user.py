"""`idp user`: people, from the command line, while the server runs."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from idp.admin.acting import Refused
from idp.cli import user_access, user_account
from idp.cli.options import (
    add_breached_passwords,
    add_config,
    add_database,
    add_public_url,
    open_database,
)
from idp.cli.user_desk import Desk
from idp.events import log

Option = Callable[[argparse.ArgumentParser], object]


@dataclass(frozen=True, slots=True)
class _Command:
    text: str
    run: Callable[[Desk], None]
    options: tuple[Option, ...] = ()


def _flag(name: str, text: str) -> Option:
    return lambda parser: parser.add_argument(name, action="store_true", help=text)


def _value(name: str, text: str, metavar: str | None = None) -> Option:
    return lambda parser: parser.add_argument(name, metavar=metavar, help=text)


def _repeated(name: str, text: str, metavar: str | None = None) -> Option:
    return lambda parser: parser.add_argument(name, action="append", metavar=metavar, help=text)


def _public_url(parser: argparse.ArgumentParser) -> None:
    add_public_url(parser, "none; a link needs it")


_JSON = _flag("--json", "print JSON")
_ROLES = (_repeated("--role", "a role; may be repeated"), _repeated("--group", "a group; may be repeated"))
_CLAIM = _repeated(
    "--claim",
    'something about the person, such as given_name=Ada or address=\'{"locality": "Paris"}\'; may be repeated',
    "NAME=VALUE",
)
_COMMANDS = {
    "add": _Command(
        "add a person; the password is read from standard input",
        user_account.add,
        (
            _flag(
                "--invite",
                "no password: the person chooses it by a link, which is mailed where that can be, else printed",
            ),
            _value("--email", "the e-mail address, which signs in as well as the user name"),
            _value("--name", "the full name"),
            *_ROLES,
            _CLAIM,
            _public_url,
            add_breached_passwords,
        ),
    ),
    "invite": _Command("invite a person who has no password yet once more", user_account.invite, (_public_url,)),
    "verify-address": _Command(
        "mail a link by which a person confirms their address", user_account.verify_address, (_public_url,)
    ),
    "list": _Command("list everybody", user_account.list_all, (_JSON,)),
    "show": _Command("show a person and their factors", user_account.show, (_JSON,)),
    "set-password": _Command(
        "set a new password, read from standard input; ends every session",
        user_account.set_password,
        (add_breached_passwords,),
    ),
    "set-roles": _Command(
        "replace roles, groups or both",
        user_account.set_roles,
        (
            *_ROLES,
            _flag("--no-roles", "take every role away"),
            _flag("--no-groups", "take every group away"),
        ),
    ),
    "set-claims": _Command(
        "set what is known of a person beside name and address; an empty VALUE forgets it",
        user_account.set_claims,
        (_CLAIM,),
    ),
    "factors": _Command(
        "list the second factors of a person, or remove one",
        user_access.factors,
        (_value("--remove", "the identifier of the one to remove", "ID"), _JSON),
    ),
    "reset-factors": _Command(
        "remove every second factor; the next sign-in sets one up where a rule asks for it", user_access.reset_factors
    ),
    "unlock": _Command("forget the wrong codes and passwords that keep a person waiting", user_access.unlock),
    "sessions": _Command(
        "list the newest sign-ins of a person, or end sessions",
        user_access.sessions,
        (_value("--end", "the identifier of the one to end, or `all`", "ID"), _JSON),
    ),
    "enable": _Command("let a person sign in again", user_account.enable),
    "disable": _Command("keep a person out; ends every session", user_account.disable),
    "delete": _Command("delete a person", user_account.delete),
}


def add_parser(subparsers: Any) -> None:
    """Add the command with its own commands to the sub-parsers of argparse."""
    user = subparsers.add_parser(
        "user",
        help="people of a realm",
        description="People of a realm. What is changed holds at once, also for a server that is running, and is "
        "mailed to the person where the realm has mail.",
    )
    commands = user.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="command")
    for name, command in _COMMANDS.items():
        parser = commands.add_parser(name, help=command.text, description=command.text)
        add_database(parser)
        add_config(parser)
        parser.add_argument("--realm", required=True, help="the name of the realm")
        parser.set_defaults(run=run)
        if name != "list":
            what = "user name" if name == "add" else "user name or e-mail address"
            parser.add_argument("person", nargs="?", metavar="NAME", help=what)
            parser.add_argument("--username", help="the same as NAME")
        for option in command.options:
            option(parser)


def run(args: argparse.Namespace) -> int:
    """0, or 1 with a sentence on standard error."""
    log.configure()
    with open_database(args.database, may_create=args.command == "add") as database:
        try:
            _COMMANDS[args.command].run(Desk(args, database))
        except Refused as error:
            print(f"idp: {error}", file=sys.stderr)
            return 1
    return 0
