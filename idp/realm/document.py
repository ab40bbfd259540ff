"""A realm file as a tree of values that know their line and column (YAML 1.2, the part without anchors and tags)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any, NoReturn, TypeAlias

import yaml  # type: ignore[import-untyped, unused-ignore]

from idp.realm.problems import Problem
from idp.realm.scalars import resolve
from idp.realm.suggestions import shortened
from idp.realm.syntax import BLANK, explain_syntax

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 24
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """Where something begins, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Node:
    """A value, where it begins, and how it was written; `lost` when a direct part of it was taken out as wrong."""

    value: Any  # a scalar, a tuple of Node, a mapping of text to Entry; a Secret once it is resolved
    at: Position
    source: str = ""
    lost: bool = False

    def get(self, part: str | int) -> "Node | None":
        """The value below a key or at an index."""
        if isinstance(self.value, Mapping):
            entry = self.value.get(part)
            return entry.node if entry else None
        if isinstance(self.value, tuple) and isinstance(part, int) and part < len(self.value):
            node: Node = self.value[part]
            return node
        return None

    def find(self, path: Path) -> "Node | None":
        """The value at a path."""
        node: Node | None = self
        for part in path:
            node = node.get(part) if node else None
        return node

    def position(self, path: Path, *, key: bool) -> Position:
        """Where the key (or item), or else the value at a path begins; of what is not there, its parent's place."""
        node, at = self, self.at
        for depth, part in enumerate(path):
            child = node.get(part)
            if child is None:
                return at
            last = depth == len(path) - 1
            at = node.value[part].key if isinstance(node.value, Mapping) and (key or not last) else child.at
            node = child
        return at

    def plain(self) -> Any:
        """The value without positions; lists as tuples."""
        if isinstance(self.value, Mapping):
            return {key: entry.node.plain() for key, entry in self.value.items()}
        if isinstance(self.value, tuple):
            return tuple(node.plain() for node in self.value)
        return self.value

    def walk(self, path: Path = ()) -> "Iterator[tuple[Path, Node]]":
        """Every value below this one, with its path."""
        yield path, self
        if isinstance(self.value, Mapping):
            for key, entry in self.value.items():
                yield from entry.node.walk((*path, key))
        elif isinstance(self.value, tuple):
            for index, node in enumerate(self.value):
                yield from node.walk((*path, index))

    def with_key(self, key: str, value: str) -> "Node":
        """This section with another value for a key, at the place of the former or of the section."""
        at = self.position((key,), key=False)
        return replace(self, value={**self.value, key: Entry(at, Node(value, at, value))})

    def replaced(self, values: "Mapping[Path, Any]") -> "Node":
        """This tree with other values at some paths."""
        below: dict[str | int, dict[Path, Any]] = {}
        for path, value in values.items():
            if not path:
                return replace(self, value=value)
            below.setdefault(path[0], {})[path[1:]] = value
        parts = self._parts()
        return self._with({**parts, **{p: parts[p].replaced(rest) for p, rest in below.items()}}) if below else self

    def without(self, paths: set[Path], *, lost: bool) -> "Node":
        """This tree less what stands at the paths; their parents are marked as having `lost` something."""
        if not paths:
            return self
        below: dict[str | int, set[Path]] = {}
        for path in paths:
            below.setdefault(path[0], set()).add(path[1:])
        gone = {part for part, rests in below.items() if () in rests}
        kept = {
            part: node.without(below.get(part, set()), lost=lost)
            for part, node in self._parts().items()
            if part not in gone
        }
        return replace(self._with(kept), lost=self.lost or (lost and bool(gone)))

    def _parts(self) -> "dict[str | int, Node]":
        if isinstance(self.value, Mapping):
            return {key: entry.node for key, entry in self.value.items()}
        return dict(enumerate(self.value)) if isinstance(self.value, tuple) else {}

    def _with(self, parts: "Mapping[str | int, Node]") -> "Node":
        if isinstance(self.value, Mapping):
            keys = self.value
            return replace(self, value={str(k): Entry(keys[k].key, node) for k, node in parts.items()})
        return replace(self, value=tuple(parts.values())) if isinstance(self.value, tuple) else self


@dataclass(frozen=True, slots=True)
class Entry:
    """A key's position and its value."""

    key: Position
    node: Node


def read_bounded(path: FilePath) -> bytes:
    """The bytes of a file, at most one more than are allowed; OSError."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def read_document(data: bytes, *, path: str) -> tuple[Node | None, list[Problem]]:
    """The tree of a file and what is wrong with its YAML; no tree when nothing more can be said about it."""
    if len(data) > MAX_BYTES:
        return None, [Problem(path, 1, 1, f"the file is larger than {MAX_BYTES // 1024} KiB")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "ignore")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return None, [Problem(path, line, column, "the file is not text in UTF-8: save it in that encoding")]
    reader = _Reader(text, path)
    return reader.read(), reader.problems


class _Refused(Exception):
    """Reading cannot go on; the problem is noted."""


class _Reader:
    """Builds the tree from parser events: a bounded depth, and no alias that could multiply or recur."""

    def __init__(self, text: str, path: str) -> None:
        self.problems: list[Problem] = []
        self._path, self._text = path, text
        self._usable = True
        self._open: list[tuple[int, int]] = []

    def read(self) -> Node | None:
        """The one document of the file."""
        try:
            self._events = iter(yaml.parse(self._text, Loader=LOADER))
            root = self._document()
        except _Refused:
            return None
        except yaml.YAMLError as error:
            line, column, message = explain_syntax(error, self._text, self._open[-1] if self._open else None)
            self._note(Position(line, column), message)
            return None
        return root if self._usable else None

    def _note(self, at: Position, message: str, *, usable: bool = True) -> None:
        self.problems.append(Problem(self._path, at.line, at.column, message))
        self._usable = self._usable and usable

    def _document(self) -> Node | None:
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            self._refuse(Position(1, 1), "the file is empty: it needs at least `realm: name`")
        event = next(self._events)
        root = self._node(event, 0)
        next(self._events)
        if not isinstance(start := next(self._events), yaml.StreamEndEvent):
            self._refuse(_position(start), "a second document begins here: one file is one realm")
        if not isinstance(root.value, Mapping):
            self._refuse(root.at, "a realm file is a list of keys with their values, beginning with `realm: name`")
        return root

    def _refuse(self, at: Position, message: str) -> NoReturn:
        self._note(at, message)
        raise _Refused

    def _node(self, event: Any, depth: int) -> Node:
        at = _position(event)
        if depth > MAX_DEPTH:
            self._refuse(at, f"the file is nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            self._note(at, "an alias (*) is not supported: write the value out, or put it in quotes", usable=False)
            return Node(None, at)
        if event.anchor is not None:
            self._note(at, "an anchor (&) is not supported: remove it, or put the value in quotes", usable=False)
        if event.tag is not None and event.tag != "!":
            self._note(at, "a tag (!) is not supported: remove it, or put the value in quotes", usable=False)
        if isinstance(event, yaml.CollectionStartEvent):
            self._open.append((at.line, at.column))
            is_list = isinstance(event, yaml.SequenceStartEvent)
            collection = Node(tuple(self._items(depth)) if is_list else self._entries(depth), at)
            self._open.pop()
            return collection
        if CONTROL.search(event.value):
            self._note(at, "a control character is not allowed here", usable=False)
        plain = event.style in (None, "") and event.tag is None
        return Node(resolve(event.value) if plain else event.value, at, event.value)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _entries(self, depth: int) -> Mapping[str, Entry]:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if key.source == "<<" and key.value == "<<":
                self._note(key.at, "merging with << is not supported: write the keys out", usable=False)
            elif key.source[:1].isspace() and key.source[0] not in " \t\n":
                self._note(key.at, BLANK, usable=False)
            elif not isinstance(key.value, str):
                written = f": write '{shortened(key.source)}' with quotes" if key.source else ""
                self._note(key.at, f"a key must be text{written}", usable=False)
            elif key.value in entries:
                first = entries[key.value].key.line
                self._note(key.at, f"the key '{shortened(key.value)}' is here twice: it is already in line {first}")
            else:
                entries[key.value] = Entry(key.at, value)
        return entries


def _position(event: Any) -> Position:
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)
