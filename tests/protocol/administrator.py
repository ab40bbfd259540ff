"""Somebody who changes people while a server runs, as `idp user` does."""

from typing import Any

from sqlalchemy import Table, func, select

from idp.admin.access import Access
from idp.admin.acting import Tell
from idp.admin.new_people import NewPerson
from idp.admin.people import People
from idp.factors.password import Passwords
from idp.store.database import Database
from idp.store.tables import metadata
from tests.running import RunningServer


class Administrator:
    """Works on the database of a server, beside it."""

    def __init__(self, server: RunningServer, *, realm: str = "demo") -> None:
        self._server, self._realm = server, realm
        self._database = Database(server.settings.database)

    @property
    def people(self) -> People:
        return People(self._database, self._realm, by="test", now=self._server.clock())

    def add(self, username: str, *, email: str | None, password: str | None = "some words of their own") -> str:
        """Without a password: the link of the invitation."""
        realm, new = self._server.app.state.realms.get(self._realm), NewPerson(username, email, None, (), ())
        if password is None:
            return self.people.invite(realm, new, issuer=self._server.issuer(self._realm))[1] or ""
        return self.people.add(realm, new, password, Passwords())

    def verification(self, username: str) -> str:
        """The link that the letter would bring."""
        sent: list[str] = []
        self.people_telling(lambda _tx, _user, _notice, **values: sent.append(values["link"])).ask_to_verify(
            username, issuer=self._server.issuer(self._realm)
        )
        return sent[0]

    def people_telling(self, tell: Tell) -> People:
        """Whose letters go to the test."""
        return People(self._database, self._realm, by="test", now=self._server.clock(), tell=tell)

    def disable(self, username: str) -> None:
        self.people.set_enabled(username, False)

    def enable(self, username: str) -> None:
        self.people.set_enabled(username, True)

    def disable_for_a_moment(self, username: str) -> None:
        self.disable(username)
        self.enable(username)

    def delete(self, username: str) -> None:
        self.people.delete(username)

    def reset_factors(self, username: str) -> None:
        self.people.reset_factors(username)

    def unlock(self, username: str) -> None:
        Access(self._database, self._realm, by="test", now=self._server.clock()).unlock(username)

    def set_password(self, username: str, password: str) -> None:
        realm = self._server.app.state.realms.get(self._realm)
        self.people.set_password(realm, username, password, Passwords())

    def set_roles(self, username: str, *roles: str) -> None:
        realm = self._server.app.state.realms.get(self._realm)
        self.people.set_roles(realm, username, roles=roles, groups=())

    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        with self._database.read() as tx:
            return {name: tx.execute(_count(table)).scalar_one() for name, table in metadata.tables.items()}

    def everything(self) -> str:
        """All that a thief of the database could read."""
        with self._database.read() as tx:
            return "\n".join(str(row) for table in metadata.tables.values() for row in tx.execute(select(table)))

    def close(self) -> None:
        self._database.close()


def _count(table: Table) -> Any:
    return select(func.count()).select_from(table)
