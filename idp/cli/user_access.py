"""`idp user`: second factors, locks and sessions."""

import sys

from idp.cli.user_desk import Desk
from idp.cli.user_printing import print_factors, print_sessions


def factors(desk: Desk) -> None:
    """All of them, or one less."""
    if desk.args.remove:
        desk.access.remove_factor(desk.person, credential_id=desk.args.remove)
    else:
        print_factors(desk.seen.show(desk.person), as_json=desk.args.json)


def reset_factors(desk: Desk) -> None:
    """None of them is left."""
    desk.people.reset_factors(desk.person)


def unlock(desk: Desk) -> None:
    """Say so where there was nothing to unlock: then something else is in the way."""
    if not desk.access.unlock(desk.person):
        print("idp: there were no wrong codes or passwords", file=sys.stderr)


def sessions(desk: Desk) -> None:
    """The newest sign-ins, or one session or all of them less."""
    match desk.args.end:
        case None:
            print_sessions(desk.seen.sign_ins(desk.realm, desk.person), as_json=desk.args.json)
        case "all":
            print(desk.access.end_sessions(desk.person))
        case session_id:
            desk.access.end_session(desk.person, session_id=session_id)
