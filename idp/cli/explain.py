"""`idp explain`: which rules ask a person for what at a client, and why."""

import argparse
import json
import time
from typing import Any

from idp.cli.options import add_config, add_database, open_database
from idp.cli.realms import realm_named
from idp.errors import SettingsError
from idp.policy.explain import Condition, ExplainedRule, Explanation, explain
from idp.policy.question import Request
from idp.realm.client_sections import Client
from idp.realm.schema import Realm
from idp.realm.suggestions import did_you_mean
from idp.store import people
from idp.store.people import Known

_PLURAL = {"roles": "role", "groups": "group", "clients": "client", "scopes": "scope"}


def add_parser(subparsers: Any) -> None:
    """Add the command to the sub-parsers of argparse."""
    parser = subparsers.add_parser(
        "explain",
        help="say what a person is asked for at a client, and why",
        description="Say what a new sign-in of a person at a client asks for, which rules ask for it, and why.",
    )
    add_config(parser)
    add_database(parser)
    parser.add_argument("--realm", required=True, help="the name of the realm")
    parser.add_argument("--user", required=True, help="user name or e-mail address")
    parser.add_argument("--client", required=True, help="the client_id")
    parser.add_argument("--acr", metavar="VALUES", help="acr_values of the request, separated by blanks")
    parser.add_argument("--scope", metavar="SCOPES", help="scopes of the request (default: all that are registered)")
    parser.add_argument("--address", default="", metavar="IP", help="where the person is (default: unknown)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0; raises SettingsError for a name that does not exist."""
    realm = realm_named(args.config, args.realm)
    client = realm.client(args.client)
    if client is None:
        raise SettingsError(
            f"realm {realm.name!r} has no client {args.client!r}"
            f"{did_you_mean(args.client, [c.client_id for c in realm.clients])}"
        )
    with open_database(args.database) as database, database.read() as tx:
        known = people.by_identifier(tx, realm.name, args.user)
    if known is None:
        raise SettingsError(f"nobody in realm {realm.name!r} has the user name or e-mail address {args.user!r}")
    scopes = frozenset((args.scope or client.scope).split())
    if foreign := scopes - set(client.scopes):
        raise SettingsError(f"client {client.client_id!r} is not registered for {', '.join(sorted(foreign))}")
    request = Request(scopes=scopes, acr_values=tuple((args.acr or "").split()), address=args.address)
    explanation = explain(realm, known.person(realm), client, request, int(time.time()))
    if args.json:
        print(json.dumps(_json(realm, client, known, request, explanation), indent=2))
    else:
        print("\n".join(_lines(realm, client, known, request, explanation)))
    return 0


def _lines(realm: Realm, client: Client, known: Known, request: Request, told: Explanation) -> list[str]:
    person = known.person(realm)
    owned = sorted(person.usable) or ["no second factor"]
    has = f"roles {_list(person.roles)}; groups {_list(person.groups)}; owns {', '.join(owned)}"
    lines = [f"{known.user.username} at {client.client_id}: {has}"]
    if not known.user.enabled:
        lines.append("is disabled: nothing is let in")
    lines += [_rule(rule) for rule in told.rules] or ["the realm has no rules"]
    if request.acr_values:
        unknown = [acr for acr in request.acr_values if acr not in realm.levels]
        lines.append(
            f"the request asks for acr {' or '.join(request.acr_values)}"
            + (f"; the realm has no level {' or '.join(unknown)}: it asks for nothing" if unknown else "")
        )
    elif client.default_acr_values:
        lines.append(f"the client asks for acr {' or '.join(client.default_acr_values)} by default")
    steps = [" or ".join(step) for step in told.asked] + [f"set up {factor}" for factor in told.enrolled]
    lines.append(f"a new sign-in asks for: {', then '.join(steps) or 'nothing'}")
    end = told.end
    if end.outcome:
        lines.append(f"and ends with acr {end.outcome.acr or 'none'}, amr {' '.join(end.outcome.amr)}")
    elif end.error:
        lines.append(f"and ends with the error {end.error}")
    else:
        lines.append(
            "and cannot end: no accepted factor can be used or set up; an administrator must reset the factors"
        )
    return lines


def _rule(told: ExplainedRule) -> str:
    rule = told.rule
    asks = f"level {rule.level}"
    if rule.accept:
        asks += f" by {' or '.join(rule.accept)}"
    if rule.max_age:
        asks += f", not older than {_duration(rule.max_age)}"
    because = "; ".join(_condition(c) for c in told.conditions if c.holds is told.applies)
    if told.applies:
        return f"rule “{rule.name}” asks for {asks}, because: {because or 'it binds everyone'}"
    return f"rule “{rule.name}” does not apply, because: {because} (it would ask for {asks})"


def _condition(condition: Condition) -> str:
    wanted = " or ".join(condition.wanted)
    match condition.key, condition.holds:
        case "from", holds:
            return f"{'it binds' if holds else 'it only invites until'} {'since ' if holds else ''}{wanted}"
        case "networks", holds:
            return f"{'from' if holds else 'not from'} {wanted}"
        case "not_networks", holds:
            return f"{'not from' if holds else 'from'} {wanted}"
        case key, True:
            return f"{_PLURAL[key]} {_list(condition.present)}"
        case key, _:
            return f"no {_PLURAL[key]} {wanted}"


def _json(realm: Realm, client: Client, known: Known, request: Request, told: Explanation) -> dict[str, Any]:
    person, outcome = known.person(realm), told.end.outcome
    return {
        "realm": realm.name,
        "client": client.client_id,
        "user": known.user.username,
        "enabled": known.user.enabled,
        "roles": sorted(person.roles),
        "groups": sorted(person.groups),
        "factors": sorted(person.usable),
        "scopes": sorted(request.scopes),
        "acr_values": list(request.acr_values or client.default_acr_values),
        "rules": [
            {
                "name": rule.rule.name,
                "applies": rule.applies,
                "level": rule.rule.level,
                "accept": list(rule.rule.accept) if rule.rule.accept else None,
                "max_age": rule.rule.max_age,
                "because": [
                    {"key": c.key, "wanted": list(c.wanted), "present": list(c.present), "holds": c.holds}
                    for c in rule.conditions
                ],
            }
            for rule in told.rules
        ],
        "asks": [list(step) for step in told.asked],
        "enrols": list(told.enrolled),
        "acr": outcome.acr if outcome else None,
        "amr": list(outcome.amr) if outcome else None,
        "error": told.end.error,
        "blocked": told.end.blocked,
    }


def _duration(seconds: int) -> str:
    """As a realm file writes it."""
    unit, size = next(u for u in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)) if seconds % u[1] == 0)
    return f"{seconds // size}{unit}"


def _list(values: Any) -> str:
    return ", ".join(sorted(values)) or "none"
