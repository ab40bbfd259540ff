"""The realms of a directory, taken up anew while the server runs: whole files only, and a broken one keeps the old."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from idp.realm.loading import Mode, examine
from idp.realm.problems import Problem, RealmFileError
from idp.realm.schema import Realm
from idp.realm.sighting import sight
from idp.realm.takeover import FileStatus, RealmFile, agree, prepare

__all__ = ["Change", "FileStatus", "Realms", "Subscriber", "realm_files"]

SUFFIXES = (".yaml", ".yml")
NO_FILE = "no realm file (*.yaml) is in this directory"
GONE_AFTER = 2  # looks: an editor that replaces a file leaves a moment without one
SETTLE = 0.02  # seconds between two readings that must agree, so that a file half written is not taken for a whole one

Change: TypeAlias = Literal["realm_loaded", "realm_rejected", "realm_removed"]
Subscriber: TypeAlias = Callable[[Change, FileStatus, Realm | None], object]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """All that readers see, swapped as one reference."""

    files: Mapping[str, RealmFile]
    realms: Mapping[str, Realm]
    statuses: tuple[FileStatus, ...]


class Realms:
    """The realms in service. Reading takes no lock; one thread at a time takes changed files up."""

    def __init__(
        self,
        directory: Path,
        *,
        mode: Mode,
        environ: Mapping[str, str],
        themes: Collection[str] | None = None,
        clock: Callable[[], float] = time.time,
        settle: float = SETTLE,
    ) -> None:
        self._directory, self._mode, self._environ, self._clock = directory, mode, environ, clock
        self._themes = themes
        self._settle = settle
        self._snapshot = _Snapshot({}, {}, ())
        self._writing = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._subscribers: list[Subscriber] = []
        self._preparations: list[Callable[[Realm], object]] = []

    def get(self, name: str) -> Realm | None:
        """The realm of that name as it is now: hold on to it for the length of a request."""
        return self._snapshot.realms.get(name)

    def all(self) -> tuple[Realm, ...]:
        """Every realm, by name."""
        return tuple(self._snapshot.realms.values())

    def status(self) -> tuple[FileStatus, ...]:
        """Every file with its realm and what is wrong with it, for the readiness page."""
        return self._snapshot.statuses

    def subscribe(self, callback: Subscriber) -> None:
        """Have `callback(kind, status, realm)` called after each change; the realm is None where one was refused."""
        self._subscribers.append(callback)

    def before_swap(self, callback: Callable[[Realm], object]) -> None:
        """Have `callback(realm)` called before a new realm is visible; if it raises, the old one stays for now."""
        self._preparations.append(callback)

    def load(self, now: int | None = None) -> None:
        """Take everything up at the start; RealmFileError when any file is broken or none is there."""
        with self._writing:
            try:
                found = realm_files(self._directory)
            except OSError as error:
                raise RealmFileError([self._unlisted(error)]) from error
            if not found:
                raise RealmFileError([Problem(str(self._directory), 1, 1, NO_FILE)])
            files = agree({path.name: self._look(RealmFile(path), twice=False) for path in found})
            if problems := [problem for file in files.values() for problem in file.problems]:
                raise RealmFileError(problems)
            for file in files.values():
                if file.wanted is not None:
                    self._prepare(file.wanted)
            self._swap(files, self._seconds(now))

    def poll(self, now: int | None = None) -> None:
        """One look: changed files are taken up, broken ones reported, and realms gone whose file is missing again."""
        with self._writing:
            before = self._snapshot.files
            try:
                found = {path.name: RealmFile(path) for path in realm_files(self._directory)}
            except OSError as error:
                self._stay(self._unlisted(error))
                return
            looked = {key: self._look(file) for key, file in {**found, **before}.items()}
            files = prepare({k: f for k, f in looked.items() if f.missing < GONE_AFTER}, self._prepare)
            self._swap(files, self._seconds(now))

    def start(self, interval: float = 0.5) -> None:
        """Look every `interval` seconds in a thread of its own, until `stop`."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._watch, args=(interval,), name="realm-files", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _watch(self, interval: float) -> None:
        while not self._stopping.wait(interval):
            try:
                self.poll()
            except Exception:
                log.exception("looking at the realm files failed; the realms stay as they are")

    def _seconds(self, now: int | None) -> int:
        return int(self._clock()) if now is None else now

    def _prepare(self, realm: Realm) -> None:
        for callback in self._preparations:
            callback(realm)

    def _look(self, file: RealmFile, *, twice: bool = True) -> RealmFile:
        try:
            if file.sighting is not None and file.sighting.still_holds(file.path):
                return file.waiting()
            seen = sight(file.path, pause=self._pause if twice else None)
        except FileNotFoundError:
            return file.missed()
        except OSError as error:
            return file.unreadable(error)
        if seen is None:
            return file
        sighting, data = seen
        if file.sighting is not None and file.sighting.digest == sighting.digest:
            return replace(file.waiting(), sighting=sighting)
        path, mode = str(file.path), self._mode
        return file.examined(sighting, examine(data, path=path, mode=mode, environ=self._environ, themes=self._themes))

    def _pause(self) -> None:
        self._stopping.wait(self._settle)

    def _unlisted(self, error: OSError) -> Problem:
        is_file = isinstance(error, NotADirectoryError)
        said = "this is a file: name its directory" if is_file else f"the directory cannot be read: {error.strerror}"
        return Problem(str(self._directory), 1, 1, said)

    def _stay(self, problem: Problem) -> None:
        """A directory that cannot be listed takes no realm away."""
        status = FileStatus(str(self._directory), problems=(str(problem),))
        known = status in self._snapshot.statuses
        statuses = tuple(file.status for file in self._snapshot.files.values())
        self._snapshot = replace(self._snapshot, statuses=(status, *statuses))
        if not known:
            self._tell("realm_rejected", status, None)

    def _swap(self, files: Mapping[str, RealmFile], now: int) -> None:
        before = self._snapshot
        after = {key: files[key].taken_up(now) for key in sorted(files)}
        realms = {f.realm.name: f.realm for f in after.values() if f.realm is not None}
        statuses = tuple(file.status for file in after.values())
        self._snapshot = _Snapshot(after, dict(sorted(realms.items())), statuses)
        for key, file in after.items():
            old = before.files.get(key)
            if file.realm is not None and (old is None or file.realm is not old.realm):
                self._tell("realm_loaded", file.status, file.realm)
            if file.is_news_to(old):
                self._tell("realm_rejected", file.status, None)
        for file in before.files.values():
            if file.realm is not None and file.realm.name not in realms:
                self._tell("realm_removed", file.status, file.realm)

    def _tell(self, change: Change, status: FileStatus, realm: Realm | None) -> None:
        for callback in self._subscribers:
            try:
                callback(change, status, realm)
            except Exception:
                log.exception("a subscriber failed at %s of %s", change, status.path)


def realm_files(directory: Path) -> list[Path]:
    """The realm files of a directory, by name; hidden ones are an editor's or a mount's own. OSError when unlisted."""
    return sorted(path for path in directory.iterdir() if path.suffix in SUFFIXES and path.name[0] != ".")
