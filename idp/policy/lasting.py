"""What people gave clients and a changed realm does not let go on: the refresh tokens that end with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from idp.policy.alike import KINDS_REMEMBERED, Traits, looked_at, seen_by
from idp.policy.decide import decide_again
from idp.policy.proofs import Proof
from idp.policy.question import Person, Request
from idp.realm.client_sections import Client
from idp.realm.schema import Realm


@dataclass(frozen=True, slots=True)
class Lasting:
    """A grant with a refresh token, and who gave it. `trusted`: what the browser was trusted by that it was made in.

    A credential of a proof is called like its factor.
    """

    client_id: str
    owner: Traits
    scopes: frozenset[str]
    proofs: tuple[Proof, ...]
    address: str
    trusted: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class Ending:
    """So many of a client's grants end, out of all that last."""

    ends: int
    out_of: int


def ending(
    grants: Iterable[Lasting],
    *,
    before: tuple[Realm, Mapping[str, Client]],
    after: tuple[Realm, Mapping[str, Client]],
    now: int,
) -> dict[str, Ending]:
    """By client, where any end. Grants that would not be taken before are none."""
    realms = (before[0], after[0])
    limits = _limits(before[0]) | _limits(after[0])
    by_address = any(looked_at(realm, key) for realm in realms for key in ("networks", "not_networks"))
    seen = seen_by(*realms)

    @lru_cache(KINDS_REMEMBERED)
    def lasts(grant: Lasting, owners: tuple[Person, Person]) -> tuple[bool, bool]:
        return _lasts(*before, grant, owners[0], now), _lasts(*after, grant, owners[1], now)

    counts: dict[str, Ending] = {}
    for grant in grants:
        kind = replace(_rounded(grant, limits, now), owner=Traits(), address=grant.address if by_address else "")
        was, will = lasts(kind, seen(grant.owner))
        if was:
            so_far = counts.get(grant.client_id, Ending(0, 0))
            counts[grant.client_id] = Ending(so_far.ends + (not will), so_far.out_of + 1)
    return {client_id: counts[client_id] for client_id in sorted(counts) if counts[client_id].ends}


def _lasts(realm: Realm, clients: Mapping[str, Client], grant: Lasting, person: Person, now: int) -> bool:
    """Whether its refresh token would be taken (docs/policy.md, "Later")."""
    client = clients.get(grant.client_id)
    if client is None or not client.outlives_sessions or not grant.scopes.issubset(client.scopes):
        return False
    if not all(person.still_has(proof) for proof in grant.proofs):
        return False
    then = Request(scopes=grant.scopes, address=grant.address)
    return decide_again(realm, person, client, then, grant.proofs, now, trusted=grant.trusted).outcome is not None


def _limits(realm: Realm) -> frozenset[int]:
    """The ages, in seconds, at which a rule ceases to be met or waived."""
    rules = realm.second_factor.rules
    ages = {rule.max_age for rule in rules} | {rule.trusted_browser and rule.trusted_browser - 1 for rule in rules}
    return frozenset(age for age in ages if age is not None)


def _rounded(grant: Lasting, limits: frozenset[int], now: int) -> Lasting:
    """The same to every rule, with times that it shares with many others."""

    def at(time: int) -> int:
        """The newest time that is as much too old."""
        return now - max((limit + 1 for limit in limits if limit < now - time), default=0)

    proofs, trusted = (tuple(replace(p, at=at(p.at)) for p in them) for them in (grant.proofs, grant.trusted))
    return replace(grant, proofs=proofs, trusted=trusted)
