"""The authorization code grant (RFC 6749 section 4.1): the code is used up before anything else is looked at."""

from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant

from idp.errors import InvalidGrantError, InvalidRequestError, OAuth2Error
from idp.events.catalogue import Event
from idp.login.gate import Authorized
from idp.oauth import client_authentication, targets
from idp.oauth.claims_request import claims_request
from idp.oauth.client import OAuthClient
from idp.oauth.grants.redeeming import kept_for, redeemed
from idp.oauth.request import OAuthRequest
from idp.store import grants
from idp.store.grants import Asked, Grant
from idp.tokens.bearer import new_bearer
from idp.tokens.session_state import browser_state, session_state


@dataclass(frozen=True, slots=True)
class RedeemedCode:
    """A code that this request has used up, as Authlib asks about it."""

    grant: Grant

    @property
    def code_challenge(self) -> str | None:
        """What the verifier must hash to."""
        return self.grant.code_challenge

    def get_redirect_uri(self) -> str:
        """Where the code was sent."""
        return self.grant.redirect_uri

    def get_scope(self) -> str:
        """What was granted."""
        return self.grant.scope


class AuthorizationCode(AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib has no types
    """Authlib's grant, with consuming moved in front of issuing."""

    TOKEN_ENDPOINT_AUTH_METHODS = client_authentication.ALL
    request: OAuthRequest
    _used_up: Grant | None = None

    @staticmethod
    def validate_authorization_redirect_uri(request: OAuthRequest, client: OAuthClient) -> str:
        """The registered URI of the request; its error goes to a page, and does not echo what was sent."""
        redirect_uri = request.payload.data.get("redirect_uri")
        if redirect_uri is None or not client.check_redirect_uri(redirect_uri):
            raise InvalidRequestError("The redirect_uri is not registered for this client.")
        return redirect_uri

    def create_authorization_response(
        self, redirect_uri: str, grant_user: Any
    ) -> tuple[int, dict[str, str], list[tuple[str, str]]]:
        """A grant with its code, for what the gate has let through; the parameters of the response as the body."""
        authorized = self.request.context.authorized
        if authorized is None:
            raise AssertionError("a code is made for what passed the gate only")
        code = new_bearer()
        self._add_grant(authorized, code)
        state = browser_state(self.request.context.sealer, authorized.session_id)
        told = session_state(client_id=self.request.client.client_id, redirect_uri=redirect_uri, browser_state=state)
        return 200, {name: value for name, value in (("session_state", told), ("code", code)) if value}, []

    def _add_grant(self, authorized: Authorized, code: str) -> None:
        request, context = self.request, self.request.context
        tokens, now, user = context.realm.tokens, context.now, authorized.known.user
        client = request.client.registered
        by_name = claims_request(request.payload.data.get("claims"), scopes=frozenset(client.scopes))
        grants.add(
            context.tx,
            realm=context.realm.name,
            client_id=client.client_id,
            user_id=user.id,
            epoch=user.epoch,
            session_id=authorized.session_id,
            trusted_browser_id=authorized.trusted_browser_id,
            scope=request.scope,
            outcome=authorized.outcome,
            nonce=request.payload.data.get("nonce"),
            code=code,
            code_expires_at=now + tokens.code,
            redirect_uri=authorized.request.redirect_uri,
            address=authorized.address,
            code_challenge=request.payload.data.get("code_challenge"),
            asked=Asked(
                claims=by_name.members,
                resources=request.payload.datalist.get("resource", ()),
                authorization_details=targets.details_of(request.payload, client, context.realm),
            ),
            offline=client.outlives_sessions and "offline_access" in request.scope.split(),
            # RFC 9449 section 10: the code is good with this key alone.
            cnf={"jkt": jkt} if (jkt := request.payload.data.get("dpop_jkt")) else None,
            now=now,
            expires_at=now + kept_for(client, tokens, redeemable=tokens.code),
        )
        context.tx.emit(
            Event.AUTHORIZED,
            realm=context.realm.name,
            user_id=user.id,
            username=user.username,
            client_id=client.client_id,
            session_id=authorized.session_id,
            scope=request.scope,
            acr=authorized.outcome.acr,
            amr=authorized.outcome.amr,
        )

    def validate_token_request(self) -> None:
        """Raises the OAuth2Error; a code that was used up for nothing leaves no grant behind."""
        try:
            super().validate_token_request()
        except OAuth2Error:
            if self._used_up is not None:
                grants.end(self.request.context.tx, self._used_up.id, self.request.context.now)
            raise

    def query_authorization_code(self, code: str, client: OAuthClient) -> RedeemedCode:
        """Use the code up. One that was used before ends what was made from it (RFC 6749 section 4.1.2).

        Raises InvalidGrantError.
        """
        context = self.request.context
        realm, now = context.realm.name, context.now
        grant_id = grants.consume_code(context.tx, realm, client_id=client.client_id, code=code, now=now)
        if grant_id is None:
            if grants.end_of_used_code(context.tx, realm, client_id=client.client_id, code=code, now=now):
                context.tx.emit(Event.TOKEN_REUSED, realm=realm, client_id=client.client_id, what="code")
                raise InvalidGrantError("The code was used before: what was made from it has ended.")
            raise InvalidGrantError("The code is unknown, expired, used before or another client's.")
        self._used_up = grants.alive(context.tx, realm, grant_id=grant_id, now=now)
        if self._used_up is None:
            raise InvalidGrantError("The sign-in of this code has ended.")
        return RedeemedCode(self._used_up)

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        """Through the gate again, then issue."""
        return redeemed(self.request, self.request.authorization_code.grant, grant_type="authorization_code")
