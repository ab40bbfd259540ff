"""The UserInfo endpoint (OpenID Connect Core section 5.3): the token in the header, or in the body of a POST."""

from typing import Any

from authlib.consts import default_json_headers
from authlib.oidc.core import UserInfoEndpoint

from idp.errors import InsufficientScopeError, InvalidRequestError, InvalidTokenError, MissingTokenError
from idp.oauth.access_tokens import active
from idp.oauth.issuing import person_claims
from idp.oauth.request import OAuthRequest
from idp.tokens.claims import roles


class UserInfo(UserInfoEndpoint):  # type: ignore[misc]  # Authlib has no types
    """What the scopes of the token allow to say about its person."""

    def __call__(self, request: OAuthRequest) -> tuple[int, dict[str, Any], Any]:
        """Raises InvalidTokenError for a token that is not good, InsufficientScopeError for one without `openid`."""
        found = active(request.context, _bearer(request))
        if found is None:
            raise InvalidTokenError
        if found.known is None or "openid" not in found.scopes:
            raise InsufficientScopeError
        known = found.known
        body = {
            "sub": known.user.id,
            **person_claims(known, found.scopes),
            **roles(known.roles_in(request.context.realm)),
        }
        return 200, body, default_json_headers


def _bearer(request: OAuthRequest) -> str:
    """RFC 6750 section 2: one way of sending it, never the query."""
    header: str | None = request.headers.get("authorization")
    in_body = request.form.get("access_token") if request.method == "POST" else None
    if header is None:
        if in_body is None:
            raise MissingTokenError
        return in_body
    scheme, _, token = header.partition(" ")
    if in_body is not None:
        raise InvalidRequestError("The access token is sent in two ways.")
    if scheme.lower() != "bearer" or not token.strip():
        raise MissingTokenError
    return token.strip()
