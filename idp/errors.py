"""Errors that other people see: on the wire by their OAuth code, on the terminal by their sentence."""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidGrantError, InvalidRequestError, InvalidScopeError

__all__ = [
    "GrantTypeNotOfferedError",
    "InsufficientScopeError",
    "InvalidClientError",
    "InvalidGrantError",
    "InvalidRequestError",
    "InvalidScopeError",
    "InvalidTokenError",
    "MissingTokenError",
    "OAuth2Error",
    "Overloaded",
    "RequestNotSupportedError",
    "RequestUriNotSupportedError",
    "ResponseTypeNotOfferedError",
    "SettingsError",
    "UnknownClientError",
    "UnknownRedirectUriError",
]


class SettingsError(Exception):
    """The server cannot start like this; the text says what is wrong and how to mend it."""


class Overloaded(Exception):
    """More work waits than can be done soon: the answer is 503 with Retry-After."""


class UnknownClientError(InvalidRequestError):  # type: ignore[misc]  # Authlib has no types
    """Goes to a page."""

    description = "The client_id is missing or not registered here."


class UnknownRedirectUriError(InvalidRequestError):  # type: ignore[misc]  # Authlib has no types
    """Goes to a page."""

    description = "The redirect_uri is missing or not registered for this client."


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
    description = "Request objects are not offered."


class MissingTokenError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 6750 section 3.1: a request without a token is told the scheme, and no error."""

    error = "invalid_request"
    description = "The request has no access token."
    status_code = 401

    def get_body(self) -> list[tuple[str, str]]:
        """Nothing (RFC 6750 section 3.1)."""
        return []

    def get_headers(self) -> list[tuple[str, str]]:
        """A challenge without an error code."""
        return [*super().get_headers(), ("WWW-Authenticate", "Bearer")]


class InvalidTokenError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """RFC 6750 section 3.1."""

    error = "invalid_token"
    description = "The access token is expired, revoked or malformed."
    status_code = 401

    def get_headers(self) -> list[tuple[str, str]]:
        """The challenge that RFC 6750 section 3 demands."""
        headers: list[tuple[str, str]] = super().get_headers()
        return [*headers, ("WWW-Authenticate", f'Bearer error="{self.error}", error_description="{self.description}"')]


class InsufficientScopeError(InvalidTokenError):
    """RFC 6750 section 3.1."""

    error = "insufficient_scope"
    description = "The access token does not have the scope openid."
    status_code = 403
