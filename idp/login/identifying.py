"""The first proof says who somebody is; a session of theirs in this browser may be raised."""

from dataclasses import replace

from idp.login.situation import Situation
from idp.login.state import SignIn
from idp.store import sessions
from idp.store.database import Transaction
from idp.store.people import Known


def identified(tx: Transaction, situation: Situation, known: Known, state: SignIn) -> SignIn:
    """The state of a sign-in in which this person has just given the first proof."""
    realm, cookie, now = situation.realm, situation.browser.session, situation.now
    session = sessions.find(tx, realm.name, secret=cookie, limits=realm.sessions, now=now) if cookie else None
    return replace(
        state,
        user_id=known.user.id,
        epoch=known.user.epoch,
        session_id=session.id if session and session.user_id == known.user.id else None,
    )
