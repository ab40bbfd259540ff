"""What `idp plan` says to people."""

from collections.abc import Iterable, Iterator
from typing import Any

from idp.cli.planned import Planned, Version
from idp.policy.alike import Crowd
from idp.policy.explain import day
from idp.policy.invitations import Invitation
from idp.policy.places import unnamed
from idp.policy.plan import KINDS, Effect, Kind
from idp.policy.requirements import Requirement
from idp.realm.comparing import Change, Difference
from idp.realm.policy_sections import When
from idp.realm.schema import Sessions, Tokens
from idp.realm.words import written_duration

_LABELS: dict[Kind, str] = {
    "locked out": "LOCKED OUT",
    "not asked any more": "WEAKER",
    "asked for less": "WEAKER",
    "asked otherwise": "otherwise",
    "asked": "stronger",
    "asked for more": "stronger",
    "let in": "let in",
    "invited": "invited",
    "not invited any more": "invited",
    "acr": "acr",
}
_WHAT: dict[Kind, str] = {
    "locked out": "cannot get in any more",
    "not asked any more": "{are} not asked for a second factor any more",
    "asked for less": "{are} asked for less, or less often",
    "asked otherwise": "{are} asked for something else",
    "asked": "{are} asked for a second factor and {were} not",
    "asked for more": "{are} asked for more, or more often",
    "let in": "can get in and could not",
    "invited": "{are} invited to set up a factor",
    "not invited any more": "{are} not invited any more to set up a factor",
}
_MORE: dict[Kind, str] = {
    "locked out": ": {why}",
    "not asked any more": ": the password is enough",
    "let in": ": {why}",
    "invited": " by {by}",
    "not invited any more": " by {by}",
}
_SENTENCES: dict[Kind, str] = {
    **{kind: f"{{who}} {what}{_MORE.get(kind, '')}" for kind, what in _WHAT.items()},
    "acr": "{acr} for {who}",
}
_IN_SHORT = {kind: what for kind, what in _WHAT.items() if kind != "not invited any more"}
_SOURCES = {"request": "the request", "client": "default_acr_values of the client", "encourage": "encourage"}
_MARKS = {"added": "+", "removed": "-", "changed": "~"}
_ABSENT = {True: "yes", False: "no", None: "none"}
_DURATIONS = frozenset({"max_age", "trusted_browser", *Sessions.model_fields, *Tokens.model_fields})
_DAYS = frozenset({"from", "until"})
_WIDTH = 12


def lines(planned: Planned) -> Iterator[str]:
    """What was changed, whom it is about in short, and what happens at each client; then what ends, what is to come."""
    then = f"{planned.after.path} then{', which has no such realm' if planned.after.is_gone else ''}"
    yield f"realm {planned.before.realm.name}: {planned.before.path} now, {then}"
    left_out = f", and {planned.disabled:,} disabled left out" if planned.disabled else ""
    yield f"{_people(planned.people)}{left_out}, at a new sign-in on {day(planned.asking.now)}"
    yield _supposed(planned)
    yield ""
    yield from map(_change, planned.changes)
    if not planned.changes:
        yield "the two files mean the same"
    yield ""
    if planned.people:
        yield "people, at one client or more"
        yield from _in_short(planned)
    for client_ids, told in _by_client(planned):
        yield ""
        yield f"at {', '.join(client_ids)}"
        yield from told
    if besides := tuple(_besides(planned)):
        yield ""
        yield from besides
    yield ""


def _supposed(planned: Planned) -> str:
    asking, nowhere = planned.asking, unnamed(planned.before.realm, planned.after.realm)
    where = "outside every network that a rule names" if asking.address in nowhere else asking.address
    scopes = "all scopes of the client" if asking.scopes is None else f"scope {' '.join(sorted(asking.scopes))}"
    acr = f"with acr_values {' '.join(asking.acr_values)}" if asking.acr_values else "without acr_values"
    return f"by password in a browser that nobody trusts, from {where}, with {scopes}, {acr}"


def _change(change: Change) -> str:
    """`~ rule “administrators”: max_age 8h → 1h`."""
    name = f"“{change.name}”" if change.section == "rules" else change.name
    what = f"{change.section.removesuffix('s')} {name}" if name else change.section
    keys = "; ".join(map(_difference, change.keys))
    return f"{_MARKS[change.kind]} {what}{f': {keys}' if keys else ''}"


def _difference(difference: Difference) -> str:
    if difference.values is None:
        return difference.key
    was, now = (_value(difference.key, value) for value in difference.values)
    return f"{difference.key} {was} → {now}"


def _value(key: str, value: Any) -> str:
    """As a realm file writes it, nearly."""
    match value:
        case When():
            given = {k: v for k, v in value if v is not None}
            return "; ".join(f"{k} {_value(k, v)}" for k, v in given.items()) or "everyone"
        case None if key == "accept":
            return "all"
        case None | bool():
            return _ABSENT[value]
        case tuple():
            return ", ".join(map(str, value)) or "none"
        case int() if key in _DURATIONS:
            return written_duration(value)
        case int() if key in _DAYS:
            return day(value)
    return str(value)


def _in_short(planned: Planned) -> Iterator[str]:
    """How many people it is about at one client or another."""
    told = {kind: count for kind, count in planned.plan.people.items() if kind in _IN_SHORT}
    rows = [(_LABELS[kind], count, _IN_SHORT[kind].format(**_verbs(count))) for kind, count in told.items()]
    if left := planned.plan.unaffected:
        rows.append(("", left, "notices nothing" if left == 1 else "notice nothing"))
    width = max((len(f"{count:,}") for _, count, _ in rows), default=0)
    for label, count, sentence in rows:
        yield f"  {label:{_WIDTH}}{count:{width},} {sentence}"


def _by_client(planned: Planned) -> list[tuple[list[str], tuple[str, ...]]]:
    """The clients where the same happens, and what; the worst first."""
    found: dict[tuple[str, ...], list[str]] = {}
    worst: dict[tuple[str, ...], int] = {}
    for client_id, effects in planned.plan.effects.items():
        told = tuple(line for effect in effects for line in _effect(planned, client_id, effect))
        found.setdefault(told, []).append(client_id)
        worst[told] = KINDS.index(effects[0].kind)
    return [(client_ids, told) for told, client_ids in sorted(found.items(), key=lambda each: worst[each[0]])]


def _effect(planned: Planned, client_id: str, effect: Effect) -> Iterator[str]:
    said = (_sentence(planned, client_id, effect), *_reasons(planned, effect), *_names(effect))
    for label, line in zip((_LABELS[effect.kind], *[""] * len(said)), said, strict=False):
        yield f"  {label:{_WIDTH}}{line}"


def _sentence(planned: Planned, client_id: str, effect: Effect) -> str:
    is_let_in = effect.kind == "let in"
    return _SENTENCES[effect.kind].format(
        who=_people(effect.who.count),
        why=_shut(planned, client_id, effect.shut, was=is_let_in),
        by=_inviting(effect.invite),
        acr=f"{_acrs(effect.were)} → {_acrs(effect.acrs)}",
        **_verbs(effect.who.count),
    )


def _shut(planned: Planned, client_id: str, why: str, *, was: bool) -> str:
    """Why nobody gets in, or got in."""
    version, is_ = (planned.before, "was") if was else (planned.after, "is")
    client = next((c for c in version.realm.clients if c.client_id == client_id), None)
    match why:
        case "blocked":
            return "no accepted factor can be used or set up; an administrator must reset the factors"
        case "client" if version.is_gone:
            return "the realm is gone"
        case "client" if client_id in planned.registered:
            return f"the realm {'did' if was else 'would'} not let it register"
        case "client" if client is None:
            return f"there {is_} no such client"
        case "client":
            return f"the client {is_} {'for nobody to sign in at' if client and client.enabled else 'disabled'}"
    return f"the level that is demanded cannot be reached ({why})"


def _inviting(invite: Invitation | None) -> str:
    if invite is None or invite.rule is None:
        return f"encourage{_since(invite, 'until ')}"
    return f"rule “{invite.rule}”{_since(invite, 'which binds from ')}"


def _since(invite: Invitation | None, words: str) -> str:
    return "" if invite is None or invite.since is None else f", {words}{day(invite.since)}"


def _acrs(acrs: Iterable[str | None]) -> str:
    return " or ".join(acr or "none" for acr in acrs)


def _reasons(planned: Planned, effect: Effect) -> Iterator[str]:
    """Whatever asks, with its place and what it takes or took: `rule “money” (demo.yaml:41): totp → sms`."""
    asked, asks = ({(r.source, r.rule): r for r in side} for side in (effect.asked, effect.asks))
    for key in {**asks, **asked}:
        version, requirement = (planned.after, asks[key]) if key in asks else (planned.before, asked[key])
        now, then = _takes(planned.before, asked.get(key)), _takes(planned.after, asks.get(key))
        yield f"{_source(version, requirement)}: {'; '.join(_parts(now, then))}"


def _parts(now: tuple[str, ...], then: tuple[str, ...]) -> Iterator[str]:
    """What is taken, or what of it was changed."""
    if not now or not then:
        yield ", ".join(filter(None, now or then))
        return
    for was, will, otherwise in zip(now, then, ("", "of any age", "on every browser"), strict=True):
        if was != will:
            yield f"{was or otherwise} → {will or otherwise}"


def _source(version: Version, requirement: Requirement) -> str:
    line = version.line_of(requirement)
    place = "" if line is None else f" ({version.path}:{line})"
    return f"rule “{requirement.rule}”{place}" if requirement.rule else f"{_SOURCES[requirement.source]}{place}"


def _takes(version: Version, requirement: Requirement | None) -> tuple[str, ...]:
    """The factors, their age, and how often on a trusted browser; nothing of nothing."""
    if requirement is None:
        return ()
    factors = " or ".join(f for f in version.realm.second_factors if f in requirement.accept)
    age, trust = requirement.max_age, requirement.trusted_browser
    return (
        factors or "nothing that there is",
        "" if age is None else f"not older than {written_duration(age)}",
        "" if trust is None else f"on a trusted browser every {written_duration(trust)}",
    )


def _names(effect: Effect) -> Iterator[str]:
    """Those who must set something up are named, where they are not all."""
    if effect.kind == "acr":
        return
    who, first = effect.who, effect.set_up
    if who.names:
        yield _listed(who)
    if first.count:
        named = f": {_listed(first)}" if first.names and first.count < who.count else ""
        whose = "all of them" if first.count == who.count else f"{first.count:,} of them"
        yield f"{'who' if who.count == 1 else whose} must set one up first{named}"


def _listed(crowd: Crowd) -> str:
    """`anna, bert and 7 more`."""
    more = crowd.count - len(crowd.names)
    if not crowd.names:
        return f"{more:,}"
    return f"{', '.join(map(_printable, crowd.names))}{f' and {more:,} more' if more else ''}"


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() else " " for c in name)


def _besides(planned: Planned) -> Iterator[str]:
    if same := [client_id for client_id in planned.clients if client_id not in planned.plan.effects]:
        yield f"nothing changes at {', '.join(same)}"
    for client_id, found in planned.ending.items():
        yield f"refresh tokens: {found.ends:,} of the {found.out_of:,} grants at {client_id} end"
    if planned.signed_out:
        yield f"sessions: {planned.signed_out:,} end at once, by the new limits"
    later = [(rule.from_, f"rule “{rule.name}”") for rule in planned.after.realm.second_factor.rules]
    encourage = planned.after.realm.second_factor.encourage
    later.append((encourage.until if encourage else None, "encourage"))
    for at, what in later:
        if at is not None and at > planned.asking.now and not planned.after.is_gone:
            yield f"{what} binds from {day(at)} on: --at {day(at)} says what changes then"


def _verbs(count: int) -> dict[str, str]:
    return {"are": "is", "were": "was"} if count == 1 else {"are": "are", "were": "were"}


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"
