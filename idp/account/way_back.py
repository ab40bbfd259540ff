"""The way back to the portal from a link that is followed much later: for the browser that was on it, and no other."""

from idp.login import state as state_json
from idp.login.browser import Browser
from idp.login.request import AuthorizationRequest
from idp.login.state import SignIn
from idp.tokens.bearer import digest
from idp.tokens.sealing import NotSealedHere, Sealer

# In characters: a stranger decides what a request has in it.
_LONGEST = 8192


class WaysBack:
    """Keeps the request of a portal beside a link. In another browser the portal would not know its answer."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def seal(self, realm: str, request: AuthorizationRequest, browser: Browser) -> str | None:
        """What is kept; None for a request of a length that no portal makes."""
        value = {"browser": digest(browser.secret).hex(), "state": state_json.dump(SignIn(request))}
        sealed = self._sealer.seal_json(value, _context(realm))
        return sealed if browser.secret and len(sealed) <= _LONGEST else None

    def open(self, realm: str, sealed: str | None, browser: Browser) -> AuthorizationRequest | None:
        """The request, for the browser that made it."""
        if sealed is None:
            return None
        try:
            value = self._sealer.open_json(sealed, _context(realm))
        except NotSealedHere:
            return None
        return state_json.load(value["state"]).request if value["browser"] == digest(browser.secret).hex() else None


def _context(realm: str) -> str:
    return f"way back {state_json.FORMAT}:{realm}"
