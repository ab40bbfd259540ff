"""Contradictions between levels, factors and rules: what nobody can meet, and what is never reported."""

from collections.abc import Iterator

from idp.realm.document import Node
from idp.realm.factor_sections import RECOVERY
from idp.realm.findings import Finding
from idp.realm.policy_sections import Level, Rule
from idp.realm.schema import Realm
from idp.realm.suggestions import either
from idp.realm.words import written_duration


def check_levels(realm: Realm, root: Node) -> Iterator[Finding]:
    """Levels that nobody can reach or that never come out, and rules that nobody can meet."""
    factors = root.find(("factors",))
    if factors and factors.lost:
        return
    if realm.second_factors == (RECOVERY,):
        yield Finding(("factors", RECOVERY), "recovery codes stand in for another second factor: add totp", key=True)
    yield from _check_reach(realm, root)
    yield from _check_order(realm)
    for index, rule in enumerate(realm.second_factor.rules):
        yield from _check_rule(realm, rule, index)


def warn_of_rules(realm: Realm) -> Iterator[Finding]:
    """Rules that can be loaded and will surprise."""
    for index, rule in enumerate(realm.second_factor.rules):
        level = realm.levels.get(rule.level)
        if level and level.factors == 1:
            yield Finding(
                ("second_factor", "rules", index, "level"),
                f"the rule '{rule.name}' asks for nothing: one factor is enough for the level '{rule.level}'",
            )
        elif level and realm.accepted(level, rule) == {RECOVERY}:
            yield Finding(
                ("second_factor", "rules", index),
                f"the rule '{rule.name}' accepts recovery codes alone: who has used them up is locked out",
            )
        if rule.max_age is not None and rule.trusted_browser is not None and rule.max_age < rule.trusted_browser:
            yield Finding(
                ("second_factor", "rules", index, "max_age"),
                f"a browser that is trusted for {written_duration(rule.trusted_browser)} is not asked again after "
                f"{written_duration(rule.max_age)}: only others are",
            )
    encourage = realm.second_factor.encourage
    if encourage and (level := realm.levels.get(encourage.level)) and level.factors == 1:
        yield Finding(
            ("second_factor", "encourage", "level"),
            f"'encourage' invites nobody: one factor is enough for the level '{encourage.level}'",
        )


def _check_reach(realm: Realm, root: Node) -> Iterator[Finding]:
    for name, level in realm.levels.items():
        if root.find(("levels", name)) and level.factors == 2 and level.accept is None and not realm.second_factors:
            yield Finding(
                ("levels", name),
                f"nobody can reach the level '{name}': the realm's 'factors' have no second one, such as totp",
                key=True,
            )


def _check_order(realm: Realm) -> Iterator[Finding]:
    """Tokens report the last listed level that holds; one that holds whenever an earlier one does would hide it."""
    levels = list(realm.levels.items())
    for index, (name, level) in enumerate(levels):
        for earlier_name, earlier in levels[:index]:
            if _promises_less(realm, level, earlier):
                yield Finding(
                    ("levels", name), f"levels stand weakest first: move '{name}' before '{earlier_name}'", key=True
                )
                break


def _promises_less(realm: Realm, level: Level, earlier: Level) -> bool:
    if level.factors != earlier.factors:
        return level.factors < earlier.factors
    return level.factors == 2 and realm.accepted(level) > realm.accepted(earlier) != frozenset()


def _check_rule(realm: Realm, rule: Rule, index: int) -> Iterator[Finding]:
    level = realm.levels.get(rule.level)
    if level is None or level.factors == 1 or realm.accepted(level, rule):
        return
    if not set(rule.accept or ()) <= set(realm.second_factors):
        return  # reported as a factor that is not there
    path = ("second_factor", "rules", index)
    if rule.accept is not None and realm.accepted(level):
        yield Finding(
            (*path, "accept"),
            f"nobody can meet the rule '{rule.name}': its level '{rule.level}' accepts "
            f"{either(sorted(realm.accepted(level)))}, and the rule only {either(rule.accept)}",
        )
    else:
        yield Finding((*path, "level"), f"nobody can meet the rule '{rule.name}': nobody can reach '{rule.level}'")
