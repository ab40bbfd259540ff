"""Where sign-ins arrive when nothing is missing any more: at the portal with a code, or in the account pages."""

from collections.abc import Callable

from idp.login import consent
from idp.login.account_notes import note_of
from idp.login.browser import Browser, Cookies
from idp.login.completion import open_session
from idp.login.gate import Authorized, authorized
from idp.login.handles import Overtaken
from idp.login.request import AuthorizationRequest, AuthorizationResponse
from idp.login.situation import Situation
from idp.login.state import SignIn
from idp.login.steps import Arrived, Lost, Step, ToNewCodes
from idp.login.visitor import Visitor
from idp.outbound.letters import Letters
from idp.policy.decide import Demand
from idp.realm.account_client import ACCOUNT
from idp.realm.client_sections import Client
from idp.realm.schema import Realm
from idp.store import sessions
from idp.store.database import Transaction
from idp.tokens.sealing import Sealer

Issue = Callable[[Transaction, Authorized], AuthorizationResponse]


class Arrivals:
    """Each method raises Overtaken. `issue` makes the code, in the response that brings it to the client."""

    def __init__(self, sealer: Sealer, *, letters: Letters, issue: Issue) -> None:
        self._sealer = sealer
        self._letters = letters
        self._issue = issue

    def by_session(
        self,
        tx: Transaction,
        realm: Realm,
        client: Client,
        *,
        request: AuthorizationRequest,
        demand: Demand,
        visitor: Visitor,
        browser: Browser,
        now: int,
    ) -> Step:
        """Single sign-on: the session is used, not raised."""
        if visitor.session is None:
            raise AssertionError("nobody is signed in")
        session_id, state = visitor.session.id, SignIn(request)
        if not sessions.touch(tx, session_id, now):
            return Lost("expired", request)
        response = self._issued(
            tx,
            realm,
            client,
            state=state,
            demand=demand,
            visitor=visitor,
            session_id=session_id,
            browser=browser,
            now=now,
        )
        return Arrived(response, Cookies())

    def by_proofs(self, tx: Transaction, situation: Situation, state: SignIn, demand: Demand, visitor: Visitor) -> Step:
        """Open the session, then issue the code. The sign-in was used up in this transaction."""
        realm, client, browser, now = situation.realm, situation.client, situation.browser, situation.now
        if visitor.known is None:
            raise AssertionError("nobody is known")
        opened = open_session(
            tx,
            realm,
            known=visitor.known,
            session=visitor.session,
            state=state,
            demand=demand,
            client_id=client.client_id,
            browser=browser,
            sealer=self._sealer,
            letters=self._letters,
            now=now,
        )
        if opened is None:
            return Lost("expired", state.request)
        session_id, cookies = opened
        if state.making_codes:
            return ToNewCodes(cookies)
        if client is ACCOUNT:
            note = note_of(self._sealer, cookies.session or "", "account.done-added") if state.added else {}
            return Arrived(AuthorizationResponse(state.request.redirect_uri, note), cookies)
        response = self._issued(
            tx,
            realm,
            client,
            state=state,
            demand=demand,
            visitor=visitor,
            session_id=session_id,
            browser=browser,
            now=now,
        )
        return Arrived(response, cookies)

    def _issued(
        self,
        tx: Transaction,
        realm: Realm,
        client: Client,
        *,
        state: SignIn,
        demand: Demand,
        visitor: Visitor,
        session_id: str,
        browser: Browser,
        now: int,
    ) -> AuthorizationResponse:
        """The response with the code. Raises Overtaken where the person took back meanwhile what they had allowed.

        Who takes it back locks the person, whom a grant refers to: the grant is there to be ended, or this sees it.
        """
        if visitor.known is None:
            raise AssertionError("nobody is known")
        granted = authorized(
            tx,
            realm,
            client,
            known=visitor.known,
            request=state.request,
            demand=demand,
            session_id=session_id,
            trusted=visitor.trusted,
            browser=browser,
            now=now,
        )
        response = self._issue(tx, granted)
        if consent.to_ask(tx, client, state, visitor.known):
            raise Overtaken
        return response
