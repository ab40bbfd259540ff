"""`idp reseal`: have the database need the first key of IDP_SECRET_KEY only, so that an older one can go."""

import argparse
import os
from typing import Any

from idp.cli.options import add_database, open_database
from idp.errors import SettingsError
from idp.login.second_factor import secret_context
from idp.settings import SECRET_KEY_VARIABLE, secret_keys
from idp.store import factors, signing_keys, subject_keys
from idp.store.database import Database
from idp.tokens.sealing import NotSealedHere, Sealer

_AT_ONCE = 500


def add_parser(subparsers: Any) -> None:
    """Add the command to the sub-parsers of argparse."""
    parser = subparsers.add_parser(
        "reseal",
        help="seal the secrets of the database by the new key",
        description="Seal every second factor, signing key and key of pairwise subjects by the first key of "
        f"{SECRET_KEY_VARIABLE}. Run it when every server has the new key in front of the old one; a day later, when "
        "sign-ins and letters under way have ended, nothing needs the old one any more.",
    )
    add_database(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0; raises SettingsError where a secret opens by none of the keys: what was sealed before it stays good."""
    sealer = Sealer(secret_keys(os.environ, dev=False))
    with open_database(args.database) as database:
        try:
            with database.write() as tx:
                keys = signing_keys.reseal(tx, sealer), subject_keys.reseal(tx, sealer)
            counts = (*keys, _factors(database, sealer))
        except NotSealedHere:
            raise SettingsError(f"a secret of the database opens by no key of {SECRET_KEY_VARIABLE}") from None
    print("sealed anew: signing keys: {}, keys of pairwise subjects: {}, second factors: {}".format(*counts))
    return 0


def _factors(database: Database, sealer: Sealer) -> int:
    """Some at a time: people sign in meanwhile."""

    def again(secret: str, user_id: str, credential_id: str) -> str:
        return sealer.again(secret, secret_context(user_id, credential_id))

    count, last = 0, ""
    while True:
        with database.write() as tx:
            done = factors.reseal(tx, again, after=last, most=_AT_ONCE)
        if not done:
            return count
        count, last = count + len(done), done[-1]
