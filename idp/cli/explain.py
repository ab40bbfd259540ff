"""`idp explain`: which rules ask a person for what at a client, and why."""

import argparse
import json
from time import time
from typing import Any

from idp.cli.explain_printing import Asked, document, lines
from idp.cli.options import add_config, add_database, address, open_database
from idp.cli.realms import realm_named
from idp.errors import SettingsError
from idp.policy.explain import explain
from idp.policy.question import Request
from idp.realm.account_client import ACCOUNT, client_of
from idp.realm.client_sections import OF_PEOPLE, Client
from idp.realm.schema import Realm
from idp.realm.suggestions import did_you_mean
from idp.store import people, sessions


def add_parser(subparsers: Any) -> None:
    """Add the command to the sub-parsers of argparse."""
    parser = subparsers.add_parser(
        "explain",
        help="say what a person is asked for at a client, and why",
        description="Say what a new sign-in of a person at a client asks for, which rules ask for it, and why; and what"
        " the person's newest session is still asked for, if one is open.",
    )
    add_config(parser)
    add_database(parser)
    parser.add_argument("--realm", required=True, help="the name of the realm")
    parser.add_argument("--user", required=True, help="user name or e-mail address")
    parser.add_argument("--client", required=True, help="the client_id (account: the account pages)")
    parser.add_argument("--acr", metavar="VALUES", help="acr_values of the request, separated by blanks")
    parser.add_argument("--scope", metavar="SCOPES", help="scopes of the request (default: all that are registered)")
    parser.add_argument("--address", type=address, metavar="IP", help="where the person is (default: unknown)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0; raises SettingsError for a name that does not exist, and for a client that people do not sign in to."""
    realm = realm_named(args.config, args.realm)
    client = _client(realm, args.client)
    now = int(time())
    with open_database(args.database) as database, database.read() as tx:
        known = people.by_identifier(tx, realm.name, args.user)
        if known is None:
            raise SettingsError(f"nobody in realm {realm.name!r} has the user name or e-mail address {args.user!r}")
        alive = sessions.listed(tx, known.user.id, limits=realm.sessions, now=now, most=1, is_alive=True)
    scopes = frozenset(client.requested((args.scope or client.scope).split()))
    if foreign := scopes - set(client.scopes):
        raise SettingsError(f"client {client.client_id!r} is not registered for {', '.join(sorted(foreign))}")
    request = Request(scopes=scopes, acr_values=tuple((args.acr or "").split()), address=args.address or "")
    asked = Asked(realm, client, known, request, alive[0].proofs if alive else (), now)
    explanation = explain(realm, known.person(realm), client, request, now)
    if args.json:
        print(json.dumps(document(asked, explanation), indent=2))
    else:
        print(*lines(asked, explanation), sep="\n")
    return 0


def _client(realm: Realm, client_id: str) -> Client:
    client = client_of(realm, client_id)
    if client is None:
        there = (*(c.client_id for c in realm.clients), ACCOUNT.client_id)
        raise SettingsError(f"realm {realm.name!r} has no client {client_id!r}{did_you_mean(client_id, there)}")
    if set(OF_PEOPLE).isdisjoint(client.grant_types):
        grants = ", ".join(client.grant_types) or "none"
        raise SettingsError(f"nobody signs in at client {client_id!r} (grant_types: {grants}), and no rule binds it")
    return client
