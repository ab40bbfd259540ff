"""Errors that other people see: on the wire by their OAuth code, on the terminal by their sentence."""

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    AccessDeniedError,
    InvalidClientError,
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    UnauthorizedClientError,
    UnsupportedGrantTypeError,
    UnsupportedResponseTypeError,
)

__all__ = [
    "AccessDeniedError",
    "InsufficientScopeError",
    "InteractionRequiredError",
    "InvalidClientError",
    "InvalidGrantError",
    "InvalidRequestError",
    "InvalidScopeError",
    "InvalidTokenError",
    "LoginRequiredError",
    "OAuth2Error",
    "Overloaded",
    "SettingsError",
    "UnauthorizedClientError",
    "UnmetAuthenticationRequirementsError",
    "UnsupportedGrantTypeError",
    "UnsupportedResponseTypeError",
]


class SettingsError(Exception):
    """The server cannot start like this; the text says what is wrong and how to mend it."""


class Overloaded(Exception):
    """More work waits than can be done soon: the answer is 503 with Retry-After."""


class LoginRequiredError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """OpenID Connect Core section 3.1.2.6: `prompt=none` and nobody is signed in."""

    error = "login_required"
    description = "Nobody is signed in."


class InteractionRequiredError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """OpenID Connect Core section 3.1.2.6: `prompt=none` and something would have to be asked."""

    error = "interaction_required"
    description = "The person would have to be asked for something."


class UnmetAuthenticationRequirementsError(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """OpenID Connect Core Error Code unmet_authentication_requirements 1.0."""

    error = "unmet_authentication_requirements"
    description = "This person cannot reach any of the demanded acr values."


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
