"""Who comes with a browser: the person of its session, and whether they trusted it."""

from dataclasses import dataclass

from idp.login.browser import Browser
from idp.realm.schema import Realm
from idp.store import people, sessions, trusted_browsers, users
from idp.store.database import Transaction
from idp.store.people import Known
from idp.store.sessions import SsoSession
from idp.store.trusted_browsers import TrustedBrowser


@dataclass(frozen=True, slots=True)
class Visitor:
    """Nobody, or somebody with their session."""

    known: Known | None = None
    session: SsoSession | None = None
    trusted: TrustedBrowser | None = None


def visitor_of(tx: Transaction, realm: Realm, browser: Browser, now: int, *, is_locking: bool = False) -> Visitor:
    """The visitor with that cookie. `is_locking`: nobody else changes the person until the transaction ends."""
    session = session_in(tx, realm, browser, now)
    if session and is_locking:
        users.lock(tx, session.user_id)
        session = session_in(tx, realm, browser, now)
    known = people.by_id(tx, realm.name, session.user_id) if session else None
    if known is None:
        return Visitor()
    return Visitor(known, session, trusted_browser(tx, realm, known.user.id, browser))


def session_in(tx: Transaction, realm: Realm, browser: Browser, now: int) -> SsoSession | None:
    """The session whose newest cookie this browser holds."""
    if not browser.session:
        return None
    return sessions.find(tx, realm.name, secret=browser.session, limits=realm.sessions, now=now)


def trusted_browser(tx: Transaction, realm: Realm, user_id: str, browser: Browser) -> TrustedBrowser | None:
    """Whether this person trusted this browser, where that could waive a rule."""
    if not browser.trusted or not any(rule.trusted_browser for rule in realm.second_factor.rules):
        return None
    return trusted_browsers.find(tx, user_id, secret=browser.trusted)
