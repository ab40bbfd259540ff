"""The JWT bearer grant (RFC 7523 section 2.1): somebody whom the realm trusts says who a person is.

Their word names the person in place of the first proof, and is none: it meets no rule, and the token says nothing of a
sign-in. Authlib's class takes any algorithm of the key's type, knows no greatest age, and no client beside the issuer.
"""

from typing import Any

from authlib.consts import default_json_headers
from authlib.oauth2.rfc7523 import JWTBearerGrant

from idp.errors import InvalidGrantError, InvalidRequestError, UnauthorizedClientError
from idp.login import gate
from idp.oauth import client_authentication, endpoints, targets
from idp.oauth.client_keys import public_keys_of
from idp.oauth.issuing import issue_without_sign_in
from idp.oauth.request import OAuthRequest
from idp.realm.client_sections import TrustedIssuer
from idp.realm.schema import Realm
from idp.store import grants, used_identifiers
from idp.tokens import assertions, jose
from idp.tokens.assertions import Assertion
from idp.tokens.jose import BadToken


def trusted_issuer_of(realm: Realm, assertion: str) -> TrustedIssuer | None:
    """Who would have made it, unverified, if the realm trusts them."""
    return realm.trusted_issuer(assertions.claimed(assertion, "iss")) if realm.trusted_issuers and assertion else None


class JwtBearer(JWTBearerGrant):  # type: ignore[misc]  # Authlib has no types
    """For confidential clients that an issuer is trusted at. No refresh token: the issuer can be asked again."""

    TOKEN_ENDPOINT_AUTH_METHODS = client_authentication.CONFIDENTIAL
    request: OAuthRequest

    def validate_token_request(self) -> None:
        """Raises the OAuth2Error."""
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("This client is not registered for the JWT bearer grant.")
        if "assertion" not in self.request.form:
            raise InvalidRequestError("assertion is missing.")
        self.request.client = client

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        """Use the assertion up, then through the gate, then issue."""
        context, client = self.request.context, self.request.client.registered
        scope = self.request.client.get_allowed_scope(self.request.payload.data.get("scope"))
        target = targets.target_of(self.request, scopes=scope.split(), grant=None)
        trusted, said = self._believed(self.request.form["assertion"])
        known = gate.identified(
            context.tx,
            context.realm,
            client=client,
            by={trusted.subject: said.subject},
            scopes=frozenset(scope.split()),
            now=context.now,
        )
        grant_id = grants.add(
            context.tx,
            realm=context.realm.name,
            client_id=client.client_id,
            user_id=known.user.id,
            epoch=known.user.epoch,
            scope=scope,
            asked=grants.Asked(authorization_details=target.authorization_details),
            now=context.now,
            expires_at=context.now + context.realm.tokens.access,
            redeemed_at=context.now,
        )
        token = issue_without_sign_in(
            context,
            client=client,
            scope=scope,
            grant_type="jwt-bearer",
            cnf=self.request.cnf,
            target=target,
            known=known,
            grant_id=grant_id,
        )
        return 200, token, default_json_headers

    def _believed(self, assertion: str) -> tuple[TrustedIssuer, Assertion]:
        """What an issuer that is trusted at this client says, for the first time. One answer, whatever is wrong."""
        context = self.request.context
        trusted = trusted_issuer_of(context.realm, assertion)
        refused = InvalidGrantError("The assertion is not good here, or not any more.")
        # Our own tokens are no assertions, whoever may have put our name into the realm file.
        if trusted is None or trusted.issuer == context.issuer:
            raise refused
        if self.request.client.client_id not in trusted.clients:
            raise refused
        try:
            said = self._verified(assertion, trusted)
        except BadToken:
            raise refused from None
        whose = ("issuer's assertion", context.realm.name, trusted.issuer, said.identifier)
        if not used_identifiers.is_first_use(context.tx, *whose, expires_at=said.expires_at):
            raise refused
        return trusted, said

    def _verified(self, assertion: str, trusted: TrustedIssuer) -> Assertion:
        context = self.request.context
        keys = public_keys_of(trusted, context)
        header, claims = jose.verify_foreign(assertion, keys, algorithms=(trusted.signing_alg,))
        # What names its type is meant for another place: an access token, a logout token, a proof (RFC 8725 3.11).
        if str(header.get("typ", "JWT")).upper() != "JWT":
            raise BadToken("another kind of token")
        return assertions.check(
            claims,
            issuer=trusted.issuer,
            audiences=(context.issuer, endpoints.url(context.issuer, "token")),
            longest=trusted.max_lifetime + assertions.AHEAD,
            now=context.now,
        )
