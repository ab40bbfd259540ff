"""`idp user`: who there is, and by which password and with which roles."""

import getpass
import sys
from collections.abc import Sequence
from typing import Any

from idp.admin.acting import Refused
from idp.admin.new_people import NewPerson
from idp.cli.user_desk import Desk
from idp.cli.user_printing import print_list, print_person
from idp.tokens import plain_json


def add(desk: Desk) -> None:
    """Print the identifier; and the link of an invitation that no letter brings."""
    args, realm = desk.args, desk.realm
    roles, groups, claims = tuple(args.role or ()), tuple(args.group or ()), _claims(args.claim or ())
    new = NewPerson(desk.person, args.email, args.name, roles, groups, claims)
    if not args.invite:
        print(desk.people.add(realm, new, _password(), _passwords()))
        return
    user_id, link = desk.people.invite(realm, new, issuer=desk.issuer)
    print(user_id, *([link] if link else []), sep="\n")


def invite(desk: Desk) -> None:
    """Print the link, where no letter brings it."""
    if link := desk.people.invite_again(desk.person, issuer=desk.issuer):
        print(link)


def verify_address(desk: Desk) -> None:
    """The link is never printed: who reads it here has not read the mail."""
    desk.people.ask_to_verify(desk.person, issuer=desk.issuer)


def list_all(desk: Desk) -> None:
    """A mistyped name is not an empty realm: SettingsError."""
    if not (found := desk.seen.listed()):
        _ = desk.realm
    print_list(found, as_json=desk.args.json)


def show(desk: Desk) -> None:
    """One of them."""
    known = desk.seen.show(desk.person)
    print_person(known, desk.seen.waits(known.user.id), as_json=desk.args.json)


def set_password(desk: Desk) -> None:
    """The new one is read from standard input."""
    realm = desk.realm
    desk.people.set_password(realm, desk.person, _password(), _passwords())


def set_roles(desk: Desk) -> None:
    """Nothing is taken away unless that is said."""
    args, person = desk.args, desk.person
    roles = [] if args.no_roles else args.role
    groups = [] if args.no_groups else args.group
    if roles is None and groups is None:
        raise Refused("say which: --role, --group, --no-roles or --no-groups")
    for some, none, option in ((args.role, args.no_roles, "role"), (args.group, args.no_groups, "group")):
        if some and none:
            raise Refused(f"--{option} and --no-{option}s contradict each other")
    realm = desk.realm
    desk.people.set_roles(realm, person, roles=roles, groups=groups)


def set_claims(desk: Desk) -> None:
    """The others stay as they are."""
    if not (written := desk.args.claim):
        raise Refused("say which: --claim NAME=VALUE, or --claim NAME= to forget it")
    desk.people.set_claims(desk.person, _claims(written))


def enable(desk: Desk) -> None:
    """They may sign in again."""
    desk.people.set_enabled(desk.person, True)


def disable(desk: Desk) -> None:
    """They may not."""
    desk.people.set_enabled(desk.person, False)


def delete(desk: Desk) -> None:
    """For good."""
    desk.people.delete(desk.person)


def _claims(written: Sequence[str]) -> dict[str, Any]:
    """By name: text, or what stands in JSON where the claim is an object; None for what is to be forgotten."""
    claims: dict[str, Any] = {}
    for word in written:
        name, separator, value = word.partition("=")
        if not separator:
            raise Refused(f"a claim is written NAME=VALUE, not {word!r}")
        claims[name] = value or None
        if name == "address" and value:
            try:
                claims[name] = plain_json.parsed(value)
            except ValueError:
                raise Refused("""an address is written in JSON: address='{"locality": "Paris"}'""") from None
    return claims


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
    try:
        password, again = getpass.getpass("Password: "), getpass.getpass("Once more: ")
    except EOFError:
        raise Refused("no password was typed") from None
    if again != password:
        raise Refused("the two passwords differ")
    return password
