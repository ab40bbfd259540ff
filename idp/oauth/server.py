"""Authlib's authorization server for one realm, without a web framework: it answers with plain values."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2 import AuthorizationServer

from idp.errors import InvalidRequestError, OAuth2Error, UnsupportedGrantTypeError
from idp.oauth import client_authentication
from idp.oauth.client import OAuthClient
from idp.oauth.grants import GRANTS
from idp.oauth.pkce import PkceS256
from idp.oauth.request import OAuthRequest
from idp.realm.schema import Realm


@dataclass(frozen=True, slots=True)
class OAuthResponse:
    """What goes on the wire: a JSON body, or none and a Location header."""

    status: int
    body: dict[str, Any]
    headers: tuple[tuple[str, str], ...]

    @property
    def location(self) -> str | None:
        """Where a redirect goes."""
        return next((value for name, value in self.headers if name == "Location"), None)


class RealmServer(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """The engine of one realm snapshot. It keeps no state of its own."""

    def __init__(self, realm: Realm, issuer: str) -> None:
        super().__init__()
        self.realm = realm
        self.issuer = issuer
        for grant in GRANTS:
            self.register_grant(grant, [PkceS256()] if grant.GRANT_TYPE == "authorization_code" else None)

    def query_client(self, client_id: str) -> OAuthClient | None:
        """The enabled client of the realm file."""
        registered = self.realm.client(client_id)
        return None if registered is None else OAuthClient(registered)

    def authenticate_client(self, request: OAuthRequest, methods: list[str], endpoint: str = "token") -> OAuthClient:
        """By the method that the client is registered with, if the endpoint takes it."""
        return client_authentication.authenticate(request, public_allowed="none" in methods)

    def create_oauth2_request(self, request: OAuthRequest) -> OAuthRequest:
        """It is one already."""
        return request

    def create_token_response(self, request: OAuthRequest) -> OAuthResponse:
        """The token endpoint. Protocol errors are raised, so that the transaction keeps what they consumed."""
        request.refuse_malformed()
        if "grant_type" not in request.form:
            raise InvalidRequestError("grant_type is missing.")
        grant = self.get_token_grant(request)
        grant.validate_token_request()
        return self.handle_response(*grant.create_token_response())

    def get_token_grant(self, request: OAuthRequest) -> Any:
        """The grant of the registry; its error does not echo the request."""
        try:
            return super().get_token_grant(request)
        except UnsupportedGrantTypeError:
            raise UnsupportedGrantType from None

    def endpoint(self, name: str) -> Any:
        """The registered endpoint of that name."""
        return self._endpoints[name][0]

    def save_token(self, token: dict[str, Any], request: OAuthRequest) -> None:
        """Issuing has stored what is to be stored."""

    def generate_token(self, *, client: OAuthClient, grant_type: str, **arguments: Any) -> dict[str, Any]:
        """Not used: tokens are made by `issue_tokens`, from a grant, not from a user and a scope."""
        raise NotImplementedError

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Events are emitted where they happen."""

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> OAuthResponse:
        """A value that any web layer can render."""
        return OAuthResponse(status, body if isinstance(body, dict) else dict(body or {}), tuple(headers))

    def handle_error_response(self, request: OAuthRequest, error: OAuth2Error) -> OAuthResponse:
        """A redirect to the client where its redirect URI is known to be its own, else JSON."""
        if error.redirect_uri:
            location = self.redirection(error.redirect_uri, dict(error.get_body()) | _state(request))
            return OAuthResponse(302, {}, (("Location", location),))
        return OAuthResponse(error.status_code, dict(error.get_body()), tuple(error.get_headers()))

    def redirection(self, redirect_uri: str, parameters: dict[str, str]) -> str:
        """An authorization response: `iss` in every one (RFC 9207); a code last, as Keycloak sends it."""
        ordered = {**parameters, "iss": self.issuer}
        if code := ordered.pop("code", None):
            ordered["code"] = code
        return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(ordered)}"


class UnsupportedGrantType(UnsupportedGrantTypeError):  # type: ignore[misc]  # Authlib has no types
    """RFC 6749 section 5.2, without the value that was sent: it may hold anything."""

    def __init__(self) -> None:
        super().__init__(grant_type=None)

    def get_error_description(self) -> str:
        """A sentence of our own."""
        return "This grant type is not offered."


def _state(request: OAuthRequest) -> dict[str, str]:
    state = request.payload.data.get("state")
    return {"state": state} if state else {}
