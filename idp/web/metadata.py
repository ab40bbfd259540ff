"""What clients read to find everything else: discovery documents, the key set, and what Keycloak says of a realm."""

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from idp.oauth.discovery import metadata
from idp.oauth.keyrings import KeyRings
from idp.tokens import jose
from idp.tokens.claims import AUTHORIZATION_RESPONSE_LASTS
from idp.tokens.keys import CACHED
from idp.web.realms import InRealm, wants_page
from idp.web.sign_in_pages import account_url

_CACHED = 3600


class MetadataEndpoints:
    """Public, the same for everybody."""

    def __init__(self, keyrings: KeyRings) -> None:
        self._keyrings = keyrings

    def discovery(self, request: Request, at: InRealm) -> Response:
        """OpenID Connect Discovery section 4 and RFC 8414 section 3."""
        document = metadata(at.realm, at.issuer, behind_proxy=bool(at.settings.trusted_proxies))
        return _public(JSONResponse(document), max_age=_CACHED)

    def certs(self, request: Request, at: InRealm) -> Response:
        """RFC 7517 section 5."""
        jwks = self._keyrings.to_publish(at.realm).jwks(
            at.now, longest_token=max(at.realm.tokens.access, AUTHORIZATION_RESPONSE_LASTS)
        )
        return _public(JSONResponse(jwks), max_age=CACHED)

    def realm(self, request: Request, at: InRealm) -> Response:
        """As Keycloak's clients read it at the address of the issuer; whoever opens that is led to their account."""
        if wants_page(request):
            answer: Response = RedirectResponse(account_url(at), 302)
        else:
            ring = self._keyrings.extended(at.realm)
            document = {
                "realm": at.realm.name,
                "public_key": jose.public_text(ring.signer("RS256", at.now)),
                "token-service": f"{at.issuer}/protocol/openid-connect",
                "account-service": account_url(at),
                "tokens-not-before": 0,
            }
            answer = _public(JSONResponse(document), max_age=CACHED)
        answer.headers["Vary"] = "Accept"
        return answer


def _public(response: Response, *, max_age: int) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={max_age}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
