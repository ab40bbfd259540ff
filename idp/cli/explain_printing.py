"""What `idp explain` says, in words and as JSON."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from idp.policy.decide import Demand, Reason, decide
from idp.policy.explain import Condition, ExplainedInvitation, ExplainedRule, Explanation, Way, day
from idp.policy.playing import Step
from idp.policy.proofs import Proof
from idp.policy.question import Request, Session
from idp.realm.client_sections import Client
from idp.realm.schema import Realm
from idp.realm.words import UNITS, written_duration
from idp.store.people import Known

_BEGINNINGS = ("a new sign-in asks", "or, with a passkey in place of the password,")
_PLURAL = {"roles": "role", "groups": "group", "clients": "client", "scopes": "scope"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked about. `earlier`: the proofs of the person's newest open session; `now` in seconds."""

    realm: Realm
    client: Client
    known: Known
    request: Request
    earlier: tuple[Proof, ...]
    now: int

    @property
    def acr_values(self) -> tuple[str, ...]:
        """What is demanded: the known ones of the request, else the client's."""
        known = tuple(acr for acr in self.request.acr_values if acr in self.realm.levels)
        return known or self.client.default_acr_values

    def of_session(self) -> Demand | None:
        """What the session is still asked for; None without one."""
        if not self.earlier:
            return None
        person = self.known.person(self.realm)
        return decide(self.realm, person, self.client, self.request, Session(earlier=self.earlier), self.now)


def lines(asked: Asked, told: Explanation) -> Iterator[str]:
    """For people."""
    person, username = asked.known.person(asked.realm), asked.known.user.username
    owned = sorted(person.usable) or ["no second factor"]
    has = f"roles {_list(person.roles)}; groups {_list(person.groups)}; owns {', '.join(owned)}"
    yield f"{username} at {asked.client.client_id}: {has}"
    if not asked.known.user.enabled:
        yield "is disabled: nothing is let in"
    yield from [_rule(rule) for rule in told.rules] or ["the realm has no rules"]
    if told.invitation:
        yield _invitation(told.invitation)
    yield from _acr_values(asked)
    for way, asks in zip(_ways(asked, told), _BEGINNINGS, strict=False):
        yield f"{asks} for: {', then '.join(map(_step, way.steps)) or 'nothing'}"
        yield _end(way)
    if demand := asked.of_session():
        yield from _of_session(asked, demand)


def _rule(told: ExplainedRule) -> str:
    rule = told.rule
    asks = f"level {rule.level}"
    if rule.accept:
        asks += f" by {' or '.join(rule.accept)}"
    if rule.max_age:
        asks += f", not older than {written_duration(rule.max_age)}"
    because = _because(told.conditions, told.applies)
    if told.applies:
        return f"rule “{rule.name}” asks for {asks}, because: {because}"
    return f"rule “{rule.name}” does not apply, because: {because} (it would ask for {asks})"


def _invitation(told: ExplainedInvitation) -> str:
    encourage, because = told.encourage, _because(told.conditions, told.applies)
    level = f"level {encourage.level} by {' or '.join(told.takes)}"
    until = f"until {day(encourage.until)}" if encourage.until is not None else ""
    if not told.applies:
        return f"encourage does not apply, because: {because} (it would invite to {level})"
    if told.is_duty:
        since = f"it invited only {until}" if told.snoozes_left else "it cannot be put off any more"
        return f"encourage asks for {level}, because: {because}; {since}"
    if told.owns:
        later = f"; from {day(encourage.until)} on it asks for {level}" if encourage.until is not None else ""
        return f"encourage does not invite who owns {' or '.join(told.owns)}{later}"
    times = "" if told.snoozes_left is None else f"{told.snoozes_left} more time{'' if told.snoozes_left == 1 else 's'}"
    limits = ", at most ".join(filter(None, (times, until)))
    may = f"it may be put off {limits}, then it asks for that" if limits else "it may always be put off"
    return f"encourage invites to {level}, because: {because}; {may}"


def _because(conditions: Iterable[Condition], applies: bool) -> str:
    return "; ".join(_condition(c) for c in conditions if c.holds is applies) or "it binds everyone"


def _condition(condition: Condition) -> str:
    wanted = " or ".join(condition.wanted)
    match condition.key, condition.holds:
        case "from", holds:
            return f"it {'binds since' if holds else 'only invites until'} {wanted}"
        case "networks", holds:
            return f"{'from' if holds else 'not from'} {wanted}"
        case "not_networks", holds:
            return f"{'not from' if holds else 'from'} {wanted}"
        case key, True:
            return f"{_PLURAL[key]} {_list(condition.present)}"
        case key, _:
            return f"no {_PLURAL[key]} {wanted}"


def _acr_values(asked: Asked) -> Iterator[str]:
    wished = asked.request.acr_values
    unknown = [acr for acr in wished if acr not in asked.realm.levels]
    if wished:
        skipped = f"; the realm has no level {' or '.join(unknown)}: skipped" if unknown else ""
        nothing = ", as if no acr were asked for" if len(unknown) == len(wished) else ""
        yield f"the request asks for acr {' or '.join(wished)}{skipped}{nothing}"
    if len(unknown) == len(wished) and asked.acr_values:
        yield f"the client asks for acr {' or '.join(asked.acr_values)} by default"


def _step(step: Step) -> str:
    if not step.sets_up:
        return " or ".join(step.factors)
    return f"set up {'one of: ' if len(step.factors) > 1 else ''}{' or '.join(step.factors)}"


def _ways(asked: Asked, told: Explanation) -> tuple[Way, ...]:
    """Nobody begins with a password that they do not have."""
    if asked.known.user.password_hash is None and len(told.ways) > 1:
        return told.ways[1:]
    return told.ways


def _end(told: Way) -> str:
    if told.end.error:
        return f"and ends with the error {told.end.error}"
    if told.end.outcome is None:
        return "and cannot end: no accepted factor can be used or set up; an administrator must reset the factors"
    acr, amr = " or ".join(acr or "none" for acr in told.acrs), " ".join(told.amr)
    if told.amr_varies:
        amr = f"{amr} and more, by the factors used" if amr else "by the factors used"
    return f"and ends with acr {acr}, amr {amr}"


def _of_session(asked: Asked, demand: Demand) -> Iterator[str]:
    given = ", ".join(f"{p.factor} {_age(asked.now - p.at)} ago" for p in asked.earlier)
    yield f"the newest open session ({given}) is asked for: {_still(demand)}"
    for reason in demand.reasons:
        if is_too_old(reason):
            limit, old = written_duration(reason.requirement.max_age or 0), _age(reason.age or 0)
            yield f"because rule “{reason.requirement.rule}” takes nothing older than {limit}, and that is {old} old"
    oldest = asked.client.default_max_age
    if oldest is not None and any(asked.now - p.at > oldest for p in asked.earlier):
        yield f"because the client takes no proof older than {_age(oldest)} (default_max_age)"


def _still(demand: Demand) -> str:
    if demand.error:
        return f"nothing, it ends with the error {demand.error}"
    if demand.blocked:
        return "what cannot be given; an administrator must reset the factors"
    if demand.ask or demand.enrol:
        return _step(Step(demand.ask or demand.enrol, sets_up=not demand.ask))
    return "nothing"


def is_too_old(reason: Reason) -> bool:
    """Whether only its age keeps what was proven from meeting the requirement."""
    max_age = reason.requirement.max_age
    return not reason.met and None not in (reason.age, max_age) and (reason.age or 0) > (max_age or 0)


def _age(seconds: int) -> str:
    """In its two largest units: `9h10m`."""
    parts: list[str] = []
    for unit, size in UNITS.items():
        if seconds >= size and len(parts) < 2:
            parts.append(f"{seconds // size}{unit}")
            seconds %= size
    return "".join(parts) or "0s"


def document(asked: Asked, told: Explanation) -> dict[str, Any]:
    """For programs."""
    person = asked.known.person(asked.realm)
    demand = asked.of_session()
    return {
        "realm": asked.realm.name,
        "client": asked.client.client_id,
        "user": asked.known.user.username,
        "enabled": asked.known.user.enabled,
        "roles": sorted(person.roles),
        "groups": sorted(person.groups),
        "factors": sorted(person.usable),
        "scopes": sorted(asked.request.scopes),
        "acr_values": list(asked.acr_values),
        "rules": [
            {
                "name": rule.rule.name,
                "applies": rule.applies,
                "level": rule.rule.level,
                "accept": list(rule.rule.accept) if rule.rule.accept else None,
                "max_age": rule.rule.max_age,
                "because": _conditions(rule.conditions),
            }
            for rule in told.rules
        ],
        "encourage": _encourage(told.invitation) if told.invitation else None,
        "ways": [_way(way) for way in _ways(asked, told)],
        "session": _session(asked, demand) if demand else None,
    }


def _way(told: Way) -> dict[str, Any]:
    return {
        "steps": [{"set_up" if step.sets_up else "prove": list(step.factors)} for step in told.steps],
        "acr": list(told.acrs),
        "amr": list(told.amr),
        "error": told.end.error,
        "blocked": told.end.blocked,
    }


def _conditions(conditions: Iterable[Condition]) -> list[dict[str, Any]]:
    return [{"key": c.key, "wanted": list(c.wanted), "present": list(c.present), "holds": c.holds} for c in conditions]


def _encourage(told: ExplainedInvitation) -> dict[str, Any]:
    return {
        "applies": told.applies,
        "level": told.encourage.level,
        "accept": list(told.takes),
        "is_duty": told.is_duty,
        "snoozes_left": told.snoozes_left,
        "until": None if told.encourage.until is None else day(told.encourage.until),
        "because": _conditions(told.conditions),
    }


def _session(asked: Asked, demand: Demand) -> dict[str, Any]:
    return {
        "proofs": [{"factor": p.factor, "age": asked.now - p.at} for p in asked.earlier],
        "asks": list(demand.ask),
        "enrols": list(demand.enrol),
        "error": demand.error,
        "blocked": demand.blocked,
        "too_old": [
            {"rule": r.requirement.rule, "max_age": r.requirement.max_age, "age": r.age}
            for r in demand.reasons
            if is_too_old(r)
        ],
    }


def _list(values: Iterable[str]) -> str:
    return ", ".join(sorted(values)) or "none"
