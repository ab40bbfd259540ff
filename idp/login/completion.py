"""What a sign-in leaves in the browser: the session, started or raised, and the cookies beside it."""

from idp.events.catalogue import Event
from idp.login.agents import named
from idp.login.browser import Browser, Cookies, fresh_secret, remember
from idp.login.state import SignIn
from idp.login.visitor import session_in
from idp.outbound.letters import Letters
from idp.outbound.notices import Notice
from idp.policy.decide import Demand, Reason
from idp.policy.proofs import newest
from idp.realm.schema import Realm
from idp.store import sessions, transactions, trusted_browsers
from idp.store.database import Transaction
from idp.store.people import Known
from idp.store.sessions import SsoSession
from idp.store.users import User
from idp.tokens.sealing import Sealer
from idp.tokens.session_state import browser_state


def open_session(
    tx: Transaction,
    realm: Realm,
    *,
    known: Known,
    session: SsoSession | None,
    state: SignIn,
    demand: Demand,
    client_id: str,
    browser: Browser,
    sealer: Sealer,
    letters: Letters,
    now: int,
) -> tuple[str, Cookies] | None:
    """The `sid` and the cookies that carry it, all new; None when another request has ended or raised the session.

    A session that this person has opened in another tab meanwhile is raised, too. Somebody else's in this browser ends:
    two people never share a `sid`.
    """
    outcome = demand.outcome
    if outcome is None:
        raise AssertionError("a session is opened for what the gate let through only")
    user, secret, browser_secret = known.user, fresh_secret(), fresh_secret()
    who = {"realm": realm.name, "user_id": user.id, "username": user.username, "client_id": client_id}
    held = session or session_in(tx, realm, browser, now)
    if held is not None and held.user_id == user.id:
        proven = newest((*held.proofs, *state.given))
        if not sessions.raise_(tx, held.id, old=browser.session, secret=secret, all_proofs=proven, now=now):
            return None
        session_id, event = held.id, Event.STEPPED_UP
    else:
        if held is not None:
            _end_other(tx, realm, held, now)
        session_id = sessions.start(
            tx,
            realm.name,
            user_id=user.id,
            epoch=user.epoch,
            secret=secret,
            given=state.given,
            address=browser.address,
            agent=browser.agent,
            now=now,
        )
        event = Event.SIGNED_IN
    tx.emit(event, **who, session_id=session_id, acr=outcome.acr, amr=outcome.amr)
    transactions.move_browser(tx, old=browser.secret, new=browser_secret)
    known_value = remember(sealer, realm.name, browser, user_id=user.id, epoch=user.epoch)
    trusted = None
    if state.trust and any(r.requirement.trusted_browser and _is_met_now(r, state) for r in demand.reasons):
        trusted = _trust(tx, realm, user=user, state=state, browser=browser, letters=letters, now=now)
    return session_id, Cookies(
        secret=browser_secret,
        session=secret,
        known=known_value,
        trusted=trusted,
        state=browser_state(sealer, session_id),
    )


def _end_other(tx: Transaction, realm: Realm, other: SsoSession, now: int) -> None:
    sessions.end(tx, other.id, now)
    tx.emit(Event.SIGNED_OUT, realm=realm.name, user_id=other.user_id, session_id=other.id, by="another sign-in")


def _is_met_now(reason: Reason, state: SignIn) -> bool:
    """By a proof of this sign-in: whoever found a session open could else make it last as long as the trust."""
    return reason.met and any(p.factor in reason.requirement.accept for p in state.given)


def _trust(
    tx: Transaction, realm: Realm, *, user: User, state: SignIn, browser: Browser, letters: Letters, now: int
) -> str:
    """The new secret of the browser: one that somebody else has put there would let them in later."""
    secret = fresh_secret()
    if browser.trusted:
        trusted_browsers.change_cookie(tx, old=browser.trusted, new=secret)
    by = tuple(p for p in state.given if p.factor != "password")
    trusted_browsers.trust(tx, user.id, epoch=user.epoch, secret=secret, agent=browser.agent, by=by, now=now)
    tx.emit(Event.BROWSER_TRUSTED, realm=user.realm, user_id=user.id, username=user.username)
    letters.notice(tx, realm, user, Notice.BROWSER_TRUSTED, now=now, browser=named(browser.agent).words)
    return secret
