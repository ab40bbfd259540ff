"""What a changed realm does to people: the new sign-ins of everybody at every client, before and after."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from idp.policy.alike import NOBODY, Alike, Crowd, looked_at, together
from idp.policy.decide import decide
from idp.policy.enrolling import enrollable
from idp.policy.invitations import Invitation
from idp.policy.playing import ends
from idp.policy.proofs import Proof
from idp.policy.question import Person, Request, Session
from idp.policy.requirements import Requirement
from idp.realm.client_sections import Client
from idp.realm.schema import Realm

# The worst stand first: what somebody must see before all else.
Kind = Literal[
    "locked out",
    "not asked any more",
    "asked for less",
    "asked otherwise",
    "asked",
    "asked for more",
    "let in",
    "invited",
    "not invited any more",
    "acr",
]
KINDS: tuple[Kind, ...] = Kind.__args__  # type: ignore[attr-defined]
_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Asking:
    """What is supposed of every sign-in. `scopes`: None is all that the client registered; `now` in seconds."""

    now: int
    scopes: frozenset[str] | None = None
    acr_values: tuple[str, ...] = ()
    address: str = ""

    def at(self, client: Client) -> Request:
        """The request at this client."""
        asked_for = client.scopes if self.scopes is None else self.scopes.intersection(client.scopes)
        scopes = frozenset(client.requested(asked_for))
        return Request(scopes=scopes, acr_values=self.acr_values, address=self.address)


class Asked(NamedTuple):
    """What is still to be met after the password, and the factors by which this person can."""

    requirement: Requirement
    factors: frozenset[str]


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a new sign-in comes to that begins with the password, whatever is chosen then.

    `shut`: why nobody gets in: `client` (there is none), `blocked`, or the OAuth error. `acrs`: those that a token can
    have, weakest first. `sets_up`: nothing that would do is owned.
    """

    shut: str = ""
    asked: tuple[Asked, ...] = ()
    sets_up: bool = False
    acrs: tuple[str | None, ...] = ()
    invite: Invitation | None = None

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """Those of `asked`."""
        return tuple(each.requirement for each in self.asked)

    def does_for(self, other: "SignIn") -> bool:
        """Whether whoever has done all that this asks has done what the other one asks."""
        return all(any(_does_for(done, needed) for done in self.asked) for needed in other.asked)


@dataclass(frozen=True, slots=True)
class Effect:
    """What happens to these people at a client.

    `asks`: what is to be met after the password and was not before, `asked`: what was and is not. `set_up`: those of
    them who must set something up for it and did not have to. `acrs` and `were`: the acr values that a token can have,
    with the change and without it. `shut`: as `SignIn` has it. `invite`: to what they are invited, or were.
    """

    kind: Kind
    who: Crowd
    asks: tuple[Requirement, ...] = ()
    asked: tuple[Requirement, ...] = ()
    set_up: Crowd = NOBODY
    acrs: tuple[str | None, ...] = ()
    were: tuple[str | None, ...] = ()
    shut: str = ""
    invite: Invitation | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What changes at each client where anything does; `people`: how many there are of each kind of effect anywhere.

    `unaffected`: for how many people nothing changes.
    """

    effects: Mapping[str, tuple[Effect, ...]]
    people: Mapping[Kind, int]
    unaffected: int

    @property
    def locks_out(self) -> bool:
        """Whether somebody cannot get in any more."""
        return "locked out" in self.people


class SignIns:
    """New sign-ins under one realm at its clients, by identifier: each kind of person is played through once."""

    def __init__(self, realm: Realm, clients: Mapping[str, Client], asking: Asking) -> None:
        self._realm, self._clients, self._asking = realm, clients, asking
        self._scopes, self._named = looked_at(realm, "scopes"), looked_at(realm, "clients")
        self._found: dict[object, SignIn] = {}

    def at(self, client_id: str, person: Person) -> SignIn:
        """Of this person."""
        client = self._clients.get(client_id)
        if client is None:
            return SignIn(shut="client")
        request = self._asking.at(client)
        name = client_id if client_id in self._named else ""
        kind = (person, name, request.scopes & self._scopes, client.default_acr_values)
        if kind not in self._found:
            self._found[kind] = _sign_in(self._realm, person, client, request, self._asking.now)
        return self._found[kind]


def plan(people: Iterable[Alike], *, before: SignIns, after: SignIns, client_ids: Iterable[str], most: int) -> Plan:
    """What changes for whom; of each effect at most so many people are named."""
    everybody, everywhere = tuple(people), tuple(client_ids)
    touched: dict[Kind, int] = {}
    unaffected = 0
    found: dict[str, dict[Effect, list[tuple[Crowd, bool]]]] = {client_id: {} for client_id in everywhere}
    for alike in everybody:
        kinds: set[Kind] = set()
        for client_id in everywhere:
            was, will = before.at(client_id, alike.before), after.at(client_id, alike.after)
            for effect in _compared(was, will):
                kinds.add(effect.kind)
                found[client_id].setdefault(effect, []).append((alike.crowd, will.sets_up and not was.sets_up))
        for kind in kinds:
            touched[kind] = touched.get(kind, 0) + alike.crowd.count
        unaffected += 0 if kinds else alike.crowd.count
    return Plan(
        {client_id: tuple(_told(effects, most)) for client_id, effects in found.items() if effects},
        {kind: touched[kind] for kind in KINDS if kind in touched},
        unaffected,
    )


def _sign_in(realm: Realm, person: Person, client: Client, request: Request, now: int) -> SignIn:
    ended = ends(realm, person, client, request, now, begins="password")
    inside = tuple(end for end in ended if end.outcome is not None)
    demand = decide(realm, person, client, request, Session(given=(Proof("password", now),)), now)
    asked = tuple(_asked(realm, person, r.requirement) for r in demand.reasons if not r.met)
    if not inside:
        return SignIn(shut=ended[0].error or "blocked", asked=asked)
    acrs = {end.outcome.acr for end in inside if end.outcome}
    return SignIn(
        asked=asked,
        sets_up=any(not each.requirement.accept & person.usable for each in asked),
        acrs=tuple(acr for acr in (None, *realm.levels) if acr in acrs),
        invite=demand.invite,
    )


def _asked(realm: Realm, person: Person, requirement: Requirement) -> Asked:
    accept = requirement.accept
    return Asked(requirement, accept & person.usable or enrollable(realm, person, accept))


def _does_for(done: Asked, needed: Asked) -> bool:
    old, new = done.requirement, needed.requirement
    return (
        done.factors <= needed.factors
        and _limit(old.max_age) <= _limit(new.max_age)
        and (old.trusted_browser or 0) <= (new.trusted_browser or 0)
    )


def _limit(max_age: int | None) -> float:
    return _NEVER if max_age is None else max_age


def _compared(was: SignIn, will: SignIn) -> Iterator[Effect]:
    """What happens to somebody, of whom nothing is said yet."""
    asks = tuple(r for r in will.requirements if r not in was.requirements)
    asked = tuple(r for r in was.requirements if r not in will.requirements)
    if was.shut or will.shut:
        if not was.shut:
            yield Effect("locked out", NOBODY, asks, () if will.shut == "client" else asked, shut=will.shut)
        elif not will.shut:
            yield Effect("let in", NOBODY, asks, asked, shut=was.shut)
        return
    if kind := _asked_otherwise(was, will):
        yield Effect(kind, NOBODY, asks, asked)
    # Somebody who is asked now need not be told that nobody invites them.
    if will.invite is not None and was.invite is None:
        yield Effect("invited", NOBODY, invite=_of_all(will.invite))
    elif was.invite is not None and will.invite is None and not will.asked:
        yield Effect("not invited any more", NOBODY, invite=_of_all(was.invite))
    if was.acrs != will.acrs:
        yield Effect("acr", NOBODY, acrs=will.acrs, were=was.acrs)


def _asked_otherwise(was: SignIn, will: SignIn) -> Kind | None:
    is_weaker, is_stronger = not will.does_for(was), not was.does_for(will)
    if is_weaker and is_stronger:
        return "asked otherwise"
    if is_weaker:
        return "asked for less" if will.asked else "not asked any more"
    if is_stronger:
        return "asked for more" if was.asked else "asked"
    return None


def _of_all(invite: Invitation) -> Invitation:
    """How often it may be put off differs from person to person, and what they can set up by what they have."""
    return Invitation((), invite.rule, invite.since)


def _told(effects: Mapping[Effect, list[tuple[Crowd, bool]]], most: int) -> Iterable[Effect]:
    """The worst first, then those of most people. Who is merely invited has nothing to set up first."""
    whole = [
        replace(
            effect,
            who=together((crowd for crowd, _ in crowds), most),
            set_up=together((crowd for crowd, sets_up in crowds if sets_up and effect.asks), most),
        )
        for effect, crowds in effects.items()
    ]
    return sorted(whole, key=lambda e: (KINDS.index(e.kind), -e.who.count, e.who.names))
