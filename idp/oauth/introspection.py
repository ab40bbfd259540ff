"""Token introspection (RFC 7662), for the client that a token was issued to and for the APIs that it is for."""

import re
from typing import Any

from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from idp.errors import InvalidRequestError
from idp.oauth import client_authentication
from idp.oauth.access_tokens import ActiveToken, active
from idp.oauth.client import OAuthClient
from idp.oauth.request import OAuthRequest
from idp.oauth.sender_constraint import token_type
from idp.oauth.signing import encrypted, signed
from idp.store import grants, refresh_tokens
from idp.store.grants import Grant
from idp.store.refresh_tokens import StoredRefreshToken
from idp.tokens.claims import INTROSPECTION_TYP, authentication

_CLAIMS = (
    *("iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti", "sid"),
    *("acr", "amr", "auth_time", "roles", "realm_access", "cnf", "act", "authorization_details"),
)
_JWT = f"application/{INTROSPECTION_TYP}"
_NEVER = re.compile(r"q\s*=\s*0(\.0*)?")


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # Authlib has no types
    """To everybody else every token is inactive."""

    CLIENT_AUTH_METHODS = client_authentication.CONFIDENTIAL

    def create_endpoint_response(self, request: OAuthRequest) -> tuple[int, dict[str, Any] | str, Any]:
        """JSON, or a JWT for who accepts one (RFC 9701): evidence for whoever has to answer for it."""
        status, body, headers = super().create_endpoint_response(request)
        if not _accepts_jwt(request.headers.get("accept", "")):
            return status, body, headers
        context, client = request.context, request.client.registered
        claims = {"iss": context.issuer, "aud": client.client_id, "iat": context.now, "token_introspection": body}
        token = encrypted(
            context,
            signed(context, claims, alg=client.introspection_signed_response_alg, typ=INTROSPECTION_TYP),
            client,
            alg=client.introspection_encrypted_response_alg,
            enc=client.introspection_encrypted_response_enc,
        )
        return status, token, [("Content-Type", _JWT)]

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
        stored = refresh_tokens.find(context.tx, context.realm.name, token)
        if stored is None or stored.used or stored.expires_at <= context.now or stored.client_id != client.client_id:
            return None
        grant = grants.alive(context.tx, context.realm.name, grant_id=stored.grant_id, now=context.now)
        return None if grant is None else self._of_refresh(stored, grant, request, client)

    def create_introspection_payload(self, token: dict[str, Any] | None) -> dict[str, Any]:
        """Of an inactive token nothing else is said (RFC 7662 section 2.2)."""
        return {"active": False} if token is None else {"active": True, **token}

    def _of_access(self, access: ActiveToken, client: OAuthClient) -> dict[str, Any] | None:
        claims = access.claims
        if not access.concerns(client.registered):
            return None
        # What everybody calls the person would join what pairwise subjects keep apart.
        named = access.known if client.registered.subject_type == "public" else None
        username = {"username": named.user.username} if named else {}
        return {
            "token_type": token_type(claims.get("cnf")),
            **username,
            **{name: claims[name] for name in _CLAIMS if name in claims},
        }

    def _of_refresh(
        self, stored: StoredRefreshToken, grant: Grant, request: OAuthRequest, client: OAuthClient
    ) -> dict[str, Any]:
        context = request.context
        return {
            "token_type": "refresh_token",
            "iss": context.issuer,
            "sub": context.keyrings.of(context.realm).subject(client.registered, grant.user_id),
            "client_id": grant.client_id,
            "scope": grant.scope,
            "sid": grant.session_id,
            "exp": stored.expires_at,
            **authentication(acr=grant.acr, amr=grant.amr, auth_time=grant.auth_time),
        }


def _accepts_jwt(accept: str) -> bool:
    """Whether the media type is among those named and not forbidden (RFC 9110 section 12.5.1): `*/*` names JSON."""
    for media_range in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in media_range.split(";"))
        if kind == _JWT:
            return not any(_NEVER.fullmatch(parameter) for parameter in parameters)
    return False
