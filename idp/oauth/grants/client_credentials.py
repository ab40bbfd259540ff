"""The client credentials grant (RFC 6749 section 4.4): a client for itself. Rules bind people, so none applies."""

from typing import Any

from authlib.consts import default_json_headers
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant

from idp.oauth import client_authentication, targets
from idp.oauth.issuing import issue_without_sign_in
from idp.oauth.request import OAuthRequest


class ClientCredentials(ClientCredentialsGrant):  # type: ignore[misc]  # Authlib has no types
    """Confidential clients only; writes no row."""

    TOKEN_ENDPOINT_AUTH_METHODS = client_authentication.CONFIDENTIAL
    request: OAuthRequest

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        """An access token, no refresh token."""
        scope = self.request.client.get_allowed_scope(self.request.payload.data.get("scope"))
        token = issue_without_sign_in(
            self.request.context,
            client=self.request.client.registered,
            scope=scope,
            grant_type=self.GRANT_TYPE,
            cnf=self.request.cnf,
            target=targets.target_of(self.request, scopes=scope.split(), grant=None),
        )
        return 200, token, default_json_headers
