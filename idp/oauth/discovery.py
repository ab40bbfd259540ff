"""Metadata (OpenID Connect Discovery 1.0, RFC 8414): what the realm offers, from what serves it."""

from typing import Any

from idp.oauth.demands import PROMPTS
from idp.oauth.grants import GRANTS
from idp.oauth.introspection import Introspection
from idp.oauth.pkce import PkceS256
from idp.oauth.revocation import Revocation
from idp.realm.references import STANDARD_SCOPES
from idp.realm.schema import Realm
from idp.tokens.keys import ALGORITHMS


def metadata(realm: Realm, issuer: str) -> dict[str, Any]:
    """The document of both well-known addresses."""
    protocol = f"{issuer}/protocol/openid-connect"
    token_methods = dict.fromkeys(m for grant in GRANTS for m in grant.TOKEN_ENDPOINT_AUTH_METHODS)
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{protocol}/auth",
        "token_endpoint": f"{protocol}/token",
        "userinfo_endpoint": f"{protocol}/userinfo",
        "jwks_uri": f"{protocol}/certs",
        "end_session_endpoint": f"{protocol}/logout",
        "revocation_endpoint": f"{protocol}/revoke",
        "introspection_endpoint": f"{protocol}/token/introspect",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [grant.GRANT_TYPE for grant in GRANTS],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        "scopes_supported": [*STANDARD_SCOPES, *realm.scopes],
        "claims_supported": [
            *("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"),
            *("preferred_username", "name", "email", "email_verified", "roles", "realm_access"),
        ],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "acr_values_supported": list(realm.levels),
        "prompt_values_supported": list(PROMPTS),
        "ui_locales_supported": list(realm.locales),
        "code_challenge_methods_supported": list(PkceS256.SUPPORTED_CODE_CHALLENGE_METHOD),
        "token_endpoint_auth_methods_supported": list(token_methods),
        "revocation_endpoint_auth_methods_supported": list(Revocation.CLIENT_AUTH_METHODS),
        "introspection_endpoint_auth_methods_supported": list(Introspection.CLIENT_AUTH_METHODS),
        "authorization_response_iss_parameter_supported": True,
    }
