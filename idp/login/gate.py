"""The one gate: whatever issues a token or raises a session asks here what is still to be proven."""

from dataclasses import dataclass

from idp.errors import InvalidGrantError
from idp.login.request import AuthorizationRequest
from idp.policy.decide import Demand, Outcome, decide, decide_again
from idp.policy.proofs import Proof
from idp.policy.question import Session
from idp.realm.schema import Client, Realm
from idp.store import people
from idp.store.database import Transaction
from idp.store.grants import Grant
from idp.store.people import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorized:
    """What the gate let through: a person with the outcome that a grant will rest on."""

    realm: Realm
    client: Client
    known: Known
    request: AuthorizationRequest
    outcome: Outcome
    session_id: str
    now: int


def demand(
    realm: Realm,
    *,
    known: Known | None,
    client: Client,
    request: AuthorizationRequest,
    earlier: tuple[Proof, ...],
    given: tuple[Proof, ...],
    now: int,
) -> Demand:
    """What is missing before this request can be granted. A disabled person is nobody."""
    person = known.person(realm) if known is not None and known.user.enabled else None
    return decide(realm, person, client, request.demands, Session(earlier, given), now)


def reopen(tx: Transaction, realm: Realm, *, client: Client, grant: Grant, scopes: frozenset[str], now: int) -> Known:
    """Whoever uses a grant later passes again: today's rules over its proofs. Raises InvalidGrantError."""
    if not scopes.issubset(client.scopes):
        raise InvalidGrantError("The client is not registered any more for every scope of this grant.")
    known = people.by_id(tx, realm.name, grant.user_id)
    if known is None or not known.user.enabled:
        raise InvalidGrantError("The person of this grant cannot sign in.")
    person = known.person(realm)
    if not all(person.still_has(proof) for proof in grant.proofs):
        raise InvalidGrantError("A factor that this grant rests on was removed.")
    if decide_again(realm, person, client, scopes, grant.proofs, now).outcome is None:
        raise InvalidGrantError("The rules ask for a new sign-in.")
    return known
