"""`idp plan`: what a changed realm file will do to the people who exist, before it is saved to a server."""

import argparse
import json
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from time import time
from typing import Any

from idp.cli.examining import examine_files
from idp.cli.options import add_config, add_database, address, open_database
from idp.cli.plan_document import document
from idp.cli.plan_printing import lines
from idp.cli.planned import Planned, Version
from idp.errors import SettingsError
from idp.oauth.registration import usable
from idp.policy.alike import gather
from idp.policy.lasting import ending
from idp.policy.places import anywhere
from idp.policy.plan import Asking, SignIns, plan
from idp.policy.question import portals
from idp.realm.account_client import ACCOUNT
from idp.realm.client_sections import Client
from idp.realm.comparing import compare
from idp.realm.loading import Mode, RealmFileError
from idp.realm.references import STANDARD_SCOPES
from idp.realm.schema import Realm
from idp.realm.suggestions import did_you_mean
from idp.realm.words import seconds_of_day
from idp.store import everybody, registered_clients
from idp.store.database import Transaction

_STATUS = "0: nobody is locked out; 2: somebody cannot get in any more at some client; 1: a file has errors."


def add_parser(subparsers: Any) -> None:
    """Add the command to the sub-parsers of argparse."""
    parser = subparsers.add_parser(
        "plan",
        help="say what a changed realm file will do to people",
        description="Compare a changed realm file with the one in force, over all people of the database and every"
        " client: who will be asked for more, for less or otherwise at the next sign-in and by which rule, who must set"
        " a factor up first, who is invited, who cannot get in any more, and which refresh tokens and sessions end. It"
        " is for new sign-ins by password in browsers that nobody trusts, by default from outside every network that a"
        " rule names, with all scopes of the client and without acr_values. The database is only read.",
        epilog=f"Exit status {_STATUS}",
    )
    parser.add_argument("changed", type=Path, metavar="CHANGED", help="the changed realm file, or a directory of all")
    add_config(parser)
    add_database(parser)
    parser.add_argument("--realm", metavar="NAME", help="this realm only")
    parser.add_argument("--acr", default="", metavar="VALUES", help="acr_values of the requests, separated by blanks")
    parser.add_argument("--scope", metavar="SCOPES", help="scopes of the requests, of those that a client registered")
    parser.add_argument(
        "--address", type=address, metavar="IP", help="where people are (default: in no network that a rule names)"
    )
    parser.add_argument(
        "--at", type=_day, metavar="DAY", help="the day of the sign-ins, such as 2027-01-31 (default: now)"
    )
    parser.add_argument(
        "--names", type=_number, default=5, metavar="N", help="name at most so many people (default: 5)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0, or 2 where somebody is locked out. Raises SettingsError, and RealmFileError with what `idp check` says."""
    asking = Asking(
        now=int(time()) if args.at is None else args.at,
        scopes=None if args.scope is None else frozenset(args.scope.split()),
        acr_values=tuple(args.acr.split()),
        address=args.address or "",
    )
    pairs = tuple(_pairs(args.config, args.changed, args.realm))
    _check_names(asking, [version.realm for pair in pairs for version in pair])
    with open_database(args.database) as database, database.read() as tx:
        planned = [
            _planned(tx, before, after, asking=asking, most=args.names, is_now=args.at is None)
            for before, after in pairs
        ]
    if args.json:
        print(json.dumps({"realms": [document(each) for each in planned]}, indent=2, ensure_ascii=False))
    else:
        print(*(line for each in planned for line in lines(each)), sep="\n")
    return 2 if any(each.plan.locks_out for each in planned) else 0


def _planned(tx: Transaction, before: Version, after: Version, *, asking: Asking, most: int, is_now: bool) -> Planned:
    old, new, name = before.realm, after.realm, before.realm.name
    asking = replace(asking, address=asking.address or anywhere(old, new)[0])
    entered = _portals(tx, old), {} if after.is_gone else _portals(tx, new)
    kinds = gather(everybody.people(tx, name), before=old, after=new, most=most)
    found = plan(
        kinds,
        before=SignIns(old, entered[0], asking),
        after=SignIns(new, entered[1], asking),
        client_ids=dict.fromkeys((*entered[0], *entered[1])),
        most=most,
    )
    ended = {}
    signed_out = 0
    # What lasts now will not be as old on another day.
    if is_now:
        now = asking.now
        clients = _clients(tx, old), {} if after.is_gone else _clients(tx, new)
        ended = ending(everybody.lasting(tx, name, now), before=(old, clients[0]), after=(new, clients[1]), now=now)
        is_open = everybody.signed_in(tx, name, limits=old.sessions, now=now)
        stays_open = 0 if after.is_gone else everybody.signed_in(tx, name, limits=new.sessions, now=now)
        signed_out = max(0, is_open - stays_open)
    return Planned(
        before=before,
        after=after,
        asking=asking,
        clients=tuple(dict.fromkeys((*entered[0], *entered[1]))),
        registered=frozenset(stored.client_id for stored in registered_clients.listed(tx, name)),
        changes=compare(old, new),
        plan=found,
        people=sum(kind.crowd.count for kind in kinds),
        disabled=everybody.disabled(tx, name),
        ending=ended,
        signed_out=signed_out,
    )


def _clients(tx: Transaction, realm: Realm) -> dict[str, Client]:
    """All that are enabled, those that registered themselves among them."""
    registered = (usable(realm, stored, Mode.CHECK) for stored in registered_clients.listed(tx, realm.name))
    return {c.client_id: c for c in registered if c is not None} | realm.enabled_clients


def _portals(tx: Transaction, realm: Realm) -> dict[str, Client]:
    """Those of them that people sign in to."""
    every = realm.model_copy(update={"clients": tuple(_clients(tx, realm).values())})
    return {c.client_id: c for c in (*portals(every), ACCOUNT)}


def _pairs(config: Path, changed: Path, name: str | None) -> Iterator[tuple[Version, Version]]:
    """Every realm in force with what becomes of it. A realm that is new has nobody yet."""
    examined, problems = examine_files([changed], Mode.CHECK)
    if problems:
        raise RealmFileError(problems)
    old, new = _in_force(config), {v.realm.name: v for v in map(Version.of, examined, examined.values())}
    wanted = tuple(old) if changed.is_dir() else tuple(new)
    if name is not None:
        if name not in wanted:
            there = ", ".join(wanted)
            raise SettingsError(f"{changed} has no realm {name!r}{did_you_mean(name, wanted)}; it has: {there}")
        wanted = (name,)
    for each in wanted:
        if each not in old:
            there = ", ".join(old)
            raise SettingsError(f"{config} has no realm {each!r}{did_you_mean(each, old)}; it has: {there}")
        yield old[each], new.get(each) or replace(old[each], path=str(changed), is_gone=True)


def _check_names(asking: Asking, realms: Collection[Realm]) -> None:
    """Of a mistyped name nothing would come, and the plan would say that nothing happens."""
    levels = dict.fromkeys(name for realm in realms for name in realm.levels)
    scopes = dict.fromkeys(name for realm in realms for name in (*STANDARD_SCOPES, *realm.scopes))
    for what, asked, known in (("level", asking.acr_values, levels), ("scope", asking.scopes or (), scopes)):
        for name in sorted(set(asked) - known.keys()):
            raise SettingsError(f"no realm has the {what} {name!r}{did_you_mean(name, known)}")


def _in_force(config: Path) -> dict[str, Version]:
    """The realms of the directory; what it expects and does not get keeps no server from using it."""
    examined, problems = examine_files([config], Mode.CHECK)
    if not examined or any(found.realm is None for found in examined.values()):
        raise RealmFileError(problems)
    return {v.realm.name: v for v in map(Version.of, examined, examined.values())}


def _day(text: str) -> int:
    try:
        return seconds_of_day(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _number(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 7:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 999999")
