"""What differs between two versions of a realm, by name and key; a value only where no secret can be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from idp.realm.schema import Realm
from idp.realm.section import Section

# Sections whose values hold no secret, and of a client the keys that decide who gets in.
_SHOWN = frozenset({"rules", "levels", "encourage", "groups", "sessions", "tokens"})
_SHOWN_OF_CLIENTS = frozenset({"enabled", "scope", "grant_types", "default_acr_values", "default_max_age"})


@dataclass(frozen=True, slots=True)
class Difference:
    """A key that was changed, as the file calls it; `values`: what it was and is, None where that is not shown."""

    key: str
    values: tuple[Any, Any] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to something that a section names, or to a whole section, which has no `name`."""

    section: str
    name: str
    kind: Literal["added", "removed", "changed"]
    keys: tuple[Difference, ...] = ()


def compare(before: Realm, after: Realm) -> tuple[Change, ...]:
    """Everything that is not as it was; nothing for two files that mean the same."""
    return (*_of_names(before, after), *_of_sections(before, after))


def _of_names(before: Realm, after: Realm) -> Iterator[Change]:
    old, new = _named(before), _named(after)
    for section, were in old.items():
        are = new[section]
        yield from (Change(section, name, "removed") for name in were if name not in are)
        yield from (Change(section, name, "added") for name in are if name not in were)
        yield from (
            Change(section, name, "changed", tuple(_differences(section, was, are[name])))
            for name, was in were.items()
            if name in are and was != are[name]
        )
    # Levels stand weakest first: the order is what a token reports.
    first, then = tuple(before.levels), tuple(after.levels)
    if first != then and set(first) == set(then):
        yield Change("levels", "", "changed", (Difference("order", (first, then)),))


def _of_sections(before: Realm, after: Realm) -> Iterator[Change]:
    old, new = _whole(before), _whole(after)
    for section, was in old.items():
        now = new[section]
        if was == now:
            continue
        if was is None or now is None:
            yield Change(section, "", "added" if was is None else "removed")
        else:
            yield Change(section, "", "changed", tuple(_differences(section, was, now)))


def _named(realm: Realm) -> dict[str, Mapping[str, Any]]:
    """The parts of a realm that have names."""
    return {
        "rules": {rule.name: rule for rule in realm.second_factor.rules},
        "levels": realm.levels,
        "factors": {name: section for name, section in _keys(realm.factors).items() if section is not None},
        "clients": {client.client_id: client for client in realm.clients},
        "roles": realm.roles,
        "groups": realm.groups,
        "scopes": realm.scopes,
    }


def _whole(realm: Realm) -> dict[str, Any]:
    """The others, and what invites people."""
    others = {key: value for key, value in _keys(realm).items() if key not in {*_named(realm), "second_factor"}}
    return {"encourage": realm.second_factor.encourage, **others}


def _differences(section: str, was: Any, now: Any) -> Iterator[Difference]:
    if not isinstance(was, Section) or not isinstance(now, Section):
        return
    old, new = _keys(was), _keys(now)
    for key in old:
        if old[key] != new[key]:
            is_shown = section in _SHOWN or (section == "clients" and key in _SHOWN_OF_CLIENTS)
            yield Difference(key, (old[key], new[key]) if is_shown else None)


def _keys(section: Section) -> dict[str, Any]:
    """As the file calls them."""
    return {field.alias or name: getattr(section, name) for name, field in type(section).model_fields.items()}
