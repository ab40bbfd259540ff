"""The schema's verdicts as sentences: what is wrong with a value, and what was probably meant."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from idp.realm import keycloak
from idp.realm.document import Node, Path
from idp.realm.findings import Finding
from idp.realm.shapes import choices_of, has_required, is_section, keys_of, sections_with, shape_at
from idp.realm.suggestions import did_you_mean, either, nearest, shortened
from idp.realm.words import PATTERNS, written_duration

TRUTH = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
UNSHOWN = frozenset(
    {"password", "secret", "client_secret", "client_secret_previous", "auth_token", "default"}
)  # never repeated: messages end in logs
SECTION = "a section with keys of its own"
TYPES = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": SECTION,
    "model_type": SECTION,
    "mapping_type": SECTION,
}
LIMITS = {"greater_than_equal": "ge", "less_than_equal": "le"}
LENGTHS = {"string_too_short": "min_length", "string_too_long": "max_length"}
_NO_BLANK = "a blank is missing behind the colon of '{}'"
_JOINED = re.compile(r"([^\s:]+):(?!//)\S")
AT = {"ge": "at least", "le": "at most", "min_length": "at least", "max_length": "at most"}


def explain(errors: Iterable[ErrorDetails], root: Node, model: type[BaseModel]) -> Iterator[Finding]:
    """A finding for each error that does not follow from another one."""
    found = list(errors)
    lacking = {e["loc"][:-1] for e in found if e["type"] == "missing"}
    unknown = [e["loc"] for e in found if e["type"] == "extra_forbidden" and e["loc"][:-1] in lacking]
    meant = {(path[:-1], nearest(str(path[-1]), keys_of(shape_at(model, path[:-1])))) for path in unknown}
    for error in found:
        path = error["loc"]
        if error["type"] == "missing" and (path[:-1], path[-1]) in meant:
            continue
        if error["type"] == "too_short" and (node := root.find(path)) and node.value:
            continue
        yield _finding(error, root, model)


def is_meant(key: str, section: Node, model: type[BaseModel]) -> bool:
    """Whether the section has an unknown key that is told with "did you mean" this one."""
    known = keys_of(model)
    return any(nearest(written, known) == key for written in section.value if written not in known)


def place(error: ErrorDetails) -> Path:
    """The path of what must be taken out for the error to go."""
    path = error["loc"]
    return path[:-1] if error["type"] == "missing" or path[-1:] == ("[key]",) else path


def _finding(error: ErrorDetails, root: Node, model: type[BaseModel]) -> Finding:
    path: Path = tuple(error["loc"])
    kind = error["type"]
    if path and path[-1] == "[key]":
        return Finding(place(error), f"'{shortened(str(path[-2]))}' {_rule_of(error)}", key=True)
    if kind == "missing":
        return Finding(place(error), f"the key '{path[-1]}' is missing {_here(path[:-1], root)}", key=True)
    if kind == "extra_forbidden":
        return Finding(path, _unknown_key(path, model), key=True)
    return Finding(path, _wrong_value(error, path=path, root=root, model=model))


def no_value(path: Path, model: type[BaseModel]) -> str:
    """The sentence for a key with nothing behind it."""
    if not isinstance(path[-1], str):
        return "an item of the list is empty: write it or remove the dash"
    if (name := _joined(path[-1])) and keys_of(shape_at(model, path[:-1])):
        return _NO_BLANK.format(name)
    if is_section(shape := shape_at(model, path)):
        write = "write its keys below it" if has_required(shape) else "write {} for its defaults"
        return f"'{path[-1]}' has no value: {write}, or remove the key"
    return f"'{path[-1]}' has no value: write one, or remove the key"


def _unknown_key(path: Path, model: type[BaseModel]) -> str:
    key, known = str(path[-1]), keys_of(shape_at(model, path[:-1]))
    sentence = f"unknown key '{shortened(key)}'"
    if key in keycloak.ADVICE:
        return f"{sentence}: {keycloak.ADVICE[key]}"
    elsewhere = [f"'{key}' under '{section}'" for section in sections_with(model, key)]
    if not elsewhere:
        return sentence + did_you_mean(key, known)
    match = nearest(key, known)
    return f"{sentence}, did you mean {either([*([repr(match)] if match else []), *elsewhere])}?"


def _wrong_value(error: ErrorDetails, *, path: Path, root: Node, model: type[BaseModel]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    label, node = _label(path), root.find(path)
    if choices := choices_of(shape_at(model, path)):
        return _unknown_choice(choices, label, node, path=path)
    if kind in TYPES:
        if node is not None and isinstance(node.value, str) and ":" in node.value and _has_sections(path, model):
            # A key with its value, or an address with its password.
            hint = f": {_NO_BLANK.format(name)}" if (name := _joined(node.value)) else ""
            return f"{label} must be {TYPES[kind]}{hint}"
        hint = ": write {} for its defaults" if _is_switched_on(node, path, model) else _hint(kind, node, path)
        return f"{label} must be {TYPES[kind]}{_not(node, path)}{hint}"
    if kind in LIMITS:
        limit = _measure(context[LIMITS[kind]], node)
        return f"{label} must be {AT[LIMITS[kind]]} {limit}{_not(node, path)}"
    if kind in LENGTHS and context[LENGTHS[kind]] > 1:
        return f"{label} must have {AT[LENGTHS[kind]]} {context[LENGTHS[kind]]} characters"
    if kind == "string_pattern_mismatch":
        return f"{label} {_rule_of(error)}"
    if kind == "value_error":
        return f"{label}: {context['error']}{_not(node, path)}"
    if kind in ("too_short", "string_too_short"):
        return f"{label} is empty: put something in it, or remove the key"
    if kind == "too_long":
        return f"{label} has more than {context['max_length']} entries"
    return f"{label} is wrong: {error['msg']}"


def _joined(text: str) -> str | None:
    """The key that no blank parts from its value, which may be a secret and is not repeated."""
    found = _JOINED.match(text)
    return shortened(found[1]) if found else None


def _has_sections(path: Path, model: type[BaseModel]) -> bool:
    return any(is_section(shape_at(model, place)) for place in (path, (*path, 0)))


def _is_switched_on(node: Node | None, path: Path, model: type[BaseModel]) -> bool:
    shape = shape_at(model, path)
    return node is not None and node.value is True and is_section(shape) and not has_required(shape)


def _hint(kind: str, node: Node | None, path: Path) -> str:
    if node is not None and path[-1] == "scope" and isinstance(node.value, tuple):
        return f": write {' '.join(shortened(item.source) for item in node.value)}"
    if node is None or not node.source:
        return ""
    if kind == "string_type":
        return ": put it in quotes"
    if kind == "int_type" and node.source.isdecimal():
        return ": remove the quotes"
    if kind == "bool_type" and node.source.lower() in TRUTH:
        return f", did you mean {TRUTH[node.source.lower()]}?"
    return f": write [{shortened(node.source)}]" if kind == "tuple_type" and not _unshown(path) else ""


def _unknown_choice(choices: tuple[Any, ...], label: str, node: Node | None, *, path: Path) -> str:
    if isinstance(choices[0], int):
        return f"{label} must be {either(choices)}{_not(node, path)}"
    if node is None or not isinstance(node.value, str):
        return f"{label} must be one of {either(choices)}{_not(node, path)}"
    return f"unknown value '{shortened(node.value)}' for {label}{did_you_mean(node.value, choices)}"


def _rule_of(error: ErrorDetails) -> str:
    pattern = error.get("ctx", {}).get("pattern", "")
    return PATTERNS.get(pattern, f"must match {pattern}") if pattern else "is too long or empty for a name"


def _here(path: Path, root: Node) -> str:
    node = root.find(path)
    names = [node.get(key) for key in ("client_id", "username", "name")] if node else []
    name = next((n.value for n in names if n and isinstance(n.value, str)), None)
    if name is not None:
        return f"in '{shortened(name)}'"
    return f"in '{path[-1]}'" if path and isinstance(path[-1], str) else "here"


def _label(path: Path) -> str:
    if not path:
        return "the file"
    if isinstance(path[-1], str):
        return f"'{shortened(path[-1])}'"
    names = [part for part in path if isinstance(part, str)]
    return f"an item of '{names[-1]}'" if names else "an item"


def _unshown(path: Path) -> bool:
    # What a level is called says nothing of what stands below it.
    is_secret = any(part in UNSHOWN for part in path[-2:])
    return is_secret and path[0] != "levels" and path[:2] != ("factors", "password")


def _not(node: Node | None, path: Path) -> str:
    """`, not the text 'x'`."""
    if node is None or (_unshown(path) and node.source):
        return ""
    if isinstance(node.value, Mapping):
        return ", not a section with keys"
    if isinstance(node.value, tuple):
        return ", not a list"
    if isinstance(node.value, str):
        return f", not the text '{shortened(node.value)}'"
    return f", not {node.source}" if isinstance(node.value, bool) else f", not the number {shortened(node.source)}"


def _measure(limit: Any, node: Node | None) -> str:
    return written_duration(int(limit)) if node is not None and isinstance(node.value, str) else str(limit)
