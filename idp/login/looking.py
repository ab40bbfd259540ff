"""What a sign-in under way is when a request finds it: whom it is about, what is proven, what is missing."""

from dataclasses import replace

from idp.login import consent, gate
from idp.login.browser import Browser
from idp.login.handles import Handles
from idp.login.situation import Situation
from idp.login.state import SignIn
from idp.login.steps import Lost
from idp.login.visitor import Visitor, session_in, trusted_browser
from idp.policy.decide import Demand
from idp.realm.account_client import client_of
from idp.realm.client_sections import Client
from idp.realm.schema import Realm
from idp.store import messages, people, transactions
from idp.store.database import Transaction
from idp.store.sessions import SsoSession


def look(
    tx: Transaction, handles: Handles, *, realm: Realm, handle: str, browser: Browser, now: int
) -> Situation | Lost:
    """The sign-in of that handle as it is now, or why this browser cannot go on with it."""
    under = handles.find(tx, realm.name, handle, browser, now)
    if isinstance(under, Lost):
        # The browser got another secret with the sign-in of another tab.
        if under.why == "other-browser" and handles.is_first(handle):
            if session_in(tx, realm, browser, now):
                return replace(under, why="signed-in")
            if transactions.is_any_under_way(tx, browser=browser.secret, now=now):
                return replace(under, why="other-tab")
        return under
    state = under.state
    client = client_of(realm, state.request.client_id)
    if client is None:
        return Lost("unknown-client")
    known = people.by_id(tx, realm.name, state.user_id) if state.user_id else None
    if state.user_id and (known is None or not known.user.enabled or known.user.epoch != state.epoch):
        return Lost("expired", state.request)
    session = session_of(tx, realm, state, browser=browser, now=now)
    trusted = trusted_browser(tx, realm, known.user.id, browser) if known else None
    return Situation(
        realm=realm,
        client=client,
        under=under,
        known=known,
        session=session,
        trusted=trusted,
        demand=demand_of(
            realm, client, visitor=Visitor(known, session, trusted), state=state, browser=browser, now=now
        ),
        browser=browser,
        now=now,
        consent=consent.to_ask(tx, client, state, known),
        undelivered=messages.lost(tx, state.sent.message_id) if state.sent else None,
    )


def session_of(tx: Transaction, realm: Realm, state: SignIn, *, browser: Browser, now: int) -> SsoSession | None:
    """The session that the sign-in may raise, as long as the browser holds its newest cookie.

    What was begun with a stolen cookie would else end with what the owner of the session proves later.
    """
    if state.session_id is None:
        return None
    found = session_in(tx, realm, browser, now)
    return found if found and found.id == state.session_id and found.user_id == state.user_id else None


def demand_of(realm: Realm, client: Client, *, visitor: Visitor, state: SignIn, browser: Browser, now: int) -> Demand:
    """What the policy still asks of this visitor for what the sign-in wants."""
    return gate.demand(
        realm,
        client,
        known=visitor.known,
        session=visitor.session,
        trusted=visitor.trusted,
        state=state,
        browser=browser,
        now=now,
    )
