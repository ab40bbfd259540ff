"""A person who does what is demanded, until the demands end."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from idp.policy.decide import Demand, decide
from idp.policy.proofs import Proof
from idp.policy.question import Credential, Person, Request, Session
from idp.realm.client_sections import Client
from idp.realm.factor_sections import RECOVERY
from idp.realm.schema import Realm

MOST_STEPS = 12

Choice = Callable[[tuple[str, ...]], str]


@dataclass(frozen=True)
class Followed:
    """The demands in their order, and the person and session as they came out of it."""

    demands: tuple[Demand, ...]
    person: Person
    session: Session

    @property
    def end(self) -> Demand:
        return self.demands[-1]


def first(factors: tuple[str, ...]) -> str:
    return factors[0]


def follow(
    realm: Realm,
    *,
    person: Person,
    client: Client,
    request: Request,
    session: Session,
    now: int,
    choose: Choice = first,
    is_last_code: bool = False,
) -> Followed:
    """Prove what is asked, set up what is to be set up; fails where that does not end."""
    demands: list[Demand] = []
    for _ in range(MOST_STEPS):
        demands.append(decide(realm, person, client, request, session, now))
        if ask := demands[-1].ask:
            # A passkey beside the password takes its place, and is verified then.
            person, proof = _prove(person, choose(ask), now, is_last_code=is_last_code, verified="password" in ask)
        elif demands[-1].enrol:
            person, proof = _enrol(realm, person, choose(demands[-1].enrol), now)
            if proof.factor == session.adding:
                session = replace(session, adding="")
        else:
            return Followed(tuple(demands), person, session)
        session = replace(session, given=(*session.given, proof))
    raise AssertionError(f"it does not end: {demands}")


def _prove(person: Person, factor: str, now: int, *, is_last_code: bool, verified: bool) -> tuple[Person, Proof]:
    if factor == "password":
        return person, Proof(factor, now)
    usable = [c for c in person.credentials if c.factor == factor and c.usable]
    assert usable, f"{factor} is asked for, and the person has none"
    if factor == RECOVERY and is_last_code:
        used_up = tuple(replace(c, usable=c.usable and c != usable[0]) for c in person.credentials)
        person = replace(person, credentials=used_up)
    return person, Proof(factor, now, usable[0].id, verified=factor == "webauthn" and verified)


def _enrol(realm: Realm, person: Person, factor: str, now: int) -> tuple[Person, Proof]:
    new = [Credential(f"new {factor} {len(person.credentials)}", factor)]
    kept = person.credentials
    if realm.factors.recovery_codes and RECOVERY not in person.usable:
        kept = tuple(c for c in kept if c.factor != RECOVERY)
        new.append(Credential(RECOVERY, RECOVERY))
    return replace(person, credentials=(*kept, *new)), Proof(factor, now, new[0].id)
