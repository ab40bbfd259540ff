"""Errors that other people see: on the wire by their OAuth code, on the terminal by their sentence."""

import re

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    UnauthorizedClientError,
)

__all__ = [
    "GrantTypeNotOfferedError",
    "InsufficientScopeError",
    "InvalidAuthorizationDetailsError",
    "InvalidClientError",
    "InvalidClientMetadataError",
    "InvalidDpopProofError",
    "InvalidGrantError",
    "InvalidRedirectURIError",
    "InvalidRequestError",
    "InvalidRequestObjectError",
    "InvalidRequestUriError",
    "InvalidScopeError",
    "InvalidSoftwareStatementError",
    "InvalidTargetError",
    "InvalidTokenError",
    "MissingTokenError",
    "OAuth2Error",
    "Overloaded",
    "RegistrationNotSupportedError",
    "RequestNotSupportedError",
    "RequestUriNotSupportedError",
    "ResponseTypeNotOfferedError",
    "SettingsError",
    "TokenInTwoWaysError",
    "TooManyGuessesError",
    "TooManyWaitingError",
    "UnapprovedSoftwareStatementError",
    "UnauthorizedClientError",
    "UnknownClientError",
    "UnknownRedirectUriError",
    "UseDpopNonceError",
    "WrongSecretError",
]


class SettingsError(Exception):
    """The server cannot start like this; the text says what is wrong and how to mend it."""


class Overloaded(Exception):
    """More work waits than can be done soon: the answer is 503 with Retry-After."""


class UnknownClientError(InvalidRequestError):  # type: ignore[misc]  # Authlib has no types
    """Goes to a page."""

    description = "The client_id is missing or not registered here."


class UnknownRedirectUriError(InvalidRequestError):  # type: ignore[misc]  # Authlib has no types
    """Goes to a page. `sent`: what came in its place, for the log; without a name and password, and a query."""

    description = "The redirect_uri is missing or not registered for this client."

    def __init__(self, description: str | None = None, *, sent: str | None = None) -> None:
        super().__init__(description)
        # A query may hold anything, and who guards a portal by HTTP Basic may have the password in its address.
        self.sent = re.sub("//[^/]*@", "//", re.split("[?#]", sent, maxsplit=1)[0])[:200] if sent else None


class ResponseTypeNotOfferedError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 6749 section 4.1.2.1. Authlib's own repeats the value that was sent, which may be anything."""

    error = "unsupported_response_type"
    description = "The response type code is the only one offered."


class GrantTypeNotOfferedError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 6749 section 5.2. Authlib's own repeats the value that was sent, which may be anything."""

    error = "unsupported_grant_type"
    description = "This grant type is not offered."


class RequestNotSupportedError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """OpenID Connect Core section 3.1.2.6."""

    error = "request_not_supported"
    description = "Request objects are not offered."


class RequestUriNotSupportedError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """OpenID Connect Core section 3.1.2.6."""

    error = "request_uri_not_supported"
    description = "Request objects by reference are not offered."


class InvalidRequestUriError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 9101 section 7.2; goes to a page."""

    error = "invalid_request_uri"
    description = "The request_uri is unknown, used or expired, or another client's."


class InvalidRequestObjectError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 9101 section 7.2."""

    error = "invalid_request_object"


class InvalidClientMetadataError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 7591 section 3.2.2. Authlib's own four cost the start of every server 70 ms of imports."""

    error = "invalid_client_metadata"


class InvalidRedirectURIError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 7591 section 3.2.2."""

    error = "invalid_redirect_uri"


class InvalidSoftwareStatementError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 7591 section 3.2.2."""

    error = "invalid_software_statement"


class UnapprovedSoftwareStatementError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 7591 section 3.2.2."""

    error = "unapproved_software_statement"


class InvalidAuthorizationDetailsError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 9396 section 5."""

    error = "invalid_authorization_details"


class InvalidClientError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 6749 section 5.2. Authlib's own has a challenge without the realm that RFC 7617 section 2 requires.

    `reason` is for the log: whoever could not prove to be a client is told no more than that.
    """

    error = "invalid_client"
    description = "Client authentication failed."
    status_code = 401

    def __init__(self, description: str | None = None, *, reason: str) -> None:
        super().__init__(description)
        self.reason = reason

    def get_headers(self) -> list[tuple[str, str]]:
        """With a challenge, as every 401 (RFC 9110 section 15.5.2)."""
        challenge = f'Basic realm="clients", error="{self.error}", error_description="{self.get_error_description()}"'
        return [*super().get_headers(), ("WWW-Authenticate", challenge)]


class WrongSecretError(InvalidClientError):
    """RFC 6749 section 5.2: the answer to every failed authentication. This one was a guess."""


class TooManyGuessesError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 6585 section 4. Whether the secret was right is not said: it was not looked at."""

    error = "temporarily_unavailable"
    description = "Too many wrong secrets of this client came from here."
    status_code = 429

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.seconds = seconds

    def get_headers(self) -> list[tuple[str, str]]:
        """With the time after which the next one is looked at."""
        return [*super().get_headers(), ("Retry-After", str(self.seconds))]


class TooManyWaitingError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 9126 section 2.3, and the same for devices."""

    error = "temporarily_unavailable"
    description = "Too many requests from here wait for a person."
    status_code = 429


class RegistrationNotSupportedError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """OpenID Connect Core section 3.1.2.6."""

    error = "registration_not_supported"
    description = "Self-issued providers are not offered."


def _challenge(schemes: tuple[str, ...], error: OAuth2Error | None = None) -> tuple[str, str]:
    """One for each scheme that may be used (RFC 6750 section 3, RFC 9449 section 7.1): the first has the error."""
    # Commands need errors and never a challenge, which brings all of JOSE along.
    from idp.resource_server.challenge import Challenge
    from idp.resource_server.dpop import ALGORITHMS

    challenges = (
        Challenge(
            error=error.error if error and scheme == schemes[0] else None,
            error_description=error.get_error_description() if error and scheme == schemes[0] else None,
            scheme=scheme,
            algs=ALGORITHMS if scheme == "DPoP" else (),
        )
        for scheme in schemes
    )
    return "WWW-Authenticate", ", ".join(challenge.header() for challenge in challenges)


class MissingTokenError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 6750 section 3.1: a request without a token is told the schemes, and no error."""

    error = "invalid_request"
    description = "The request has no access token."
    status_code = 401

    def __init__(self, *, schemes: tuple[str, ...] = ("Bearer",)) -> None:
        """`schemes`: those that may be used there."""
        super().__init__()
        self.schemes = schemes

    def get_body(self) -> list[tuple[str, str]]:
        """Nothing (RFC 6750 section 3.1)."""
        return []

    def get_headers(self) -> list[tuple[str, str]]:
        """A challenge without an error code."""
        return [*super().get_headers(), _challenge(self.schemes)]


class InvalidTokenError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 6750 section 3.1."""

    error = "invalid_token"
    description = "The access token is expired, revoked or malformed."
    status_code = 401

    def __init__(self, *, schemes: tuple[str, ...] = ("Bearer",)) -> None:
        """`schemes`: those that may be used there, first the one by which the token came (RFC 9449 section 7.1)."""
        super().__init__()
        self.schemes = schemes

    def get_headers(self) -> list[tuple[str, str]]:
        """The challenge that RFC 6750 section 3 demands."""
        headers: list[tuple[str, str]] = super().get_headers()
        return [*headers, _challenge(self.schemes, self)]


class TokenInTwoWaysError(InvalidTokenError):
    """RFC 6750 section 3.1."""

    error = "invalid_request"
    description = "The access token is sent in two ways."
    status_code = 400


class InsufficientScopeError(InvalidTokenError):
    """RFC 6750 section 3.1."""

    error = "insufficient_scope"
    description = "The access token does not have the scope openid."
    status_code = 403


class InvalidDpopProofError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 9449 sections 5 and 7.1."""

    error = "invalid_dpop_proof"

    def __init__(self, description: str, *, is_resource: bool = False) -> None:
        """`is_resource`: where a token is presented, the answer is a challenge."""
        super().__init__(description, status_code=401 if is_resource else 400)
        self.is_resource = is_resource

    def get_headers(self) -> list[tuple[str, str]]:
        """With the challenge."""
        headers: list[tuple[str, str]] = super().get_headers()
        return [*headers, _challenge(("DPoP", "Bearer"), self)] if self.is_resource else headers


class UseDpopNonceError(InvalidDpopProofError):
    """RFC 9449 sections 8 and 9: the client makes its proof again, with what the answer brings."""

    error = "use_dpop_nonce"

    def __init__(self, nonce: str, *, is_resource: bool = False) -> None:
        super().__init__("The DPoP proof needs the nonce of this answer.", is_resource=is_resource)
        self.nonce = nonce

    def get_headers(self) -> list[tuple[str, str]]:
        """With the nonce."""
        return [*super().get_headers(), ("DPoP-Nonce", self.nonce)]


class InvalidTargetError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 8693 section 2.2.2, RFC 8707 section 2."""

    error = "invalid_target"
    description = "The scopes are for no such API."
