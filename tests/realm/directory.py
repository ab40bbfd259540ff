"""A directory of realm files for tests, looked at by hand."""

from pathlib import Path

from idp.realm.loading import Mode
from idp.realm.schema import Realm
from idp.realm.watching import FileStatus, Realms


def text(name: str, title: str = "first") -> str:
    return f"realm: {name}\ndisplay_name: {title}\n"


class Directory:
    """A directory of realm files, watched by hand, and what the watcher told about it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[tuple[str, str, str | None]] = []
        self.realms = Realms(path, mode=Mode.PRODUCTION, environ={}, clock=lambda: 1000, settle=0)
        self.realms.subscribe(self._note)

    def _note(self, change: str, status: FileStatus, realm: Realm | None) -> None:
        self.told.append((change, Path(status.path).name, realm.name if realm else None))

    def write(self, file: str, contents: str) -> None:
        (self.path / file).write_text(contents, encoding="utf-8")

    def replace(self, file: str, contents: str) -> None:
        self.write(".new", contents)
        (self.path / ".new").replace(self.path / file)

    def remove(self, file: str) -> None:
        (self.path / file).unlink()

    def titles(self) -> dict[str, str]:
        return {realm.name: realm.title for realm in self.realms.all()}

    def poll(self, times: int = 1) -> dict[str, str]:
        self.told.clear()
        for now in range(times):
            self.realms.poll(2000 + now)
        return self.titles()

    def problems(self, file: str = "a.yaml") -> tuple[str, ...]:
        (status,) = [s for s in self.realms.status() if Path(s.path).name == file]
        return tuple(p.removeprefix(f"{self.path}/") for p in status.problems)
