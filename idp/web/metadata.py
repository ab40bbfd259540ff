"""What clients read to find everything else: discovery documents and the key set."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from idp.oauth.discovery import metadata
from idp.oauth.keyrings import KeyRings
from idp.tokens.claims import AUTHORIZATION_RESPONSE_LASTS
from idp.web.realms import InRealm

# Keys are published a day before they sign, so that an hour in a cache does no harm.
_CACHED = "public, max-age=3600"


class MetadataEndpoints:
    """Public, the same for everybody."""

    def __init__(self, keyrings: KeyRings) -> None:
        self._keyrings = keyrings

    def discovery(self, request: Request, at: InRealm) -> Response:
        """OpenID Connect Discovery section 4 and RFC 8414 section 3."""
        return _public(JSONResponse(metadata(at.realm, at.issuer, behind_proxy=bool(at.settings.trusted_proxies))))

    def certs(self, request: Request, at: InRealm) -> Response:
        """RFC 7517 section 5."""
        jwks = self._keyrings.of(at.realm).jwks(
            at.now, longest_token=max(at.realm.tokens.access, AUTHORIZATION_RESPONSE_LASTS)
        )
        return _public(JSONResponse(jwks))


def _public(response: Response) -> Response:
    response.headers["Cache-Control"] = _CACHED
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
