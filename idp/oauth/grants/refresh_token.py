"""The refresh token grant (RFC 6749 section 6): rotated on every use; a used one presented again ends its family."""

from dataclasses import dataclass
from typing import Any

from authlib.consts import default_json_headers
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant

from idp.errors import InvalidGrantError
from idp.events.catalogue import Event
from idp.login import gate
from idp.oauth import client_authentication, sender_constraint, targets
from idp.oauth.claims_request import scopes_of
from idp.oauth.client import OAuthClient
from idp.oauth.issuing import issue_tokens
from idp.oauth.request import OAuthRequest
from idp.oauth.signing import encrypted_id_token
from idp.store import grants, refresh_tokens
from idp.store.refresh_tokens import StoredRefreshToken


@dataclass(frozen=True, slots=True)
class PresentedRefreshToken:
    """A refresh token of this client, as Authlib asks about it."""

    stored: StoredRefreshToken

    def check_client(self, client: OAuthClient) -> bool:
        """Whether it was issued to this client."""
        return self.stored.client_id == client.client_id

    def get_scope(self) -> str:
        """What was granted: a refresh may ask for less, never for more."""
        return self.stored.scope


class RefreshToken(RefreshTokenGrant):  # type: ignore[misc]  # Authlib has no types
    """Authlib's grant, with consuming moved in front of issuing."""

    TOKEN_ENDPOINT_AUTH_METHODS = client_authentication.ALL
    request: OAuthRequest

    def authenticate_refresh_token(self, refresh_token: str) -> PresentedRefreshToken:
        """A token of this client that can still be used; one that was used ends everything made from its grant.

        Raises InvalidGrantError.
        """
        context, client = self.request.context, self.request.client
        stored = refresh_tokens.find(context.tx, context.realm.name, refresh_token)
        if stored is not None and stored.client_id == client.client_id:
            if stored.used:
                self._end_family(stored)
            elif stored.expires_at > context.now:
                return PresentedRefreshToken(stored)
        raise InvalidGrantError("The refresh_token is unknown, expired or was used before.")

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        """Through the gate, then use the token up, then issue."""
        context, client = self.request.context, self.request.client.registered
        stored, value = self.request.refresh_token.stored, self.request.form["refresh_token"]
        grant = grants.alive(context.tx, context.realm.name, grant_id=stored.grant_id, now=context.now)
        if grant is None:
            raise InvalidGrantError("The grant of this refresh token has ended.")
        if client.is_public and not sender_constraint.shows(self.request, grant.cnf):
            raise InvalidGrantError("This refresh token is bound to another key.")
        # Any white space parts scopes here; a token has them once each, with blanks between (RFC 6749 section 3.3).
        names = dict.fromkeys(self.request.payload.data.get("scope", grant.scope).split())
        scope, scopes = " ".join(names), frozenset(names) | scopes_of(grant.asked.claims)
        known = gate.reopen(context.tx, context.realm, client=client, grant=grant, scopes=scopes, now=context.now)
        target = targets.target_of(self.request, scopes=names, grant=grant)
        if "openid" in names:
            # Tried before the token is used up: a client whose keys are away asks again with the same one.
            encrypted_id_token(context, "", client)
        # A confidential client whose tokens are bound proves itself twice over already (FAPI 2.0 section 5.3.2.1).
        rotates = client.is_public or not client.is_sender_constrained
        if rotates and not refresh_tokens.consume(context.tx, value, context.now):
            self._end_family(stored)
            raise InvalidGrantError("This refresh token was used before.")
        token = issue_tokens(
            context,
            client=client,
            grant=grant,
            known=known,
            scope=scope,
            grant_type="refresh_token",
            cnf=self.request.cnf,
            target=target,
            refresh_token=None if rotates else value,
        )
        return 200, token, default_json_headers

    def _end_family(self, stored: StoredRefreshToken) -> None:
        context = self.request.context
        grants.end(context.tx, stored.grant_id, context.now)
        context.tx.emit(Event.TOKEN_REUSED, realm=context.realm.name, client_id=stored.client_id, what="refresh token")
