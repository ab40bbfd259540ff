"""A sign-in played through on paper: whatever is demanded is done, until nothing is or nothing can be."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from idp.policy.decide import Demand, decide
from idp.policy.proofs import Proof
from idp.policy.question import Credential, Person, Request, Session
from idp.realm.client_sections import Client
from idp.realm.factor_sections import RECOVERY
from idp.realm.schema import Realm

_MOST_STEPS = 10


@dataclass(frozen=True, slots=True)
class Step:
    """Any of the factors will do, the one that is offered first stands first; `sets_up`: it is set up, not proven."""

    factors: tuple[str, ...]
    sets_up: bool = False


@dataclass(frozen=True, slots=True)
class Played:
    """The steps of somebody who takes what is offered first, and the last demand: outcome, error or blocked."""

    steps: tuple[Step, ...]
    end: Demand

    @property
    def enrolled(self) -> bool:
        """Whether something is set up on the way."""
        return any(step.sets_up for step in self.steps)


def beginnings(realm: Realm, person: Person, client: Client, request: Request, now: int) -> tuple[str, ...]:
    """The factors that a new sign-in may begin with: the password, and a passkey in its place."""
    return decide(realm, person, client, request, Session(), now).ask


def play(realm: Realm, person: Person, client: Client, request: Request, now: int, *, begins: str = "") -> Played:
    """A new sign-in of this person at this client. `begins`: the first factor, left out that which is offered first."""
    steps: list[Step] = []
    given: tuple[Proof, ...] = ()
    demand = _begun(decide(realm, person, client, request, Session(), now), begins)
    while (demand.ask or demand.enrol) and len(steps) < _MOST_STEPS:
        steps.append(Step(demand.ask or demand.enrol, sets_up=not demand.ask))
        person, proof = next(_done(realm, person, demand, now, is_first=not given))
        given = (*given, proof)
        demand = decide(realm, person, client, request, Session(given=given), now)
    return Played(tuple(steps), demand)


def ends(
    realm: Realm, person: Person, client: Client, request: Request, now: int, *, begins: str = ""
) -> tuple[Demand, ...]:
    """Where a new sign-in can end, whatever the person chooses at each step and whatever passkey they have.

    `begins`: the first factor, left out whatever may be.
    """
    found: list[Demand] = []
    seen: set[frozenset[Proof]] = set()
    ways: list[tuple[Person, tuple[Proof, ...]]] = [(person, ())]
    while ways:
        who, given = ways.pop()
        if frozenset(given) in seen:
            continue
        seen.add(frozenset(given))
        demand = decide(realm, who, client, request, Session(given=given), now)
        demand = demand if given else _begun(demand, begins)
        if not (demand.ask or demand.enrol) or len(given) == _MOST_STEPS:
            found.append(demand)
        else:
            # What is offered first comes out first.
            ways += reversed(
                [(then, (*given, proof)) for then, proof in _done(realm, who, demand, now, is_first=not given)]
            )
    return tuple(found)


def _begun(demand: Demand, begins: str) -> Demand:
    return replace(demand, ask=(begins,)) if begins in demand.ask else demand


def _done(realm: Realm, person: Person, demand: Demand, now: int, *, is_first: bool) -> Iterator[tuple[Person, Proof]]:
    """What the person may do now, and who they are then."""
    for factor in demand.ask:
        credential = next((c.id for c in person.credentials if c.factor == factor and c.usable), "")
        for proof in _shown(Proof(factor, now, credential), begins=is_first):
            yield person, proof
    for factor in demand.enrol:
        new = Credential(f"new {factor}", factor)
        for proof in _shown(Proof(factor, now, new.id), begins=False):
            yield _with_new(realm, person, new), proof


def _shown(proof: Proof, *, begins: bool) -> Iterator[Proof]:
    """A passkey says only once it is used whether it verifies its owner and is synced; one to begin with verifies."""
    if proof.factor != "webauthn":
        yield proof
        return
    for verified in (True,) if begins else (False, True):
        for synced in (False, True):
            yield replace(proof, verified=verified, synced=synced)


def _with_new(realm: Realm, person: Person, new: Credential) -> Person:
    """Recovery codes come with it where the person has none left."""
    if realm.factors.recovery_codes is None or RECOVERY in person.usable:
        return replace(person, credentials=(*person.credentials, new))
    return replace(person, credentials=(*person.credentials, new, Credential(RECOVERY, RECOVERY)))
