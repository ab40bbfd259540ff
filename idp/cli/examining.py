"""Realm files as commands examine them: alone and in directories, and what their policy comes to."""

import os
import time
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from idp.cli.policy_findings import broken_expectations, short_passwords, surprises
from idp.realm.loading import Examination, Mode, Problem, RealmFileError, examine, read_file
from idp.realm.watching import NO_FILE, realm_files


def examine_files(
    paths: Iterable[Path], mode: Mode, *, themes: Collection[str] | None = None
) -> tuple[dict[Path, Examination], list[Problem]]:
    """What `idp check` says of the files and of those in the directories: an examination each, and all problems.

    `themes`: those that there are, where that is known.
    """
    examined: dict[Path, Examination] = {}
    now = int(time.time())
    problems: list[Problem] = []
    for path in paths:
        owners: dict[str, Path] = {}
        try:
            files = _files(path)
            for file in files:
                found = examine(read_file(file), path=str(file), mode=mode, environ=os.environ, themes=themes)
                examined[file] = found
                problems += [*found.problems, *_twice(file, found, owners)]
                if found.realm is not None:
                    problems += found.placed(str(file), broken_expectations(found.realm, now))
                    more = found.placed(str(file), (*short_passwords(found.realm), *surprises(found.realm, now)))
                    examined[file] = replace(found, warnings=(*found.warnings, *more))
        except RealmFileError as error:
            problems += error.problems
    return examined, problems


def _files(path: Path) -> list[Path]:
    if not os.path.isdir(path):  # noqa: PTH112 - this one has no error of its own
        return [path]
    try:
        files = realm_files(path)
    except OSError as error:
        raise RealmFileError([Problem(str(path), 1, 1, f"the directory cannot be read: {error.strerror}")]) from error
    if not files:
        raise RealmFileError([Problem(str(path), 1, 1, NO_FILE)])
    return files


def _twice(file: Path, examination: Examination, owners: dict[str, Path]) -> Iterable[Problem]:
    """One directory is one server: no two of its files may be the same realm."""
    realm, at = examination.realm, examination.named_at
    if realm is not None and owners.setdefault(realm.name, file) != file:
        yield Problem(str(file), at.line, at.column, f"the realm '{realm.name}' is already in {owners[realm.name]}")
