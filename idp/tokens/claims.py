"""What each kind of token says: one function each, claims in, claims out."""

import secrets
import uuid
from collections.abc import Iterable
from typing import Any

ACCESS_TYP = "at+jwt"
ID_TYP = "JWT"
REFRESH_TYP = "refresh+jwt"


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


def authentication(*, acr: str | None, amr: Iterable[str], auth_time: int) -> dict[str, Any]:
    """How the person signed in: fixed when the grant was made, the same in every token (RFC 9470 section 6)."""
    claims: dict[str, Any] = {"auth_time": auth_time, "amr": list(amr)}
    return claims if acr is None else claims | {"acr": acr}


def roles(names: Iterable[str]) -> dict[str, Any]:
    """Roles, where APIs expect them and where Keycloak's adapters do."""
    ordered = sorted(names)
    return {"roles": ordered, "realm_access": {"roles": ordered}}


def profile(
    *, scopes: frozenset[str], username: str, name: str | None, email: str | None, email_verified: bool
) -> dict[str, Any]:
    """The claims that scopes ask for (OpenID Connect Core section 5.4); what is not known is left out."""
    claims: dict[str, Any] = {}
    if "profile" in scopes:
        claims["preferred_username"] = username
        if name:
            claims["name"] = name
    if "email" in scopes and email:
        claims |= {"email": email, "email_verified": email_verified}
    return claims


def refresh(
    *, issuer: str, subject: str, client_id: str, session_id: str, scope: str, now: int, expires_at: int
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
