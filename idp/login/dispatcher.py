"""The only way a sign-in goes on: each request asks the policy what is still missing, and the answer is the next step.

No step knows another. What was visited does not count, only what was proven.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from idp.factors.password import Passwords
from idp.login import gate, pages
from idp.login.browser import Browser, Cookies, fresh_secret
from idp.login.completion import open_session
from idp.login.enrolment import TotpEnrolment, begin_enrolling
from idp.login.gate import Authorized
from idp.login.handles import Handles
from idp.login.notices import Notice
from idp.login.password import PasswordStep
from idp.login.request import AuthorizationRequest
from idp.login.second_factor import SecondFactorStep
from idp.login.situation import FEW_CODES, NEW_CODES, Situation, StepHandler
from idp.login.state import SignIn
from idp.login.steps import Arrived, GoOn, Lost, Message, Page, Refused, Step
from idp.policy.decide import Demand, Outcome
from idp.policy.proofs import FIRST_FACTORS
from idp.realm.schema import Client, Realm
from idp.store import people, sessions, transactions
from idp.store.database import Database, Transaction
from idp.store.people import Known
from idp.store.sessions import SsoSession
from idp.tokens.sealing import Sealer

Issue = Callable[[Transaction, Authorized], str]


class SignIns:
    """The sign-ins of all realms. `issue` makes the code and returns where to go with it."""

    def __init__(self, database: Database, sealer: Sealer, passwords: Passwords, issue: Issue) -> None:
        self._database = database
        self._sealer = sealer
        self._issue = issue
        self._handles = Handles(sealer)
        self._steps: dict[str, StepHandler[Any]] = {
            "password": PasswordStep(passwords, sealer),
            "totp": SecondFactorStep("totp", "code", sealer),
            "recovery-codes": SecondFactorStep("recovery-codes", "recovery_code", sealer),
            "totp-enrol": TotpEnrolment(sealer),
            NEW_CODES: Notice(),
            FEW_CODES: Notice(),
        }

    def begin(self, realm: Realm, client: Client, request: AuthorizationRequest, browser: Browser, now: int) -> Step:
        """A validated authorization request: answered at once from the session, or the first step."""
        state = SignIn(request)
        known, session = self._signed_in(realm, browser, now)
        if "select_account" in request.demands.prompt:
            known = session = None
        demand = _demand(realm, client, known=known, session=session, state=state, now=now)
        if demand.error:
            return Refused(request, demand.error)
        if demand.outcome and known and session:
            return self._arrive_silently(realm, client, request, demand.outcome, known=known, session=session, now=now)
        if known and session:
            state = replace(state, user_id=known.user.id, epoch=known.user.epoch, session_id=session.id)
        secret = browser.secret or fresh_secret()
        cookies = Cookies(secret=None if browser.secret else secret)
        if known is None or demand.ask == FIRST_FACTORS:
            situation = Situation(
                realm=realm,
                client=client,
                under=self._handles.first(realm.name, state, secret, now),
                known=known,
                session=session,
                demand=demand,
                browser=browser,
                now=now,
            )
            return replace(pages.page(situation, self._handles), cookies=cookies)
        with self._database.write() as tx:
            under = self._handles.store(tx, realm.name, _prepared(state, demand), secret, now)
        return GoOn(under.handle, cookies)

    def show(self, realm: Realm, handle: str, choice: str, browser: Browser, now: int) -> Step:
        """The page of a sign-in under way, or its end where nothing is missing any more."""
        with self._database.read() as tx:
            situation = self._look(tx, realm, handle, browser, now)
        if isinstance(situation, Lost):
            return situation
        if situation.open_steps or situation.demand.blocked:
            return pages.page(situation, self._handles, choice=choice)
        with self._database.write() as tx:
            return self._settle(tx, situation, situation.state)

    def answer(self, realm: Realm, form: Mapping[str, str], browser: Browser, now: int) -> Step:
        """A form of a sign-in: the guess is counted, evaluated, and what it proves is used up, in that order."""
        handle, step = form.get("transaction", ""), form.get("step", "")
        with self._database.write() as tx:
            situation = self._look(tx, realm, handle, browser, now)
            if isinstance(situation, Lost):
                return situation
            if not self._handles.is_csrf_token(form.get("csrf_token", ""), handle):
                return Lost("forbidden-form", situation.state.request)
            if form.get("action") == "cancel":
                self._consume(tx, situation)
                return Refused(situation.state.request, "access_denied")
            if not situation.open_steps and not situation.demand.blocked:
                return self._settle(tx, situation, situation.state)
            if step not in situation.open_steps:
                return self._again(situation, "", Message("error.stale-form"), form)
            handler = self._steps[step]
            attempt = handler.begin(tx, situation, form)
        if isinstance(attempt, Message):
            return self._again(situation, step, attempt, form)
        if wrong := handler.evaluate(attempt):
            return self._again(situation, step, wrong, form)
        with self._database.write() as tx:
            state = handler.apply(tx, situation, attempt)
            if isinstance(state, SignIn):
                return self._settle(tx, situation, state)
        return self._again(situation, step, state, form)

    def _signed_in(self, realm: Realm, browser: Browser, now: int) -> tuple[Known | None, SsoSession | None]:
        if not browser.session:
            return None, None
        with self._database.read() as tx:
            session = sessions.find(tx, realm.name, secret=browser.session, limits=realm.sessions, now=now)
            known = people.by_id(tx, realm.name, session.user_id) if session else None
        return (known, session) if known else (None, None)

    def _arrive_silently(
        self,
        realm: Realm,
        client: Client,
        request: AuthorizationRequest,
        outcome: Outcome,
        *,
        known: Known,
        session: SsoSession,
        now: int,
    ) -> Step:
        """Single sign-on: the session is used, not raised."""
        authorized = Authorized(
            realm=realm,
            client=client,
            known=known,
            request=request,
            outcome=outcome,
            session_id=session.id,
            now=now,
        )
        with self._database.write() as tx:
            sessions.touch(tx, session.id, now)
            return Arrived(self._issue(tx, authorized), Cookies())

    def _look(self, tx: Transaction, realm: Realm, handle: str, browser: Browser, now: int) -> Situation | Lost:
        under = self._handles.find(tx, realm.name, handle, browser, now)
        if isinstance(under, Lost):
            return under
        state = under.state
        client = realm.client(state.request.client_id)
        if client is None:
            return Lost("unknown-client")
        known = people.by_id(tx, realm.name, state.user_id) if state.user_id else None
        if state.user_id and (known is None or not known.user.enabled or known.user.epoch != state.epoch):
            return Lost("expired", state.request)
        session = self._session(tx, realm, state, browser, now)
        return Situation(
            realm=realm,
            client=client,
            under=under,
            known=known,
            session=session,
            demand=_demand(realm, client, known=known, session=session, state=state, now=now),
            browser=browser,
            now=now,
        )

    def _settle(self, tx: Transaction, situation: Situation, state: SignIn) -> Step:
        """Where a state leads: to its end when nothing is missing or to be shown, else to the next step."""
        realm, client, now = situation.realm, situation.client, situation.now
        known = people.by_id(tx, realm.name, state.user_id or "")
        if known is None or known.user.epoch != state.epoch:
            return Lost("expired", state.request)
        session = situation.session
        if state.session_id != (session.id if session else None):
            session = self._session(tx, realm, state, situation.browser, now)
        demand = _demand(realm, client, known=known, session=session, state=state, now=now)
        if demand.error:
            self._consume(tx, situation)
            return Refused(state.request, demand.error)
        if demand.outcome and state.notice is None:
            return self._arrive(tx, situation, state, known=known, session=session, demand=demand)
        state = _prepared(state, demand)
        if situation.under.stored is not None:
            if not self._handles.advance(tx, realm.name, situation.under, state, now):
                return Lost("expired", state.request)
            return GoOn(situation.under.handle, Cookies())
        secret = fresh_secret()
        transactions.move_browser(tx, old=situation.browser.secret, new=secret)
        under = self._handles.store(tx, realm.name, state, secret, now)
        return GoOn(under.handle, Cookies(secret=secret))

    def _arrive(
        self,
        tx: Transaction,
        situation: Situation,
        state: SignIn,
        *,
        known: Known,
        session: SsoSession | None,
        demand: Demand,
    ) -> Step:
        """Consume the sign-in, then open the session, then issue the code."""
        if demand.outcome is None or not self._consume(tx, situation):
            return Lost("expired", state.request)
        opened = open_session(
            tx,
            situation.realm,
            known=known,
            session=session,
            given=state.given,
            outcome=demand.outcome,
            client_id=situation.client.client_id,
            browser=situation.browser,
            sealer=self._sealer,
            now=situation.now,
        )
        if opened is None:
            return Lost("expired", state.request)
        session_id, cookies = opened
        authorized = Authorized(
            realm=situation.realm,
            client=situation.client,
            known=known,
            request=state.request,
            outcome=demand.outcome,
            session_id=session_id,
            now=situation.now,
        )
        return Arrived(self._issue(tx, authorized), cookies)

    def _consume(self, tx: Transaction, situation: Situation) -> bool:
        under = situation.under
        return under.stored is None or transactions.consume(tx, handle=under.handle, state=under.stored)

    def _session(self, tx: Transaction, realm: Realm, state: SignIn, browser: Browser, now: int) -> SsoSession | None:
        """The session that the sign-in may raise, as long as the browser holds its newest cookie.

        What was begun with a stolen cookie would else end with what the owner of the session proves later.
        """
        if state.session_id is None or not browser.session:
            return None
        found = sessions.find(tx, realm.name, secret=browser.session, limits=realm.sessions, now=now)
        return found if found and found.id == state.session_id and found.user_id == state.user_id else None

    def _again(self, situation: Situation, step: str, error: Message, form: Mapping[str, str]) -> Page:
        return pages.page(situation, self._handles, choice=step, error=error, username=form.get("username", "")[:255])


def _demand(
    realm: Realm, client: Client, *, known: Known | None, session: SsoSession | None, state: SignIn, now: int
) -> Demand:
    earlier = session.proofs if session else ()
    return gate.demand(
        realm, known=known, client=client, request=state.request, earlier=earlier, given=state.given, now=now
    )


def _prepared(state: SignIn, demand: Demand) -> SignIn:
    """With a new secret where a factor has to be set up."""
    if demand.enrol and (state.enrolling is None or state.enrolling.factor not in demand.enrol):
        return replace(state, enrolling=begin_enrolling(demand.enrol[0]))
    return state
