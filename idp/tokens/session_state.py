"""What tells portals that somebody else is signed in, or nobody (OpenID Connect Session Management 1.0)."""

import base64
import hashlib
import secrets

from idp.realm.origins import origin_of
from idp.tokens.sealing import Sealer


def browser_state(sealer: Sealer, session_id: str) -> str:
    """The value of the cookie that our frame reads: changes with the session, and cannot be turned back into it.

    Its two parts let the frame compare a `sid`, which is what Keycloak's adapter asks about.
    """
    salt = sealer.mac("browser state", session_id)
    return f"{salt}.{_hash(salt, session_id)}"


def session_state(*, client_id: str, redirect_uri: str, browser_state: str) -> str | None:
    """The `session_state` of an authorization response (section 3); None for a client that has no web origin."""
    origin = origin_of(redirect_uri)
    if origin is None:
        return None
    salt = secrets.token_urlsafe(12)
    return f"{_hash(client_id, origin, browser_state, salt)}.{salt}"


def _hash(*parts: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(" ".join(parts).encode()).digest()).rstrip(b"=").decode()
