"""A realm as its file says, for commands that run beside the server."""

import os
from pathlib import Path

from idp.errors import SettingsError
from idp.realm.mode import Mode
from idp.realm.schema import Realm
from idp.realm.watching import Realms


def realm_named(directory: Path, name: str) -> Realm:
    """The realm of that name; raises SettingsError or RealmFileError."""
    realms = Realms(directory, mode=Mode.CHECK, environ=os.environ)
    realms.load()
    realm = realms.get(name)
    if realm is None:
        there = ", ".join(r.name for r in realms.all())
        raise SettingsError(f"{directory} has no realm {name!r}; it has: {there}")
    return realm
