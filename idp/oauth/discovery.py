"""Metadata (OpenID Connect Discovery 1.0, RFC 8414): what the realm offers, from what serves it."""

from collections.abc import Callable
from functools import partial
from typing import Any, get_args

from idp.oauth import client_authentication, dpop, endpoints, registration
from idp.oauth.demands import PROMPTS
from idp.oauth.grants import offered
from idp.oauth.introspection import Introspection
from idp.oauth.pkce import PkceS256
from idp.oauth.response_modes import MODES
from idp.oauth.revocation import Revocation
from idp.realm.algorithms import CONTENT_ENCRYPTION, KEY_ENCRYPTION, SIGNING
from idp.realm.claim_sections import SCOPE_OF_CLAIM
from idp.realm.client_sections import Client
from idp.realm.references import STANDARD_SCOPES
from idp.realm.schema import Realm
from idp.realm.signing import ENCRYPTED

_SIGNED = ("id_token", "userinfo", "introspection", "authorization")

SUBJECT_TYPES = get_args(Client.model_fields["subject_type"].annotation)


def metadata(realm: Realm, issuer: str, *, behind_proxy: bool) -> dict[str, Any]:
    """The document of both well-known addresses. `behind_proxy`: certificates of clients can be seen."""
    at = partial(endpoints.url, issuer)
    return {
        "issuer": issuer,
        "authorization_endpoint": at("authorization"),
        "token_endpoint": at("token"),
        "device_authorization_endpoint": at("device_authorization"),
        "userinfo_endpoint": at("userinfo"),
        "jwks_uri": at("jwks"),
        "end_session_endpoint": at("end_session"),
        "revocation_endpoint": at("revocation"),
        "introspection_endpoint": at("introspection"),
        "registration_endpoint": registration.address(issuer),
        "pushed_authorization_request_endpoint": at("pushed_authorization_request"),
        "require_pushed_authorization_requests": _all(realm, lambda c: c.require_pushed_authorization_requests),
        "response_types_supported": ["code"],
        "response_modes_supported": list(MODES),
        "grant_types_supported": [grant.GRANT_TYPE for grant in offered(realm)],
        "subject_types_supported": list(SUBJECT_TYPES),
        **{f"{what}_signing_alg_values_supported": list(realm.keys.algorithms) for what in _SIGNED},
        **{f"{what}_encryption_alg_values_supported": list(KEY_ENCRYPTION) for what in ENCRYPTED},
        **{f"{what}_encryption_enc_values_supported": list(CONTENT_ENCRYPTION) for what in ENCRYPTED},
        "scopes_supported": [*STANDARD_SCOPES, *realm.scopes],
        "claims_supported": [
            *("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"),
            *SCOPE_OF_CLAIM,
            *("roles", "realm_access"),
        ],
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": list(SIGNING),
        "require_signed_request_object": _all(realm, lambda c: c.require_signed_request_object),
        **_authorization_details(realm),
        "request_uri_parameter_supported": False,
        "acr_values_supported": [
            name for name, level in realm.levels.items() if level.factors == 1 or realm.accepted(level)
        ],
        "prompt_values_supported": list(PROMPTS),
        "ui_locales_supported": list(realm.locales),
        "code_challenge_methods_supported": list(PkceS256.SUPPORTED_CODE_CHALLENGE_METHOD),
        "dpop_signing_alg_values_supported": list(dpop.SIGNING_ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": behind_proxy,
        **_client_authentication(realm, behind_proxy=behind_proxy),
        "authorization_response_iss_parameter_supported": True,
        "check_session_iframe": f"{issuer}/protocol/openid-connect/login-status-iframe.html",
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


def _authorization_details(realm: Realm) -> dict[str, Any]:
    types = dict.fromkeys(t for c in realm.enabled_clients.values() for t in c.authorization_details_types)
    return {"authorization_details_types_supported": list(types)} if types else {}


def _all(realm: Realm, must: Callable[[Client], bool]) -> bool:
    """Whether every client that sends browsers here must (RFC 9126 section 5, RFC 9101 section 10.5)."""
    asking = [c for c in realm.enabled_clients.values() if "authorization_code" in c.grant_types]
    return bool(asking) and all(map(must, asking))


def _client_authentication(realm: Realm, *, behind_proxy: bool) -> dict[str, Any]:
    methods = {
        "token": tuple(dict.fromkeys(m for grant in offered(realm) for m in grant.TOKEN_ENDPOINT_AUTH_METHODS)),
        "revocation": Revocation.CLIENT_AUTH_METHODS,
        "introspection": Introspection.CLIENT_AUTH_METHODS,
    }
    described: dict[str, Any] = {}
    for name, of_endpoint in methods.items():
        prefix = f"{name}_endpoint_auth"
        described[f"{prefix}_methods_supported"] = client_authentication.offered(of_endpoint, behind_proxy=behind_proxy)
        described[f"{prefix}_signing_alg_values_supported"] = list(client_authentication.ASSERTION_ALGORITHMS)
    return described
