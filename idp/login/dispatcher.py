"""The only way a sign-in goes on: each request asks the policy what is still missing, and the answer is the next step.

No step knows another. What was visited does not count, only what was proven.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from idp.login import consent
from idp.login.arrivals import Arrivals, Issue
from idp.login.browser import Browser, Cookies, fresh_secret
from idp.login.enrolment import prepared
from idp.login.handles import Handles, Overtaken, Under
from idp.login.looking import demand_of, look, session_of
from idp.login.pages import SignInPages
from idp.login.registry import Steps
from idp.login.request import AuthorizationRequest
from idp.login.situation import Situation
from idp.login.state import SignIn
from idp.login.steps import Entered, GoOn, Lost, Message, Page, Refused, Step
from idp.login.visitor import Visitor, trusted_browser, visitor_of
from idp.login.webauthn import is_outdated, new_challenge
from idp.outbound.letters import Letters
from idp.policy.decide import Demand
from idp.realm.account_client import ACCOUNT
from idp.realm.client_sections import Client
from idp.realm.schema import Realm
from idp.store import people, sessions, transactions
from idp.store.database import Database, Transaction
from idp.tokens.sealing import Sealer


class SignIns:
    """The sign-ins of all realms. `issue` makes the code, in the response that brings it to the client."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        *,
        steps: Steps,
        letters: Letters,
        issue: Issue,
    ) -> None:
        self._database = database
        self._arrivals = Arrivals(sealer, letters=letters, issue=issue)
        self._steps = steps.by_name
        self._enrolments = steps.enrolments
        self._handles = Handles(sealer)
        self._pages = SignInPages(self._handles, steps.by_name)

    def begin(self, realm: Realm, client: Client, request: AuthorizationRequest, browser: Browser, now: int) -> Step:
        """A validated authorization request: answered at once from the session, or the first step."""
        state = SignIn(request)
        visitor = self._visitor(realm, browser, now)
        is_other = visitor.known is not None and not request.demands.is_about(visitor.known.user.id)
        if is_other or "select_account" in request.demands.prompt:
            visitor = Visitor()
        demand = demand_of(realm, client, visitor=visitor, state=state, browser=browser, now=now)
        if demand.error:
            return Refused(request, demand.error)
        with self._database.read() as tx:
            asks = consent.to_ask(tx, client, state, visitor.known)
        if asks and demand.outcome and "none" in request.demands.prompt:
            return Refused(request, "consent_required")
        if demand.outcome and visitor.known and visitor.session and not asks:
            with suppress(Overtaken), self._database.write() as tx:
                return self._arrivals.by_session(
                    tx, realm, client, request=request, demand=demand, visitor=visitor, browser=browser, now=now
                )
            return self.begin(realm, client, request, browser, now)
        return self._first_step(realm, client, state, demand, visitor, browser=browser, now=now)

    def enter(self, realm: Realm, request: AuthorizationRequest, adding: str, browser: Browser, now: int) -> Step:
        """The account pages: open at once, or after what the policy still asks for. `adding`: a factor to set up."""
        state = SignIn(request, adding=adding)
        visitor = self._visitor(realm, browser, now)
        if "select_account" in request.demands.prompt:
            visitor = Visitor()
        demand = demand_of(realm, ACCOUNT, visitor=visitor, state=state, browser=browser, now=now)
        if demand.outcome and visitor.known and visitor.session:
            with self._database.write() as tx:
                if not sessions.touch(tx, visitor.session.id, now):
                    return Lost("expired", request)
            return Entered(visitor.known, visitor.session)
        return self._first_step(realm, ACCOUNT, state, demand, visitor, browser=browser, now=now)

    def entered(
        self, tx: Transaction, realm: Realm, request: AuthorizationRequest, browser: Browser, now: int
    ) -> Entered | None:
        """`enter` within the transaction of a change: nobody else changes this person's account meanwhile."""
        visitor = visitor_of(tx, realm, browser, now, is_locking=True)
        demand = demand_of(realm, ACCOUNT, visitor=visitor, state=SignIn(request), browser=browser, now=now)
        if demand.outcome and visitor.known and visitor.session:
            return Entered(visitor.known, visitor.session)
        return None

    def show(self, realm: Realm, handle: str, choice: str, browser: Browser, now: int) -> Step:
        """The page of a sign-in under way, or its end where nothing is missing any more."""
        with self._database.read() as tx:
            situation = look(tx, self._handles, realm=realm, handle=handle, browser=browser, now=now)
        if isinstance(situation, Lost):
            return situation
        if situation.under.stored is None:
            return self._pages.page(self._renewed(situation, situation.state), choice=choice)
        is_prepared = self._prepared(situation.state, situation.demand, now) == situation.state
        if situation.demand.blocked or (situation.open_steps and is_prepared):
            return self._pages.page(situation, choice=choice)
        with suppress(Overtaken), self._database.write() as tx:
            return self._settle(tx, situation, situation.state)
        return GoOn(handle, Cookies())

    def show_another(self, realm: Realm, handle: str, browser: Browser, now: int) -> Step:
        """The same request for another account than the one that the page names."""
        with self._database.read() as tx:
            situation = look(tx, self._handles, realm=realm, handle=handle, browser=browser, now=now)
        if isinstance(situation, Lost):
            return situation
        request, demands = situation.state.request, situation.state.request.demands
        anybody = replace(request, demands=replace(demands, prompt=demands.prompt | {"select_account"}))
        return self.begin(realm, situation.client, anybody, browser, now)

    def answer(self, realm: Realm, form: Mapping[str, str], browser: Browser, now: int) -> Step:
        """A form of a sign-in. Who was overtaken, as by a second click, sees where the sign-in is now."""
        with suppress(Overtaken):
            return self._answer(realm, form, browser, now)
        return GoOn(form.get("transaction", ""), Cookies())

    def _answer(self, realm: Realm, form: Mapping[str, str], browser: Browser, now: int) -> Step:
        """The guess is counted, evaluated, and what it proves is used up, in that order."""
        handle, step = form.get("transaction", ""), form.get("step", "")
        with self._database.write() as tx:
            situation = look(tx, self._handles, realm=realm, handle=handle, browser=browser, now=now)
            if isinstance(situation, Lost):
                return situation
            if not self._handles.is_csrf_token(form.get("csrf_token", ""), handle):
                return Lost("forbidden-form", situation.state.request)
            if form.get("action") == "cancel":
                self._consume(tx, situation.under)
                return Refused(situation.state.request, "access_denied")
            if not situation.open_steps and not situation.demand.blocked:
                return self._settle(tx, situation, situation.state)
            handler = self._steps[step] if step in situation.open_steps else None
            attempt = handler.begin(tx, situation, form) if handler else Message("error.stale-form")
        if handler is None or isinstance(attempt, Message):
            return self._again(situation, step, attempt, form)
        if wrong := handler.evaluate(attempt):
            with self._database.write() as tx:
                handler.refused(tx, attempt)
            return self._again(situation, step, wrong, form)
        with self._database.write() as tx:
            state = handler.apply(tx, situation, attempt)
            if isinstance(state, SignIn):
                return self._settle(tx, situation, state)
        return self._again(situation, step, state, form)

    def _visitor(self, realm: Realm, browser: Browser, now: int) -> Visitor:
        with self._database.read() as tx:
            return visitor_of(tx, realm, browser, now)

    def _first_step(
        self,
        realm: Realm,
        client: Client,
        state: SignIn,
        demand: Demand,
        visitor: Visitor,
        *,
        browser: Browser,
        now: int,
    ) -> Step:
        known, session = visitor.known, visitor.session
        if known and session:
            state = replace(state, user_id=known.user.id, epoch=known.user.epoch, session_id=session.id)
        state = self._prepared(state, demand, now)
        secret = browser.secret or fresh_secret()
        cookies = Cookies(secret=None if browser.secret else secret)
        if known is None or "password" in demand.ask:
            situation = Situation(
                realm=realm,
                client=client,
                under=self._handles.first(realm.name, state, secret, now),
                known=known,
                session=session,
                trusted=visitor.trusted,
                demand=demand,
                browser=browser,
                now=now,
            )
            return replace(self._pages.page(situation), cookies=cookies)
        with self._database.write() as tx:
            under = self._handles.store(tx, realm.name, state, secret, now)
        return GoOn(under.handle, cookies)

    def _settle(self, tx: Transaction, situation: Situation, state: SignIn) -> Step:
        """Where a state leads: to its end when nothing is missing or to be shown, else to the next step.

        Raises Overtaken.
        """
        realm, client, browser, now = situation.realm, situation.client, situation.browser, situation.now
        known = people.by_id(tx, realm.name, state.user_id or "")
        if known is None or known.user.epoch != state.epoch:
            return Lost("expired", state.request)
        session = situation.session
        if state.session_id != (session.id if session else None):
            session = session_of(tx, realm, state, browser=browser, now=now)
        trusted = situation.trusted if situation.known else trusted_browser(tx, realm, known.user.id, browser)
        visitor = Visitor(known, session, trusted)
        demand = demand_of(realm, client, visitor=visitor, state=state, browser=browser, now=now)
        if demand.error:
            self._consume(tx, situation.under)
            return Refused(state.request, demand.error)
        asks = None if state.making_codes else consent.to_ask(tx, client, state, known)
        if demand.outcome and not demand.invite and state.notice is None and not asks:
            if not self._consume(tx, situation.under):
                raise Overtaken
            return self._arrivals.by_proofs(tx, situation, state, demand, visitor)
        state = self._prepared(state, demand, now)
        if situation.under.stored is not None:
            if self._handles.advance(tx, realm.name, situation.under, state, now) is None:
                raise Overtaken
            return GoOn(situation.under.handle, Cookies())
        secret = fresh_secret()
        transactions.move_browser(tx, old=browser.secret, new=secret)
        under = self._handles.store(tx, realm.name, state, secret, now)
        return GoOn(under.handle, Cookies(secret=secret))

    def _prepared(self, state: SignIn, demand: Demand, now: int) -> SignIn:
        """With what the next step shows: a new secret for a factor to set up, a challenge for a passkey."""
        state = prepared(state, demand.enrol, self._enrolments, now)
        if "webauthn" in demand.ask and (not state.challenge or is_outdated(state.challenge, now)):
            return replace(state, challenge=new_challenge(now))
        return state

    def _renewed(self, situation: Situation, state: SignIn) -> Situation:
        """As the next page shows it: what is too old in this state is made anew. Raises Overtaken."""
        realm, under, now = situation.realm.name, situation.under, situation.now
        fresh = self._prepared(state, situation.demand, now)
        if fresh == under.state:
            return situation
        if under.stored is None:
            return replace(situation, under=self._handles.first(realm, fresh, situation.browser.secret, now))
        with self._database.write() as tx:
            renewed = self._handles.advance(tx, realm, under, fresh, now)
        if renewed is None:
            raise Overtaken
        return replace(situation, under=renewed)

    def _consume(self, tx: Transaction, under: Under) -> bool:
        return under.stored is None or transactions.consume(tx, handle=under.handle, state=under.stored)

    def _again(self, situation: Situation, step: str, error: Message, form: Mapping[str, str]) -> Page:
        """The page with what is wrong. One that keeps its challenge itself gets another: each is answered once."""
        state = situation.state
        if situation.under.stored is None:
            state = replace(state, challenge="")
        return self._pages.page(self._renewed(situation, state), choice=step, error=error, typed=form)
