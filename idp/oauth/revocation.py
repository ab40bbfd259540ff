"""Token revocation (RFC 7009): a token and all that its grant made end together. Unknown tokens are answered 200."""

from typing import Any

from authlib.oauth2.rfc7009 import RevocationEndpoint

from idp.errors import InvalidRequestError
from idp.events.catalogue import Event
from idp.oauth import client_authentication
from idp.oauth.access_tokens import ActiveToken, active
from idp.oauth.client import OAuthClient
from idp.oauth.request import OAuthRequest
from idp.store import grants, refresh_tokens, revoked_tokens
from idp.store.refresh_tokens import StoredRefreshToken


class Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib has no types
    """For the client that a token was issued to; another client's token is as good as unknown."""

    CLIENT_AUTH_METHODS = client_authentication.ALL

    def check_params(self, request: OAuthRequest, client: OAuthClient) -> None:
        """A hint that we do not know is ignored (RFC 7009 section 2.1)."""
        if "token" not in request.form:
            raise InvalidRequestError("token is missing.")

    def authenticate_token(self, request: OAuthRequest, client: OAuthClient) -> StoredRefreshToken | ActiveToken | None:
        """The token, if it is this client's."""
        self.check_params(request, client)
        token, context = request.form["token"], request.context
        refresh = refresh_tokens.find(context.tx, context.realm.name, token)
        if refresh is not None:
            return refresh if refresh.client_id == client.client_id else None
        access = active(context, token)
        return access if access and access.claims["client_id"] == client.client_id else None

    def revoke_token(self, token: StoredRefreshToken | ActiveToken, request: OAuthRequest) -> None:
        """End the grant; a token that is not the grant's own is remembered until it expires."""
        context, client_id = request.context, request.client.client_id
        user_id: Any = None
        if isinstance(token, StoredRefreshToken):
            grants.end(context.tx, token.grant_id, context.now)
        elif token.grant is not None and token.grant.client_id == client_id:
            user_id = token.grant.user_id
            grants.end(context.tx, token.grant.id, context.now)
        else:
            revoked_tokens.add(context.tx, jti=token.claims["jti"], expires_at=token.claims["exp"])
        context.tx.emit(Event.TOKEN_REVOKED, realm=context.realm.name, client_id=client_id, user_id=user_id)
