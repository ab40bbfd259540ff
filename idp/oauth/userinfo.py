"""The UserInfo endpoint (OpenID Connect Core section 5.3): the token in the header, or in the body of a POST."""

from typing import Any

from authlib.consts import default_json_headers
from authlib.oidc.core import UserInfoEndpoint

from idp.errors import InsufficientScopeError, InvalidTokenError, MissingTokenError, TokenInTwoWaysError
from idp.oauth import dpop
from idp.oauth.access_tokens import active
from idp.oauth.person_claims import person_claims
from idp.oauth.request import Context, OAuthRequest
from idp.oauth.sender_constraint import is_met
from idp.oauth.signing import encrypted, signed
from idp.realm.client_sections import Client
from idp.tokens.claims import USERINFO_TYP, roles

_SCHEMES = ("Bearer", "DPoP")


class UserInfo(UserInfoEndpoint):  # type: ignore[misc]  # Authlib has no types
    """What the scopes of the token allow to say about its person."""

    def __call__(self, request: OAuthRequest) -> tuple[int, dict[str, Any] | str, Any]:
        """Raises InvalidTokenError for a token that is not good, InsufficientScopeError for one without `openid`."""
        scheme, token = _presented(request)
        schemes = tuple(reversed(_SCHEMES)) if scheme == "dpop" else _SCHEMES
        if scheme == "dpop":
            request.proof = dpop.proof_of(request, endpoint="userinfo", access_token=token)
        found = active(request.context, token)
        if found is None or not is_met(found.claims.get("cnf"), request, scheme=scheme):
            raise InvalidTokenError(schemes=schemes)
        client = request.context.realm.client(found.claims["client_id"])
        if client is None:
            raise AssertionError("a token that is active is of a client")
        if request.proof is not None:
            dpop.use(request.context, request.proof, client=client, is_resource=True)
        if found.known is None or "openid" not in found.scopes:
            raise InsufficientScopeError(schemes=schemes)
        known = found.known
        # What one client asked for by name is for no other that has exchanged its token.
        is_own = found.grant is not None and found.grant.client_id == client.client_id
        by_name = found.grant.asked.claims.get("userinfo") if found.grant and is_own else None
        body = {
            "sub": found.claims["sub"],
            **person_claims(request.context, known, scopes=found.scopes, client=client, by_name=by_name),
            **roles(known.roles_in(request.context.realm)),
        }
        return _as_registered(request.context, client, body)


def _as_registered(context: Context, client: Client, body: dict[str, Any]) -> tuple[int, dict[str, Any] | str, Any]:
    """JSON, or a JWT that says who made it for whom (OpenID Connect Core section 5.3.2)."""
    alg = client.userinfo_signed_response_alg
    if alg is None and client.userinfo_encrypted_response_alg is None:
        return 200, body, default_json_headers
    # What is only encrypted could be from anybody who knows the client's public key.
    made = body | {"iss": context.issuer, "aud": client.client_id, "iat": context.now}
    token = encrypted(
        context,
        signed(context, made, alg=alg or client.id_token_signed_response_alg, typ=USERINFO_TYP),
        client,
        alg=client.userinfo_encrypted_response_alg,
        enc=client.userinfo_encrypted_response_enc,
    )
    return 200, token, [("Content-Type", "application/jwt")]


def _presented(request: OAuthRequest) -> tuple[str, str]:
    """The scheme and the token (RFC 6750 section 2, RFC 9449 section 7.1): one way of sending it, never the query."""
    header: str | None = request.headers.get("authorization")
    in_body = request.form.get("access_token") if request.method == "POST" else None
    if header is None:
        if in_body is None:
            raise MissingTokenError(schemes=_SCHEMES)
        return "bearer", in_body
    scheme, _, token = header.partition(" ")
    if in_body is not None:
        raise TokenInTwoWaysError(schemes=_SCHEMES)
    if scheme.lower() not in ("bearer", "dpop") or not token.strip():
        raise MissingTokenError(schemes=_SCHEMES)
    return scheme.lower(), token.strip()
