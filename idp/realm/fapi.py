"""What `profile: fapi2` turns on for a client, and what it refuses (FAPI 2.0 Security Profile)."""

from collections.abc import Iterator, Mapping
from typing import Any

from idp.realm.algorithms import FAPI2

METHODS = ("private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth")
PUSHED_REQUEST_ENDS = 600  # seconds; it ends before (section 5.3.2.2)
_SIGNED = ("id_token", "authorization", "introspection")


def with_defaults(client: Mapping[str, Any]) -> dict[str, Any]:
    """A client of the profile as its section of the realm file stands, with what it left out."""
    bound = "tls_client_certificate_bound_access_tokens"
    return {
        "token_endpoint_auth_method": METHODS[0],
        "require_pushed_authorization_requests": True,
        "dpop_bound_access_tokens": client.get(bound) is not True,
        **{f"{what}_signed_response_alg": "ES256" for what in _SIGNED},
        **client,
    }


def missed(client: Any) -> Iterator[tuple[str, str]]:
    """Every demand that a client of the profile contradicts: the key that does, and the sentence with its section."""
    if client.token_endpoint_auth_method not in METHODS:
        yield "token_endpoint_auth_method", "a client proves itself by a key or a certificate (5.3.2.1)"
    if not client.is_sender_constrained:
        yield "dpop_bound_access_tokens", "tokens are bound to a key or a certificate (5.3.2.1)"
    if not client.require_pushed_authorization_requests:
        yield "require_pushed_authorization_requests", "requests are pushed (5.3.2.2)"
    if not client.require_pkce:
        yield "require_pkce", "requests have PKCE (5.3.2.2)"
    algorithms = (
        *(f"{what}_signed_response_alg" for what in (*_SIGNED, "userinfo")),
        "token_endpoint_auth_signing_alg",
        "request_object_signing_alg",
    )
    for key in algorithms:
        if getattr(client, key) not in (None, *FAPI2):
            yield key, f"signatures are made by {', '.join(FAPI2[:-1])} or {FAPI2[-1]} (5.4.1)"
