"""The one gate: whatever issues a token or raises a session asks here what is still to be proven."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from idp.errors import InvalidGrantError
from idp.login.browser import Browser
from idp.login.request import AuthorizationRequest
from idp.login.state import SignIn
from idp.policy.decide import Demand, Outcome, decide, decide_again
from idp.policy.question import Request, Session
from idp.realm.client_sections import Client
from idp.realm.schema import Realm
from idp.store import people, trusted_browsers
from idp.store.database import Transaction
from idp.store.grants import Grant
from idp.store.people import Known
from idp.store.sessions import SsoSession
from idp.store.trusted_browsers import TrustedBrowser


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorized:
    """What the gate let through: a person with the outcome that a grant will rest on.

    `trusted_browser_id`: the browser whose trust waived a rule.
    """

    realm: Realm
    client: Client
    known: Known
    request: AuthorizationRequest
    outcome: Outcome
    session_id: str
    trusted_browser_id: str | None
    address: str
    now: int


def demand(
    realm: Realm,
    client: Client,
    *,
    known: Known | None,
    session: SsoSession | None,
    trusted: TrustedBrowser | None,
    state: SignIn,
    browser: Browser,
    now: int,
) -> Demand:
    """What is missing before this sign-in can end from this browser. A disabled person is nobody."""
    if known is not None and not state.request.demands.is_about(known.user.id):
        # OpenID Connect Core sections 3.1.2.2 and 5.5.1: the right person, or nobody.
        return Demand(error="login_required")
    person = known.person(realm) if known is not None and known.user.enabled else None
    proven = Session(
        earlier=session.proofs if session else (),
        given=state.given,
        invitation=state.invitation,
        trusted=trusted.proofs if trusted else (),
        adding=state.adding,
    )
    return decide(realm, person, client, replace(state.request.demands, address=browser.address), proven, now)


def authorized(
    tx: Transaction,
    realm: Realm,
    client: Client,
    *,
    known: Known,
    request: AuthorizationRequest,
    demand: Demand,
    session_id: str,
    trusted: TrustedBrowser | None,
    browser: Browser,
    now: int,
) -> Authorized:
    """What a grant is made from, once nothing is missing. A browser whose trust waived a rule was used."""
    if demand.outcome is None:
        raise AssertionError("only what the policy lets through is authorized")
    waives = trusted if demand.outcome.waived else None
    if waives:
        trusted_browsers.touch(tx, waives.id, now)
    return Authorized(
        realm=realm,
        client=client,
        known=known,
        request=request,
        outcome=demand.outcome,
        session_id=session_id,
        trusted_browser_id=waives.id if waives else None,
        address=browser.address,
        now=now,
    )


def identified(
    tx: Transaction, realm: Realm, *, client: Client, by: Mapping[str, str], scopes: frozenset[str], now: int
) -> Known:
    """Somebody whom another names, in place of the first proof: where nothing else is to be proven.

    `by`: their `username` or `email`. Raises InvalidGrantError.
    """
    known = people.of_name(tx, realm.name, **by)
    if known is None or not known.user.enabled:
        raise InvalidGrantError("There is nobody of this name who can sign in.")
    # Where they are nobody says: rules of networks bind.
    asked = decide(realm, known.person(realm), client, Request(scopes=scopes), Session(), now)
    if asked.error is not None or asked.reasons or client.default_max_age is not None:
        raise InvalidGrantError("The rules ask for a sign-in.")
    return known


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
    trusted = None
    if grant.trusted_browser_id is not None:
        trusted = trusted_browsers.by_id(tx, grant.user_id, browser_id=grant.trusted_browser_id)
    then, by = Request(scopes=scopes, address=grant.address), trusted.proofs if trusted else ()
    if decide_again(realm, person, client, then, grant.proofs, now, trusted=by).outcome is None:
        raise InvalidGrantError("The rules ask for a new sign-in.")
    return known
