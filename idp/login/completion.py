"""The end of a sign-in: the session is started or raised, and the portal gets its code, in one transaction."""

from idp.events.catalogue import Event
from idp.login.browser import Browser, Cookies, fresh_secret, remember
from idp.policy.decide import Outcome
from idp.policy.proofs import Proof
from idp.realm.schema import Realm
from idp.store import sessions, transactions
from idp.store.database import Transaction
from idp.store.people import Known
from idp.store.sessions import SsoSession
from idp.tokens.sealing import Sealer


def open_session(
    tx: Transaction,
    realm: Realm,
    *,
    known: Known,
    session: SsoSession | None,
    given: tuple[Proof, ...],
    outcome: Outcome,
    client_id: str,
    browser: Browser,
    sealer: Sealer,
    now: int,
) -> tuple[str, Cookies] | None:
    """The `sid` and the cookies that carry it, every one of them new; None when the session to be raised has ended.

    Somebody else's session in this browser ends: two people never share a `sid`.
    """
    secret, browser_secret = fresh_secret(), fresh_secret()
    who = {"realm": realm.name, "user_id": known.user.id, "username": known.user.username, "client_id": client_id}
    if session is not None:
        newest = {p.factor: p for p in sorted((*session.proofs, *given), key=lambda p: p.at)}
        if not sessions.raise_(tx, session.id, secret=secret, all_proofs=newest.values(), now=now):
            return None
        session_id, event = session.id, Event.STEPPED_UP
    else:
        _end_other(tx, realm, browser, now)
        user = known.user
        session_id = sessions.start(
            tx, realm.name, user_id=user.id, epoch=user.epoch, secret=secret, given=given, now=now
        )
        event = Event.SIGNED_IN
    tx.emit(event, **who, session_id=session_id, acr=outcome.acr, amr=outcome.amr)
    transactions.move_browser(tx, old=browser.secret, new=browser_secret)
    known_value = remember(sealer, realm.name, browser, user_id=known.user.id, epoch=known.user.epoch)
    return session_id, Cookies(secret=browser_secret, session=secret, known=known_value)


def _end_other(tx: Transaction, realm: Realm, browser: Browser, now: int) -> None:
    if not browser.session:
        return
    other = sessions.find(tx, realm.name, secret=browser.session, limits=realm.sessions, now=now)
    if other is not None:
        sessions.end(tx, other.id, now)
        tx.emit(Event.SIGNED_OUT, realm=realm.name, user_id=other.user_id, session_id=other.id, by="another sign-in")
