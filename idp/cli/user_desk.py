"""What the commands of `idp user` work with: the realm, the database, and letters that are sent before they end."""

import argparse
import sys
from functools import cached_property
from time import time
from typing import Any

from idp.admin.access import Access
from idp.admin.acting import Refused, Tell
from idp.admin.people import People
from idp.cli.letters import letters_at_once
from idp.cli.options import PUBLIC_URL_VARIABLE
from idp.cli.realms import realm_named
from idp.errors import SettingsError
from idp.factors.breached import Breached
from idp.outbound.notices import Notice
from idp.realm.problems import RealmFileError
from idp.realm.schema import Realm
from idp.settings import checked_public_url, issuer
from idp.store.database import Database, Transaction
from idp.store.users import User


class Desk:
    """One command. What only some commands need is looked for when they ask for it."""

    def __init__(self, args: argparse.Namespace, database: Database) -> None:
        self.args = args
        self._database = database
        self._now = int(time())

    @cached_property
    def realm(self) -> Realm:
        """As its file says; raises SettingsError or RealmFileError."""
        return realm_named(self.args.config, self.args.realm)

    @property
    def person(self) -> str:
        """Whom the command is about; raises Refused."""
        if self.args.person and self.args.username:
            raise Refused("NAME and --username are the same: say one of them")
        if not (person := self.args.person or self.args.username):
            raise Refused("say whom: NAME is a user name or an e-mail address")
        return str(person)

    @property
    def issuer(self) -> str:
        """What links begin with; raises Refused or SettingsError."""
        if self.args.public_url is None:
            raise Refused(
                f"say where browsers reach the server, which the link needs: --public-url or {PUBLIC_URL_VARIABLE}"
            )
        return issuer(checked_public_url(self.args.public_url, dev=False), self.args.realm)

    @property
    def seen(self) -> People:
        """The people, for looking at them: nobody is told."""
        return People(self._database, self.args.realm, by="command line", now=self._now)

    @property
    def people(self) -> People:
        """The people, for changing them."""
        breached = Breached(getattr(self.args, "breached_passwords", None))
        return People(self._database, self.args.realm, breached=breached, **self._acting)

    @property
    def access(self) -> Access:
        """Their ways in."""
        return Access(self._database, self.args.realm, **self._acting)

    @property
    def _acting(self) -> dict[str, Any]:
        return {"by": "command line", "now": self._now, "tell": self._tell()}

    def _tell(self) -> Tell | None:
        """Whoever must keep somebody out now does not mend a realm file first: then nobody is told, and that is."""
        try:
            realm = self.realm
            if realm.mail is None:
                return None
            letters = letters_at_once(realm)
        except (SettingsError, RealmFileError) as error:
            problems = error.problems if isinstance(error, RealmFileError) else (error,)
            print(*(f"idp: nobody is told by mail: {problem}" for problem in problems), sep="\n", file=sys.stderr)
            return None

        def tell(tx: Transaction, user: User, notice: Notice, **values: Any) -> None:
            letters.notice(tx, realm, user, notice, now=self._now, **values)

        return tell
