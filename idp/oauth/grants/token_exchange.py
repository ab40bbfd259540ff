"""Token exchange (RFC 8693): an API that was called on behalf of a person calls another one on their behalf.

What comes out is never more than what went in: no other person, no higher acr, no scope, no audience, no longer life.
"""

from typing import Any

from authlib.consts import default_json_headers
from authlib.oauth2.rfc6749 import BaseGrant, TokenEndpointMixin

from idp.errors import InvalidRequestError, InvalidScopeError, InvalidTargetError, UnauthorizedClientError
from idp.login import gate
from idp.oauth import access_tokens, client_authentication, sender_constraint, targets
from idp.oauth.access_tokens import ActiveToken
from idp.oauth.client import OAuthClient
from idp.oauth.issuing import issue_exchanged_token
from idp.oauth.request import OAuthRequest

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
# An API that calls an API that calls an API: what is deeper goes in circles.
_LONGEST_CHAIN = 5


class TokenExchange(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]  # Authlib has no types
    """For confidential clients that are registered for it. Authlib has no class for this grant."""

    GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
    TOKEN_ENDPOINT_AUTH_METHODS = client_authentication.CONFIDENTIAL
    request: OAuthRequest

    def validate_token_request(self) -> None:
        """Raises the OAuth2Error."""
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("This client is not registered for token exchange.")
        form = self.request.form
        if "subject_token" not in form or form.get("subject_token_type") != ACCESS_TOKEN:
            raise InvalidRequestError("The subject_token is an access token, and subject_token_type says so.")
        if form.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
            raise InvalidRequestError("Only access tokens are issued in exchange.")
        if "actor_token" in form or "actor_token_type" in form:
            raise InvalidRequestError("The actor is the client itself: send no actor_token.")
        self.request.client = client

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        """Through the gate, as this client: today's rules over the proofs that the person gave."""
        context, client = self.request.context, self.request.client.registered
        subject = self._subject(self.request.client)
        assert subject.grant is not None
        scope = self._scope(subject)
        known = gate.reopen(
            context.tx,
            context.realm,
            client=client,
            grant=subject.grant,
            scopes=frozenset(scope.split()),
            now=context.now,
        )
        token = issue_exchanged_token(
            context,
            client=client,
            grant=subject.grant,
            known=known,
            scope=scope,
            audience=self._audience(scope, subject),
            actor=self._actor(subject),
            chain=self._chain(subject),
            expires_at=subject.claims["exp"],
            cnf=self.request.cnf,
        )
        return 200, token | {"issued_token_type": ACCESS_TOKEN}, default_json_headers

    def _subject(self, client: OAuthClient) -> ActiveToken:
        """The person's token, which was sent to this client or is its own; anybody else's is as good as none."""
        found = access_tokens.active(self.request.context, self.request.form["subject_token"])
        if found is None or found.grant is None or not found.concerns(client.registered):
            raise InvalidRequestError("The subject_token is not an active token of a person.")
        if found.grant.session_id is None:
            raise InvalidRequestError("The person of the subject_token has not signed in: nothing was proven.")
        claims = found.claims
        # An API has seen the proof of who called it. A client that shows its own token shows its own proof.
        is_own = claims["client_id"] == client.client_id
        if is_own and not sender_constraint.shows(self.request, claims.get("cnf")):
            raise InvalidRequestError("The subject_token is bound to another key.")
        return found

    def _scope(self, subject: ActiveToken) -> str:
        """What is asked for, else all that both the token and the client have."""
        registered = self.request.client.registered.scopes
        both = [name for name in subject.claims["scope"].split() if name in registered]
        asked = list(dict.fromkeys((self.request.payload.data.get("scope") or " ".join(both)).split()))
        if not asked or not set(asked) <= set(both):
            raise InvalidScopeError("The subject_token and the client do not both have every scope that is asked for.")
        return " ".join(asked)

    def _audience(self, scope: str, subject: ActiveToken) -> tuple[str, ...]:
        """The APIs that the scopes are for, or those among them that are asked for (section 2.2.2).

        A token that was narrowed to some of them (RFC 8707) is for no others in exchange either.
        """
        data = self.request.payload.datalist
        apis = targets.apis_of(self.request.context.realm, scope.split())
        possible = tuple(api for api in apis if api in subject.audience) if apis else (self.request.client.client_id,)
        asked = tuple(dict.fromkeys((*data.get("audience", ()), *data.get("resource", ()))))
        if not possible or not set(asked) <= set(possible):
            raise InvalidTargetError
        return asked or possible

    def _actor(self, subject: ActiveToken) -> dict[str, Any] | None:
        """Who acts now, and before (section 4.1). A client that narrows its own token acts for nobody new."""
        acted, client_id = subject.claims.get("act"), self.request.client.client_id
        if subject.claims["client_id"] == client_id:
            return acted
        return {"sub": client_id} | ({"act": acted} if acted else {})

    def _chain(self, subject: ActiveToken) -> tuple[str, ...]:
        """The exchanged tokens that the new one was made from, the first one first: it ends with any of them."""
        if len(subject.exchanged) >= _LONGEST_CHAIN:
            raise InvalidRequestError("The token was exchanged too often.")
        return subject.exchanged
