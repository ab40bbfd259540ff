"""Which file's realm is in service after a look at all files: one realm of a name, and an old one rather than none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from idp.errors import SettingsError
from idp.realm.loading import Examination
from idp.realm.problems import Problem
from idp.realm.schema import Realm
from idp.realm.sighting import Sighting


@dataclass(frozen=True, slots=True)
class FileStatus:
    """What an operator is told about one file; `loaded_at` in seconds since the epoch."""

    path: str
    realm: str | None = None
    loaded_at: int | None = None
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RealmFile:
    """One file: the realm that it has in service, and the examination of newer contents that wait to be taken up.

    `missing` counts the successive looks that did not find it.
    """

    path: Path
    sighting: Sighting | None = None
    realm: Realm | None = None
    loaded_at: int | None = None
    candidate: Examination | None = None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    missing: int = 0

    @property
    def wanted(self) -> Realm | None:
        """The realm that it would have in service: the newer one unless something speaks against it."""
        if self.candidate is not None and self.candidate.realm is not None and not self.problems:
            return self.candidate.realm
        return self.realm

    @property
    def status(self) -> FileStatus:
        """Without the realm itself, for people to read."""
        return FileStatus(
            path=str(self.path),
            realm=self.realm.name if self.realm else None,
            loaded_at=self.loaded_at,
            problems=tuple(map(str, self.problems)),
            warnings=tuple(map(str, self.warnings)),
        )

    def examined(self, sighting: Sighting, examination: Examination) -> "RealmFile":
        """With newer contents, which wait or are refused."""
        return replace(self, sighting=sighting, candidate=examination, problems=examination.problems, missing=0)

    def missed(self) -> "RealmFile":
        """Not there at this look; what it has in service stays for now."""
        problem = Problem(str(self.path), 1, 1, "the file is missing: its realm goes when it stays away")
        return replace(self, sighting=None, candidate=None, problems=(problem,), missing=self.missing + 1)

    def unreadable(self, error: OSError) -> "RealmFile":
        """There, and not to be read; what it has in service stays."""
        problem = Problem(str(self.path), 1, 1, f"cannot be read: {error.strerror}")
        return replace(self, sighting=None, candidate=None, problems=(problem,), missing=0)

    def is_news_to(self, old: "RealmFile | None") -> bool:
        """Whether it was refused at this look, for another reason or with other contents than before."""
        if not self.problems or self.missing:
            return False
        return old is None or self.problems != old.problems or self.digest != old.digest

    @property
    def digest(self) -> bytes | None:
        """What the contents are known by, once they were read."""
        return self.sighting.digest if self.sighting else None

    def waiting(self) -> "RealmFile":
        """What was refused because of others is tried again: it may be free by now."""
        return self if self.candidate is None else replace(self, problems=self.candidate.problems, missing=0)

    def refused(self, message: str) -> "RealmFile":
        """The old realm stays for a reason outside of the file's own contents."""
        at = self.candidate.named_at if self.candidate else None
        problem = Problem(str(self.path), at.line if at else 1, at.column if at else 1, message)
        return replace(self, problems=(*self.problems, problem))

    def taken_up(self, now: int) -> "RealmFile":
        """With the wanted realm in service."""
        if self.candidate is None or self.wanted is self.realm:
            return self
        warnings = self.candidate.warnings
        return replace(self, realm=self.wanted, loaded_at=now, candidate=None, warnings=warnings)


def agree(files: Mapping[str, RealmFile]) -> dict[str, RealmFile]:
    """The files with every clash of names decided: whoever has a realm keeps it, a file that is gone gives way."""
    agreed = dict(files)
    while (clash := _clash(agreed)) is not None:
        loser, winner = clash
        if agreed[loser].missing:
            del agreed[loser]
        else:
            name = _name(agreed[loser])
            agreed[loser] = agreed[loser].refused(f"the realm '{name}' is already in {agreed[winner].path}")
    return agreed


def prepare(files: Mapping[str, RealmFile], callback: Callable[[Realm], object]) -> dict[str, RealmFile]:
    """`agree`, and each new realm shown to the callback before it is in service; if that raises, the old one stays."""
    agreed, shown = agree(files), set[str]()
    while key := next((k for k, f in agreed.items() if k not in shown and f.wanted is not f.realm), None):
        shown.add(key)
        if (realm := agreed[key].wanted) is None:
            continue
        try:
            callback(realm)
        except Exception as error:  # noqa: BLE001 - whatever hinders a new realm must not stop the old one
            told = f"the realm could not be prepared ({type(error).__name__})"
            agreed[key] = agreed[key].refused(str(error) if isinstance(error, SettingsError) else told)
            agreed = agree(agreed)
    return agreed


def _clash(files: Mapping[str, RealmFile]) -> tuple[str, str] | None:
    owners: dict[str, str] = {}
    for key in sorted(files, key=lambda k: (files[k].missing, not _keeps(files[k]), k)):
        name = _name(files[key])
        if name is not None and owners.setdefault(name, key) != key:
            return key, owners[name]
    return None


def _name(file: RealmFile) -> str | None:
    return file.wanted.name if file.wanted else None


def _keeps(file: RealmFile) -> bool:
    return file.realm is not None and _name(file) == file.realm.name
