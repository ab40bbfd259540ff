"""What a client checks in the provider's answer beyond Authlib: whose it is, and whether it is what was asked for."""

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import QueryParams

CLOCKS_DIFFER = 10  # seconds
_SINGLE = ("code", "state", "iss", "error", "error_description")
_IN_WORDS = {
    "access_denied": "The sign-in was cancelled.",
    "interaction_required": "You would have to be asked for something.",
    "invalid_grant": "The sign-in does not hold any more.",
    "login_required": "Nobody is signed in at the identity provider.",
    "mismatching_state": "The answer belongs to another sign-in.",
    "unmet_authentication_requirements": "The level that was asked for cannot be reached.",
}


class Trouble(Exception):
    """What went wrong, in the words of an error response (RFC 6749 section 4.1.2.1), and the status of the page."""

    def __init__(self, error: str, description: str | None, *, iss: str | None = None, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.iss = iss
        self.status = status

    @property
    def in_words(self) -> str:
        """A sentence for people: the description where there is one, for it knows more."""
        return self.description or _IN_WORDS.get(self.error, "The identity provider refused.")


def check_response(answer: QueryParams, *, issuer: str) -> None:
    """Raise Trouble unless the response comes from the provider that was asked, and is none of its errors.

    RFC 6749 section 3.1: no parameter twice. RFC 9207 section 2.4: `iss` byte for byte, for errors as well.
    """
    if any(len(answer.getlist(name)) > 1 for name in _SINGLE):
        raise Trouble("invalid_response", "The response has a parameter twice.")
    iss = answer.get("iss")
    if iss != issuer:
        raise Trouble("invalid_issuer", "The response does not come from the provider that was asked.", iss=iss)
    if "error" in answer:
        raise Trouble(answer["error"], answer.get("error_description"), iss=iss)


def check_asked(asked: Mapping[str, Any], claims: Mapping[str, Any], *, now: int) -> None:
    """Raise Trouble unless the ID token brings what the request asked for.

    A request travels through the browser, where its user may take a parameter out: what came back is what counts.
    `asked` has the request's `acr_values`, `prompt` and `max_age`, and `at`, the time of asking.
    """
    demanded = asked.get("acr_values", "").split()
    if demanded and claims.get("acr") not in demanded:
        raise Trouble("step_up_failed", f"Asked for {' or '.join(demanded)}, got {claims.get('acr', 'no acr')}.")
    oldest = 0
    if asked.get("prompt") == "login":
        oldest = asked["at"]
    elif "max_age" in asked:
        oldest = now - int(asked["max_age"])
    if claims.get("auth_time", 0) < oldest - CLOCKS_DIFFER:
        raise Trouble("sign_in_too_old", "Asked for a new sign-in, got an earlier one.")
