"""Reading a realm file: the realm, or all that is wrong with it at once, with line, column and a way to mend it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path as FilePath

from pydantic import ValidationError

from idp.realm.clients import check_clients, warn_of_clear_text, warn_of_unread
from idp.realm.detail_types import check_detail_types
from idp.realm.document import Node, Path, Position, read_bounded, read_document
from idp.realm.environment import unusable_secrets, with_secrets
from idp.realm.findings import Finding
from idp.realm.levels import check_levels, warn_of_rules
from idp.realm.lookalikes import warn_of_lookalikes
from idp.realm.mode import Mode
from idp.realm.problems import Problem, RealmFileError
from idp.realm.references import (
    References,
    check_expected,
    check_limits,
    check_reserved,
    check_theme,
    check_twice,
    warn_of_unguarded,
    warn_of_unused_redirects,
)
from idp.realm.schema import Realm
from idp.realm.sending import check_sending
from idp.realm.sentences import explain, is_meant, no_value, place
from idp.realm.signing import check_signing
from idp.realm.trusted_issuers import check_trusted_issuers, warn_of_unsaid

__all__ = ["Examination", "Mode", "Problem", "RealmFileError", "examine", "load", "read_file"]

PASSES = 6  # a part taken out may leave its section without a required key, and so on upwards
MOST = 200  # more help nobody, and looking for what each may have meant takes time
MORE = "there are more problems than these: mend them first"
UNNAMED = "unnamed"
START = Position(1, 1)


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found out about a file: the realm when there are no problems. `named_at` is where its name stands.

    `root` is the file's tree, for finding places in it.
    """

    realm: Realm | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()
    named_at: Position = START
    root: Node | None = None

    def placed(self, path: str, findings: Iterable[Finding]) -> Iterator[Problem]:
        """What others find out about the realm, with line and column; `path` is the file's."""
        for found in findings:
            at = self.root.position(found.path, key=found.key) if self.root else self.named_at
            yield Problem(path, at.line, at.column, found.message)


def load(path: FilePath, *, mode: Mode, environ: Mapping[str, str]) -> Realm:
    """The realm of a file; RealmFileError with every problem of the file."""
    examination = examine(read_file(path), path=str(path), mode=mode, environ=environ)
    if examination.realm is None:
        raise RealmFileError(examination.problems)
    return examination.realm


def read_file(path: FilePath) -> bytes:
    """The bytes of a file; RealmFileError when it cannot be read."""
    try:
        return read_bounded(path)
    except OSError as error:
        raise RealmFileError([Problem(str(path), 1, 1, f"cannot be read: {error.strerror}")]) from error


def examine(
    data: bytes, *, path: str, mode: Mode, environ: Mapping[str, str], themes: Collection[str] | None = None
) -> Examination:
    """Everything there is to say about the contents of a file, in the order of its lines.

    `themes`: those that there are, where that is known.
    """
    root, problems = read_document(data, path=path)
    if root is None:
        return Examination(None, tuple(sorted(set(problems))))
    return _Examiner(root, problems, path=path, mode=mode, themes=themes).examine(environ)


class _Examiner:
    """Takes out of the tree what was found wrong, so that the rest of the file can still be examined."""

    def __init__(
        self, root: Node, problems: list[Problem], *, path: str, mode: Mode, themes: Collection[str] | None
    ) -> None:
        self._root, self._problems, self._path, self._mode = root, problems, path, mode
        self._themes = themes
        self._named_at = root.position(("realm",), key=False)
        self._has_name = root.get("realm") is not None or is_meant("realm", root, Realm)  # wrong ones are told as such

    def examine(self, environ: Mapping[str, str]) -> Examination:
        """Each step sees what the ones before left."""
        self._refuse_development()
        self._take_out_empty()
        self._resolve(environ)
        realm = self._validated()
        if realm is not None:
            self._note(_contradictions(realm, self._root, self._mode))
            if self._themes is not None:
                self._note(check_theme(realm, self._themes))
        if realm is None or self._problems:
            return Examination(None, self._sorted_problems(), named_at=self._named_at)
        warnings = tuple(sorted(self._placed(_surprises(realm, self._mode))))
        return Examination(realm, (), warnings, self._named_at, self._root)

    def _sorted_problems(self) -> tuple[Problem, ...]:
        problems = sorted(set(self._problems))
        if len(problems) < MOST:
            return tuple(problems)
        *most, last = problems[:MOST]
        return (*most, replace(last, message=MORE))

    def _placed(self, findings: Iterable[Finding]) -> Iterator[Problem]:
        for path, message, key in findings:
            at = self._root.position(path, key=key)
            yield Problem(self._path, at.line, at.column, message)

    def _note(self, findings: Iterable[Finding]) -> None:
        self._problems.extend(islice(self._placed(findings), max(0, MOST - len(self._problems))))

    def _refuse_development(self) -> None:
        if self._mode is Mode.PRODUCTION and self._root.get("users"):
            message = "'users' is for development only: remove it, and make people with `idp user add`"
            self._note([Finding(("users",), message, key=True)])

    def _take_out_empty(self) -> None:
        empty = [path for path, node in self._root.walk() if node.value is None]
        self._note(Finding(path, no_value(path, Realm), key=True) for path in empty)
        self._root = self._root.without(set(empty), lost=True)

    def _resolve(self, environ: Mapping[str, str]) -> None:
        self._note(unusable_secrets(self._root, mode=self._mode, environ=environ))
        self._root = with_secrets(self._root, mode=self._mode, environ=environ)

    def _validated(self) -> Realm | None:
        if self._root.get("realm") is None:
            if not self._has_name:
                self._note([Finding((), "the key 'realm' is missing here: a realm file begins with `realm: name`")])
            self._root = self._root.with_key("realm", UNNAMED)
        for attempt in range(PASSES):
            try:
                return Realm.model_validate(self._root.plain())
            except ValidationError as error:
                errors = error.errors(include_url=False)
                if attempt == 0:  # later ones follow from what was taken out
                    self._note(explain(errors, self._root, Realm))
                self._take_out({place(details) for details in errors})
        return None

    def _take_out(self, paths: set[Path]) -> None:
        if ("realm",) in paths:
            self._root = self._root.with_key("realm", UNNAMED)
        self._root = self._root.without(paths - {("realm",)}, lost=True)


def _contradictions(realm: Realm, root: Node, mode: Mode) -> Iterator[Finding]:
    yield from References(realm, root).check()
    yield from check_twice(realm)
    yield from check_reserved(realm)
    yield from check_expected(realm, root)
    yield from check_limits(realm)
    yield from check_levels(realm, root)
    yield from check_clients(realm, root, mode)
    yield from check_sending(realm, root, mode)
    yield from check_signing(realm)
    yield from check_detail_types(realm)
    yield from check_trusted_issuers(realm, root, mode)


def _surprises(realm: Realm, mode: Mode) -> Iterator[Finding]:
    yield from warn_of_unguarded(realm)
    yield from warn_of_unused_redirects(realm)
    yield from warn_of_unsaid(realm, mode)
    yield from warn_of_rules(realm)
    yield from warn_of_lookalikes(realm)
    yield from warn_of_clear_text(realm, mode)
    yield from warn_of_unread(realm)
