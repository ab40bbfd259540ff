"""`idp user`: people, from the command line, while the server runs."""

import argparse
import getpass
import json
import sys
import time
from datetime import UTC, datetime
from typing import Any

from idp.admin.people import NewPerson, People, Refused
from idp.cli.options import add_config, add_database, open_database
from idp.cli.realms import realm_named
from idp.events import log
from idp.store.people import Known
from idp.store.users import User

_COMMANDS = {
    "add": "add a person; the password is read from standard input",
    "list": "list everybody",
    "show": "show a person and their factors",
    "set-password": "set a new password, read from standard input; ends every session",
    "set-roles": "replace roles, groups or both",
    "reset-factors": "remove every second factor; the next sign-in sets a new one up",
    "enable": "let a person sign in again",
    "disable": "keep a person out; ends every session",
    "delete": "delete a person",
}


def add_parser(subparsers: Any) -> None:
    """Add the command with its own commands to the sub-parsers of argparse."""
    user = subparsers.add_parser(
        "user",
        help="people of a realm",
        description="People of a realm. What is changed holds at once, also for a server that is running.",
    )
    commands = user.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="command")
    for name, text in _COMMANDS.items():
        parser = commands.add_parser(name, help=text, description=text)
        add_database(parser)
        add_config(parser)
        parser.add_argument("--realm", required=True, help="the name of the realm")
        parser.set_defaults(run=run)
        if name != "list":
            what = "user name" if name == "add" else "user name or e-mail address"
            parser.add_argument("person", nargs="?", metavar="NAME", help=what)
            parser.add_argument("--username", help="the same as NAME")
        if name in ("list", "show"):
            parser.add_argument("--json", action="store_true", help="print JSON")
        if name == "add":
            parser.add_argument("--email", help="the e-mail address, which signs in as well as the user name")
            parser.add_argument("--name", help="the full name")
        if name in ("add", "set-roles"):
            parser.add_argument("--role", action="append", help="a role; may be repeated")
            parser.add_argument("--group", action="append", help="a group; may be repeated")
        if name == "set-roles":
            parser.add_argument("--no-roles", action="store_true", help="take every role away")
            parser.add_argument("--no-groups", action="store_true", help="take every group away")


def run(args: argparse.Namespace) -> int:
    """0, or 1 with a sentence on standard error."""
    log.configure()
    with open_database(args.database, may_create=args.command == "add") as database:
        try:
            _run(args, People(database, args.realm, by="command line", now=int(time.time())))
        except Refused as error:
            print(f"idp: {error}", file=sys.stderr)
            return 1
    return 0


def _run(args: argparse.Namespace, people: People) -> None:
    if args.command == "list":
        _list(args, people)
        return
    person = args.person or args.username
    if not person:
        raise Refused("say whom: NAME is a user name or an e-mail address")
    match args.command:
        case "add":
            new = NewPerson(person, args.email, args.name, tuple(args.role or ()), tuple(args.group or ()))
            realm = realm_named(args.config, args.realm)
            print(people.add(realm, new, _password(), _passwords()))
        case "show":
            _print_person(people.show(person), as_json=args.json)
        case "set-password":
            people.set_password(realm_named(args.config, args.realm), person, _password(), _passwords())
        case "set-roles":
            _set_roles(args, people, person)
        case "reset-factors":
            people.reset_factors(person)
        case "enable" | "disable":
            people.set_enabled(person, args.command == "enable")
        case "delete":
            people.delete(person)


def _list(args: argparse.Namespace, people: People) -> None:
    found = people.listed()
    if not found:
        realm_named(args.config, args.realm)  # a mistyped name is not an empty realm
    _print_list(found, as_json=args.json)


def _set_roles(args: argparse.Namespace, people: People, person: str) -> None:
    roles = [] if args.no_roles else args.role
    groups = [] if args.no_groups else args.group
    if roles is None and groups is None:
        raise Refused("say which: --role, --group, --no-roles or --no-groups")
    people.set_roles(realm_named(args.config, args.realm), person, roles=roles, groups=groups)


def _passwords() -> Any:
    from idp.factors.password import Passwords

    return Passwords()


def _password() -> str:
    """One line of standard input; asked for twice where a person types it."""
    if not sys.stdin.isatty():
        try:
            return sys.stdin.buffer.readline().decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise Refused("the password is not UTF-8") from None
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise Refused("the two passwords differ")
    return password


def _print_list(found: list[User], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([_user(u) for u in found], indent=2))
        return
    for user in found:
        state = "" if user.enabled else "disabled"
        print("\t".join((user.username, user.email or "", " ".join((*user.roles, *user.groups)), state)))


def _print_person(known: Known, *, as_json: bool) -> None:
    shown = _user(known.user) | {
        "factors": [
            {"factor": f.factor, "label": f.label, "added": _time(f.created_at), "last_used": _time(f.last_used_at)}
            for f in known.factors
        ],
        "recovery_codes_left": known.recovery_left,
        "wrong_second_factor_guesses": known.wrong,
        "second_factors_shut": known.is_shut,
    }
    if as_json:
        print(json.dumps(shown, indent=2))
        return
    for key, value in shown.items():
        print(f"{key.replace('_', ' ')}: {_text(value)}")


def _text(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(v if isinstance(v, str) else _factor(v) for v in value) or "none"
    return "none" if value is None else str(value)


def _factor(factor: dict[str, str | None]) -> str:
    label = f" “{factor['label']}”" if factor["label"] else ""
    return f"{factor['factor']}{label} (added {factor['added']}, last used {factor['last_used']})"


def _user(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "name": user.name,
        "email": user.email,
        "email_verified": user.email_verified,
        "enabled": user.enabled,
        "roles": list(user.roles),
        "groups": list(user.groups),
        "created": _time(user.created_at),
    }


def _time(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
