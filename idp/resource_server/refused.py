"""Why a request is not let in: one exception each, with its response (RFC 6750 section 3.1, RFC 9470)."""

import json
from dataclasses import replace
from typing import ClassVar

from idp.resource_server.challenge import Challenge
from idp.resource_server.dpop import ALGORITHMS


class Refused(Exception):
    """A request is not let in. `error` is the wire code; the message is written for the client's developer.

    `reason` is for the API's own log: it may say more, and holds nothing of the token.
    """

    status: ClassVar[int] = 401
    error: ClassVar[str | None] = None

    def __init__(self, description: str = "") -> None:
        super().__init__(description)
        self.description = description
        self.reason = description
        # By which the token came: the answer is in the same scheme (RFC 9449 section 7.1).
        self.scheme = "Bearer"

    def challenge(self) -> Challenge | None:
        """What `WWW-Authenticate` says, or None where no other token would help."""
        return Challenge(error=self.error, error_description=self.description or None)

    def headers(self) -> dict[str, str]:
        """The fields of the response."""
        fields = {"Content-Type": "application/json", "Cache-Control": "no-store"}
        challenge = self.challenge()
        if challenge is not None:
            algs = ALGORITHMS if self.scheme == "DPoP" else ()
            fields["WWW-Authenticate"] = replace(challenge, scheme=self.scheme, algs=algs).header()
        return fields

    def body(self) -> bytes:
        """The response's JSON, for people who read it in a terminal; clients act upon the challenge."""
        return json.dumps({"error": self.error or "unauthorized", "error_description": self.description}).encode()


class MissingToken(Refused):
    """No token was sent, so the challenge names no error (RFC 6750 section 3.1)."""

    def challenge(self) -> Challenge:
        """The bare scheme."""
        return Challenge()


class InvalidRequest(Refused):
    """The token was sent in a way that leaves open which one is meant."""

    status = 400
    error = "invalid_request"


class InvalidToken(Refused):
    """The token is expired, forged, meant for somebody else, or no access token at all.

    The client hears that it is invalid; `reason` says what was wrong.
    """

    error = "invalid_token"

    def __init__(self, reason: str) -> None:
        super().__init__("The access token is expired, malformed or not meant for this API.")
        self.reason = reason


class InvalidProof(Refused):
    """The DPoP proof is missing, stale, used before or made for another request (RFC 9449 section 7.1)."""

    error = "invalid_dpop_proof"

    def __init__(self, reason: str) -> None:
        super().__init__("The DPoP proof is missing, stale, or not made for this request.")
        self.reason = reason


class InsufficientScope(Refused):
    """The token lacks a scope; `required` are all that the resource demands."""

    status = 403
    error = "insufficient_scope"

    def __init__(self, required: tuple[str, ...]) -> None:
        super().__init__("The access token lacks a scope that this resource demands.")
        self.required = required

    def challenge(self) -> Challenge:
        """RFC 6750 section 3.1, with the scopes that are necessary."""
        return Challenge(error=self.error, error_description=self.description, scope=self.required)


class InsufficientAuthentication(Refused):
    """The person has proven too little, or too long ago (RFC 9470 section 3).

    `scope` is given where the token lacks a scope as well, so that one authorization request mends both.
    """

    error = "insufficient_user_authentication"

    def __init__(
        self, description: str, *, acr_values: tuple[str, ...], max_age: int | None, scope: tuple[str, ...] = ()
    ) -> None:
        super().__init__(description)
        self.acr_values = acr_values
        self.max_age = max_age
        self.scope = scope

    def challenge(self) -> Challenge:
        """All that is demanded, not only what is missing: the client asks for it in one request."""
        return Challenge(
            error=self.error,
            error_description=self.description,
            acr_values=self.acr_values,
            max_age=self.max_age,
            scope=self.scope,
        )


class PersonRequired(Refused):
    """A client came for itself where a person has to prove something: nobody is there to be asked."""

    status = 403
    error = "access_denied"

    def __init__(self) -> None:
        super().__init__("This resource demands that a person has signed in; the token is the client's own.")

    def challenge(self) -> None:
        """None: a step-up would never end."""


class KeysUnavailable(Refused):
    """The issuer's keys cannot be had at the moment, so no token can be verified. The client's token may be good."""

    status = 503
    error = "temporarily_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__("The token cannot be verified at the moment.")
        self.reason = reason

    def challenge(self) -> None:
        """None: no other token would help."""

    def headers(self) -> dict[str, str]:
        """With the time after which it is worth trying again."""
        return super().headers() | {"Retry-After": "5"}
