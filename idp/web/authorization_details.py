"""Authorization details in words (RFC 9396 section 10): everything that is in them, as text that cannot pretend."""

import json
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from idp.realm.schema import AuthorizationDetail, Realm
from idp.realm.words import said

# RFC 9396 section 2.2: those that mean the same in every type.
_COMMON = ("locations", "actions", "datatypes", "identifier", "privileges")
# What a browser draws nothing for, or turns the direction of the text with: names and amounts could read otherwise.
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_NOTHING = "\N{EN DASH}"
_UNKNOWN = AuthorizationDetail()

Translate = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Line:
    """A member with what it says, or with the members below it. `label` is empty for what has no name."""

    label: str
    texts: tuple[str, ...] = ()
    lines: tuple["Line", ...] = ()


@dataclass(frozen=True, slots=True)
class ShownDetail:
    """One authorization detail."""

    title: str
    description: str
    lines: tuple[Line, ...]


def shown_details(
    t: Translate, realm: Realm, details: Iterable[Mapping[str, Any]], *, locale: str
) -> tuple[ShownDetail, ...]:
    """Each in the words that the realm has for its type, and in those of its members where there are none."""
    return tuple(_shown(t, realm, detail, locale) for detail in details)


def _shown(t: Translate, realm: Realm, detail: Mapping[str, Any], locale: str) -> ShownDetail:
    words = realm.authorization_details.get(detail["type"], _UNKNOWN)

    def label(key: str) -> str:
        if key in words.fields:
            return said(words.fields[key], locale)
        return t(f"detail.{key}") if key in _COMMON else visible(key)

    def line(name: str, value: Any) -> Line:
        if isinstance(value, Mapping) and value:
            return Line(name, lines=tuple(line(label(key), below) for key, below in value.items()))
        if _is_list(value) and value:
            if any(isinstance(item, Mapping) or _is_list(item) for item in value):
                return Line(name, lines=tuple(line("", item) for item in value))
            return Line(name, tuple(_text(t, item) for item in value))
        return Line(name, (_text(t, value),))

    members = tuple(line(label(key), value) for key, value in detail.items() if key != "type")
    title = said(words.title, locale) or visible(detail["type"])
    return ShownDetail(title, said(words.description, locale), members)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _text(t: Translate, value: Any) -> str:
    if isinstance(value, bool):
        return t("detail.yes" if value else "detail.no")
    if isinstance(value, str):
        return visible(value) or _NOTHING
    return _NOTHING if value is None or isinstance(value, Mapping) or _is_list(value) else json.dumps(value)


def visible(text: str) -> str:
    """With the code of every character that nobody could see."""
    return "".join(_seen(character) for character in " ".join(text.split()))


def _seen(character: str) -> str:
    return f"\\u{ord(character):04x}" if unicodedata.category(character) in _UNSEEN else character
