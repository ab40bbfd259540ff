"""People whom policy cannot tell apart: a million of them cost as many questions as there are kinds of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from heapq import nsmallest

from idp.policy.question import Credential, Person, person_in
from idp.realm.factor_sections import RECOVERY
from idp.realm.schema import Realm

KINDS_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Traits:
    """All of a person that a realm can decide by. `factors` without recovery codes; `is_shut`: by wrong guesses."""

    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    factors: frozenset[str] = frozenset()
    has_codes: bool = False
    is_shut: bool = False
    snoozed: int = 0

    def person(self, realm: Realm) -> Person:
        """What policy sees; a credential is called like its factor."""
        owned = [Credential(factor, factor, usable=not self.is_shut) for factor in sorted(self.factors)]
        owned.append(Credential(RECOVERY, RECOVERY, usable=self.has_codes and not self.is_shut))
        return person_in(realm, roles=self.roles, groups=self.groups, credentials=owned, snoozed=self.snoozed)


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many people, and the first of them by name."""

    count: int = 0
    names: tuple[str, ...] = ()


NOBODY = Crowd()


@dataclass(frozen=True, slots=True)
class Alike:
    """People who are one to two realms: as the one sees each of them, and as the other does."""

    before: Person
    after: Person
    crowd: Crowd


def gather(people: Iterable[tuple[str, Traits]], *, before: Realm, after: Realm, most: int) -> tuple[Alike, ...]:
    """The people, by user name, as few kinds; of each at most so many are named. Memory grows with the kinds only."""
    seen = seen_by(before, after)
    counts: dict[tuple[Person, Person], int] = {}
    names: dict[tuple[Person, Person], list[str]] = {}
    for name, traits in people:
        kind = seen(traits)
        counts[kind] = counts.get(kind, 0) + 1
        if len(known := names.setdefault(kind, [])) < most:
            known.append(name)
    return tuple(Alike(*kind, Crowd(count, tuple(names[kind]))) for kind, count in counts.items())


def seen_by(before: Realm, after: Realm) -> Callable[[Traits], tuple[Person, Person]]:
    """Whom each realm sees in somebody, less what it does not look at."""

    @lru_cache(KINDS_REMEMBERED)
    def seen(traits: Traits) -> tuple[Person, Person]:
        return told_apart(before, traits.person(before)), told_apart(after, traits.person(after))

    return seen


def together(crowds: Iterable[Crowd], most: int) -> Crowd:
    """All of them, of whom nobody is in two."""
    every = tuple(crowds)
    names = nsmallest(most, (name for crowd in every for name in crowd.names))
    return Crowd(sum(crowd.count for crowd in every), tuple(names))


def told_apart(realm: Realm, person: Person) -> Person:
    """The person less what nothing in the realm's policy looks at."""
    encourage = realm.second_factor.encourage
    snoozes = encourage.snoozes if encourage is not None and encourage.snoozes is not None else 0
    return replace(
        person,
        roles=person.roles & looked_at(realm, "roles"),
        groups=person.groups & looked_at(realm, "groups"),
        snoozed=min(person.snoozed, snoozes),
    )


def looked_at(realm: Realm, key: str) -> frozenset[str]:
    """The values of a key of `when` that the realm's policy names anywhere."""
    return frozenset(value for _, when in realm.second_factor.whens for value in getattr(when, key) or ())
