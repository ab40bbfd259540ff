"""Token introspection (RFC 7662), for the client that a token was issued to and for the APIs that it is for."""

from typing import Any

from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from idp.errors import InvalidRequestError
from idp.oauth.access_tokens import ActiveToken, active
from idp.oauth.client import OAuthClient
from idp.oauth.request import OAuthRequest
from idp.store import grants
from idp.store.grants import Grant, StoredRefreshToken

_CLAIMS = (
    *("iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti", "sid"),
    *("acr", "amr", "auth_time", "roles", "realm_access"),
)


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # Authlib has no types
    """To everybody else every token is inactive."""

    CLIENT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    def check_params(self, request: OAuthRequest, client: OAuthClient) -> None:
        """A hint that we do not know is ignored."""
        if "token" not in request.form:
            raise InvalidRequestError("token is missing.")

    def authenticate_token(self, request: OAuthRequest, client: OAuthClient) -> dict[str, Any] | None:
        """What is said of the token, or None when it is inactive or not this client's business."""
        self.check_params(request, client)
        context, token = request.context, request.form["token"]
        access = active(context, token)
        if access is not None:
            return self._of_access(access, client)
        stored = grants.find_refresh_token(context.tx, context.realm.name, token)
        if stored is None or stored.used or stored.expires_at <= context.now or stored.client_id != client.client_id:
            return None
        grant = grants.alive(context.tx, context.realm.name, grant_id=stored.grant_id, now=context.now)
        return None if grant is None else self._of_refresh(stored, grant, context.issuer)

    def create_introspection_payload(self, token: dict[str, Any] | None) -> dict[str, Any]:
        """Of an inactive token nothing else is said (RFC 7662 section 2.2)."""
        return {"active": False} if token is None else {"active": True, **token}

    def _of_access(self, access: ActiveToken, client: OAuthClient) -> dict[str, Any] | None:
        claims = access.claims
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        if client.client_id not in (claims["client_id"], *audience):
            return None
        username = {"username": access.known.user.username} if access.known else {}
        return {"token_type": "Bearer", **username, **{name: claims[name] for name in _CLAIMS if name in claims}}

    def _of_refresh(self, stored: StoredRefreshToken, grant: Grant, issuer: str) -> dict[str, Any]:
        return {
            "token_type": "refresh_token",
            "iss": issuer,
            "sub": grant.user_id,
            "client_id": grant.client_id,
            "scope": grant.scope,
            "sid": grant.session_id,
            "exp": stored.expires_at,
            "acr": grant.acr,
            "amr": list(grant.amr),
            "auth_time": grant.auth_time,
        }
