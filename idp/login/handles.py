"""How a sign-in under way is found again: by a sealed handle before the first proof, by a stored row after it.

Nothing is stored for visitors who prove nothing, so that they cannot fill the database.
"""

from dataclasses import dataclass, field, replace

from idp.login import state as state_json
from idp.login.browser import Browser
from idp.login.state import SignIn
from idp.login.steps import Lost
from idp.store import transactions
from idp.store.database import Transaction
from idp.tokens.bearer import digest, new_bearer
from idp.tokens.sealing import NotSealedHere, Sealer

FIRST_PAGE_LASTS = 1800
SIGN_IN_LASTS = 300
# Whoever sets a factor up may have to install an app first.
ENROLMENT_LASTS = 900
# What was proven counts for as long as the sign-in goes on: no step, sent code or choice keeps it alive for longer.
SIGN_IN_ENDS = 3600
_FIRST = "first."
_CSRF = "sign-in form"


@dataclass(frozen=True, slots=True)
class Under:
    """A sign-in under way. `stored` is its row's sealed state, None while it is not stored."""

    handle: str = field(repr=False)
    state: SignIn
    stored: str | None = field(default=None, repr=False)


class Overtaken(Exception):
    """Another request of the same sign-in or person was first; what this one has done is undone."""


class Handles:
    """Makes and finds sign-ins of a realm."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def first(self, realm: str, state: SignIn, secret: str, now: int) -> Under:
        """A sign-in that lives in its first page alone, bound to the browser of that secret."""
        value = {"browser": digest(secret).hex(), "expires_at": now + FIRST_PAGE_LASTS, "state": state_json.dump(state)}
        return Under(_FIRST + self._sealer.seal_json(value, _first_context(realm)), state)

    def store(self, tx: Transaction, realm: str, state: SignIn, secret: str, now: int) -> Under:
        """A sign-in with its first proof: from here on it can be finished once."""
        handle = new_bearer()
        state = replace(state, ends_at=now + SIGN_IN_ENDS)
        sealed = self._seal(realm, state)
        transactions.add(
            tx,
            handle=handle,
            realm=realm,
            browser=secret,
            user_id=state.user_id or "",
            state=sealed,
            expires_at=_expires_at(state, now),
        )
        return Under(handle, state, sealed)

    def advance(self, tx: Transaction, realm: str, under: Under, state: SignIn, now: int) -> Under | None:
        """Keep the new state; None when another request was first."""
        sealed, until = self._seal(realm, state), _expires_at(state, now)
        is_ours = transactions.advance(tx, handle=under.handle, old=under.stored or "", new=sealed, expires_at=until)
        return Under(under.handle, state, sealed) if is_ours else None

    @staticmethod
    def is_overtaken(tx: Transaction, under: Under) -> bool:
        """Whether another request has moved the sign-in on, or ended it."""
        return under.stored is not None and not transactions.is_at(tx, handle=under.handle, state=under.stored)

    def find(self, tx: Transaction, realm: str, handle: str, browser: Browser, now: int) -> Under | Lost:
        """The sign-in of that handle, if this browser began it and it has not ended."""
        if self.is_first(handle):
            return self._open_first(realm, handle, browser, now)
        found = transactions.find(tx, handle=handle, realm=realm)
        if found is None:
            return Lost("expired")
        try:
            state = state_json.load(self._sealer.open_json(found.state, _context(realm)))
        except NotSealedHere:
            return Lost("expired")
        if found.browser != digest(browser.secret):
            return Lost("other-browser", state.request)
        if found.expires_at <= now:
            return Lost("expired", state.request)
        return Under(handle, state, found.state)

    @staticmethod
    def is_first(handle: str) -> bool:
        """Whether the sign-in lives in its first page: nothing was proven there."""
        return handle.startswith(_FIRST)

    def csrf_token(self, handle: str) -> str:
        """What the form of this sign-in must send along; nobody who does not see the page can make it."""
        return self._sealer.mac(_CSRF, handle)

    def is_csrf_token(self, token: str, handle: str) -> bool:
        """Whether the form came from the page."""
        return self._sealer.is_mac(token, _CSRF, handle)

    def _open_first(self, realm: str, handle: str, browser: Browser, now: int) -> Under | Lost:
        try:
            value = self._sealer.open_json(handle.removeprefix(_FIRST), _first_context(realm))
        except NotSealedHere:
            return Lost("expired")
        state = state_json.load(value["state"])
        if value["browser"] != digest(browser.secret).hex():
            return Lost("other-browser", state.request)
        if value["expires_at"] <= now:
            return Lost("expired", state.request)
        return Under(handle, state)

    def _seal(self, realm: str, state: SignIn) -> str:
        return self._sealer.seal_json(state_json.dump(state), _context(realm))


def _first_context(realm: str) -> str:
    return f"first page {state_json.FORMAT}:{realm}"


def _context(realm: str) -> str:
    return f"sign-in {state_json.FORMAT}:{realm}"


def _expires_at(state: SignIn, now: int) -> int:
    lasts = ENROLMENT_LASTS if state.enrolling or state.sent or state.notice is not None else SIGN_IN_LASTS
    return min(now + lasts, state.ends_at)
