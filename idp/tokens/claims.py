"""What each kind of token says: one function each, claims in, claims out."""

import secrets
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

ACCESS_TYP = "at+jwt"
ID_TYP = "JWT"
USERINFO_TYP = "userinfo+jwt"
INTROSPECTION_TYP = "token-introspection+jwt"
REFRESH_TYP = "refresh+jwt"
AUTHORIZATION_RESPONSE_TYP = "oauth-authz-resp+jwt"
# A browser brings it at once, or its person has gone. JARM section 2.1 recommends ten minutes at the most.
AUTHORIZATION_RESPONSE_LASTS = 300
LOGOUT_TYP = "logout+jwt"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_LOGOUT_LASTS = 120


def access(
    *,
    issuer: str,
    subject: str,
    client_id: str,
    audience: tuple[str, ...],
    scope: str,
    now: int,
    lifetime: int,
    extra: dict[str, Any],
) -> dict[str, Any]:
    """RFC 9068 section 2.2, with the claims that Keycloak's adapters look for (`typ`, `azp`)."""
    return {
        "iss": issuer,
        "sub": subject,
        "aud": audience[0] if len(audience) == 1 else list(audience),
        "client_id": client_id,
        "azp": client_id,
        "typ": "Bearer",
        "scope": scope,
        "iat": now,
        "exp": now + lifetime,
        "jti": str(uuid.uuid4()),
        **extra,
    }


def authentication(*, acr: str | None, amr: Iterable[str], auth_time: int | None) -> dict[str, Any]:
    """How the person signed in: fixed when the grant was made, the same in every token (RFC 9470 section 6)."""
    claims: dict[str, Any] = {"auth_time": auth_time, "amr": list(amr)}
    return claims if acr is None else claims | {"acr": acr}


def roles(names: Iterable[str]) -> dict[str, Any]:
    """Roles, where APIs expect them and where Keycloak's adapters do."""
    ordered = sorted(names)
    return {"roles": ordered, "realm_access": {"roles": ordered}}


def access_roles(names: Iterable[str]) -> dict[str, Any]:
    """Those of an access token, left out where there are none: Authlib's verifier (RFC 9068) refuses an empty claim."""
    named = tuple(names)
    return roles(named) if named else {}


def authorization_response(*, issuer: str, client_id: str, answer: Mapping[str, str], now: int) -> dict[str, Any]:
    """JARM section 2.1: the parameters of the response are its claims."""
    return {**answer, "iss": issuer, "aud": client_id, "exp": now + AUTHORIZATION_RESPONSE_LASTS}


def refresh(
    *, issuer: str, subject: str, client_id: str, session_id: str | None, scope: str, now: int, expires_at: int
) -> dict[str, Any]:
    """The shape of a JWT, because keycloak-js decodes it. It is valid by its stored digest alone."""
    return {
        "iss": issuer,
        "aud": issuer,
        "sub": subject,
        "azp": client_id,
        "typ": "Refresh",
        "sid": session_id,
        "scope": scope,
        "iat": now,
        "exp": expires_at,
        "jti": secrets.token_urlsafe(32),
    }


def logout(*, issuer: str, subject: str, client_id: str, session_id: str, now: int) -> dict[str, Any]:
    """OpenID Connect Back-Channel Logout section 2.4: never a nonce, so that it cannot pass for an ID token."""
    return {
        "iss": issuer,
        "sub": subject,
        "aud": client_id,
        "iat": now,
        "exp": now + _LOGOUT_LASTS,
        "jti": str(uuid.uuid4()),
        "sid": session_id,
        "events": {LOGOUT_EVENT: {}},
    }
