"""Authlib's authorization server for one realm, without a web framework: it answers with plain values."""

from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import UnsupportedGrantTypeError

from idp.errors import GrantTypeNotOfferedError, InvalidRequestError, OAuth2Error, ResponseTypeNotOfferedError
from idp.oauth import client_authentication, dpop, sender_constraint
from idp.oauth.client import OAuthClient
from idp.oauth.device_authorization import DeviceAuthorization
from idp.oauth.grants import offered
from idp.oauth.introspection import Introspection
from idp.oauth.pkce import PkceS256
from idp.oauth.pushed_requests import PushedAuthorization
from idp.oauth.request import OAuthRequest
from idp.oauth.revocation import Revocation
from idp.oauth.userinfo import UserInfo
from idp.realm.schema import Realm


@dataclass(frozen=True, slots=True)
class OAuthResponse:
    """What goes on the wire: a JSON body, or a text of the type that the headers name."""

    status: int
    body: dict[str, Any] | str
    headers: tuple[tuple[str, str], ...]


def refusal(error: OAuth2Error) -> OAuthResponse:
    """A protocol error as it goes on the wire (RFC 6749 section 5.2)."""
    # Authlib's errors of authorization requests bring the `state` of the request, which belongs into redirects alone.
    body = {name: value for name, value in error.get_body() if name != "state"}
    return OAuthResponse(error.status_code, body, tuple(error.get_headers()))


class RealmServer(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """The engine of one realm snapshot. It keeps no state of its own."""

    def __init__(self, realm: Realm, issuer: str) -> None:
        super().__init__()
        self.realm = realm
        self.issuer = issuer
        for grant in offered(realm):
            self.register_grant(grant, [PkceS256()] if grant.GRANT_TYPE == "authorization_code" else None)
        for endpoint in (Revocation, Introspection, UserInfo, PushedAuthorization, DeviceAuthorization):
            self.register_endpoint(endpoint)

    def query_client(self, client_id: str) -> OAuthClient | None:
        """The client, if it is enabled."""
        registered = self.realm.client(client_id)
        return None if registered is None else OAuthClient(registered)

    def authenticate_client(self, request: OAuthRequest, methods: list[str], endpoint: str = "token") -> OAuthClient:
        """By the method that the client is registered with, if the endpoint takes it.

        What its tokens will be bound to is seen to right after, before a grant uses anything up.
        """
        client = client_authentication.authenticate(request, public_allowed="none" in methods)
        if endpoint == "token":
            request.cnf = sender_constraint.confirmation(request, client.registered)
        return client

    def create_oauth2_request(self, request: OAuthRequest) -> OAuthRequest:
        """It is one already."""
        return request

    def answer(self, name: str, request: OAuthRequest) -> OAuthResponse:
        """That of an endpoint. Protocol errors are raised, so that the transaction keeps what they consumed."""
        request.refuse_malformed()
        status, body, headers = (self._token if name == "token" else self._endpoints[name][0])(request)
        if request.proof is not None:
            # RFC 9449 section 8.2: who has used a nonce is given the next one.
            headers = [*headers, ("DPoP-Nonce", dpop.new_nonce(request.context))]
        return self.handle_response(status, body, headers)

    def _token(self, request: OAuthRequest) -> tuple[int, dict[str, Any], Any]:
        if "grant_type" not in request.form:
            raise InvalidRequestError("grant_type is missing.")
        # Before the client is authenticated: an assertion is good once, and a client without a nonce has to come again.
        request.proof = dpop.proof_of(request, endpoint="token")
        grant = self.get_token_grant(request)
        grant.validate_token_request()
        answer: tuple[int, dict[str, Any], Any] = grant.create_token_response()
        return answer

    def get_consent_grant(self, request: OAuthRequest) -> Any:
        """The grant that has found the authorization request good; raises its OAuth2Error."""
        # Authlib's error repeats the value, and cannot be made of every value.
        if request.payload.data.get("response_type") != "code":
            raise ResponseTypeNotOfferedError
        return super().get_consent_grant(request)

    def get_token_grant(self, request: OAuthRequest) -> Any:
        """The grant for the `grant_type`; raises GrantTypeNotOfferedError."""
        try:
            return super().get_token_grant(request)
        except UnsupportedGrantTypeError:
            raise GrantTypeNotOfferedError from None

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Events are emitted where they happen."""

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> OAuthResponse:
        """A value that any web layer can render."""
        return OAuthResponse(status, body if isinstance(body, dict | str) else dict(body or {}), tuple(headers))
