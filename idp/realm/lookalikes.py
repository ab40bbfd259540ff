"""Names that people read as one and the server does not: a rule for `admin` binds nobody who has the role `Admin`."""

import unicodedata
from collections.abc import Iterator

from idp.realm.findings import Finding
from idp.realm.schema import Realm
from idp.realm.suggestions import shortened


def warn_of_lookalikes(realm: Realm) -> Iterator[Finding]:
    """Roles, groups, scopes and levels that differ in case, in blanks or in how Unicode writes them, and in no more."""
    sections = {"role": "roles", "group": "groups", "scope": "scopes", "level": "levels"}
    for kind, section in sections.items():
        seen: dict[str, str] = {}
        for name in getattr(realm, section):
            other = seen.setdefault(_as_read(name), name)
            if other != name:
                message = f"the {kind} '{shortened(name)}' is not the {kind} '{shortened(other)}', and reads like it"
                yield Finding((section, name), message, key=True)


def _as_read(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
