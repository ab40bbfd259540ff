"""The first proof says who somebody is; a session of theirs in this browser may be raised."""

from dataclasses import replace

from idp.login.situation import Situation
from idp.login.state import SignIn
from idp.login.visitor import session_in
from idp.store.database import Transaction
from idp.store.people import Known


def identified(tx: Transaction, situation: Situation, known: Known, state: SignIn) -> SignIn:
    """The state of a sign-in in which this person has just given the first proof."""
    session = session_in(tx, situation.realm, situation.browser, situation.now)
    return replace(
        state,
        user_id=known.user.id,
        epoch=known.user.epoch,
        session_id=session.id if session and session.user_id == known.user.id else None,
    )
