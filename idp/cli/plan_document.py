"""What `idp plan` says to programs."""

from typing import Any

from idp.cli.planned import Planned, Version
from idp.policy.explain import day
from idp.policy.plan import Effect
from idp.policy.requirements import Requirement


def document(planned: Planned) -> dict[str, Any]:
    """For programs."""
    asking, found = planned.asking, planned.plan
    return {
        "realm": planned.before.realm.name,
        "now": planned.before.path,
        "then": None if planned.after.is_gone else planned.after.path,
        "supposed": {
            "on": day(asking.now),
            "address": asking.address,
            "scopes": None if asking.scopes is None else sorted(asking.scopes),
            "acr_values": list(asking.acr_values),
        },
        "people": planned.people,
        "disabled": planned.disabled,
        "changes": [
            {
                "kind": change.kind,
                "section": change.section,
                "name": change.name or None,
                "keys": [difference.key for difference in change.keys],
            }
            for change in planned.changes
        ],
        "affected": dict(found.people),
        "unaffected": found.unaffected,
        "locks_out": found.locks_out,
        "clients": [
            {"client": client_id, "effects": [_effect_document(planned, effect) for effect in effects]}
            for client_id, effects in found.effects.items()
        ],
        "refresh_tokens": [
            {"client": client_id, "end": each.ends, "of": each.out_of} for client_id, each in planned.ending.items()
        ],
        "sessions_end": planned.signed_out,
    }


def _effect_document(planned: Planned, effect: Effect) -> dict[str, Any]:
    invite = effect.invite
    return {
        "effect": effect.kind,
        "people": effect.who.count,
        "names": list(effect.who.names),
        "asked_now": [_requirement_document(planned.before, r) for r in effect.asked],
        "asked_then": [_requirement_document(planned.after, r) for r in effect.asks],
        "set_up": {"people": effect.set_up.count, "names": list(effect.set_up.names)},
        "acr_now": list(effect.were),
        "acr_then": list(effect.acrs),
        "why": effect.shut or None,
        "invite": None if invite is None else {"rule": invite.rule, "until": invite.since and day(invite.since)},
    }


def _requirement_document(version: Version, requirement: Requirement) -> dict[str, Any]:
    return {
        "source": requirement.source,
        "rule": requirement.rule,
        "path": version.path,
        "line": version.line_of(requirement),
        "levels": list(requirement.levels),
        "accept": [f for f in version.realm.second_factors if f in requirement.accept],
        "max_age": requirement.max_age,
        "trusted_browser": requirement.trusted_browser,
    }
