"""Signed request objects (RFC 9101), by value: what they say is the request, and nothing beside them counts.

Authlib's extension is not used: it takes unsigned objects and looks at neither `exp`, `aud` nor `typ`.
"""

import json
from typing import Any

from idp.errors import InvalidRequestObjectError, RequestNotSupportedError
from idp.oauth.client_keys import KeySource, public_keys_of
from idp.oauth.request import AUTHORIZATION_PARAMETERS, Pairs
from idp.realm.algorithms import FAPI2, SIGNING
from idp.realm.client_sections import Client
from idp.resource_server.numeric_date import seconds
from idp.tokens import assertions, jose
from idp.tokens.jose import BadToken

# Those that say nothing of their type are older than the type (RFC 9101 section 10.8).
_TYPES = ("oauth-authz-req+jwt", "jwt", None)
# FAPI 2.0 Message Signing section 5.3.1.
_LONGEST = 3600
_OLDEST = 3600
_OF_THE_JWT = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "sub"})
_STRUCTURED = frozenset({"claims", "authorization_details"})


def parameters_of(token: str, *, client: Client, keys: KeySource, issuer: str, now: int) -> Pairs:
    """The parameters of a request object; raises InvalidRequestObjectError, RequestNotSupportedError."""
    if client.jwks is None and client.jwks_uri is None:
        raise RequestNotSupportedError("The client has no keys registered to sign requests with.")
    registered = client.request_object_signing_alg
    allowed = (registered,) if registered else FAPI2 if client.profile == "fapi2" else SIGNING
    try:
        header, claims = jose.verify_foreign(token, public_keys_of(client, keys), algorithms=allowed)
        _check(header, claims, client=client, issuer=issuer, now=now)
    except BadToken as reason:
        raise InvalidRequestObjectError(f"The request object cannot be used: {reason}.") from None
    return tuple(pair for name, value in claims.items() if name not in _OF_THE_JWT for pair in _pairs(name, value))


def _check(header: dict[str, Any], claims: dict[str, Any], *, client: Client, issuer: str, now: int) -> None:
    typ = header.get("typ")
    if (typ.lower().removeprefix("application/") if isinstance(typ, str) else typ) not in _TYPES:
        raise BadToken("another type")
    if claims.get("iss") != client.client_id or claims.get("client_id") != client.client_id:
        raise BadToken("another client")
    if claims.get("sub") == client.client_id:
        # RFC 9101 section 10.8: that is what an assertion of the client looks like.
        raise BadToken("a client assertion")
    audience = claims.get("aud")
    if issuer not in (audience if isinstance(audience, list) else (audience,)):
        raise BadToken("another audience")
    if not claims.keys().isdisjoint({"request", "request_uri"}):
        raise BadToken("a request inside")
    expires, begins = seconds(claims.get("exp")), seconds(claims.get("nbf", None if client.profile == "fapi2" else now))
    if begins is None or not now - _OLDEST <= begins <= now + assertions.AHEAD:
        raise BadToken("no nbf, or too old, or from the future")
    if expires is None or not now < expires <= begins + _LONGEST:
        raise BadToken("no exp, or expired, or too far away")
    issued = seconds(claims.get("iat", now))
    if issued is None or issued > now + assertions.AHEAD:
        raise BadToken("from the future")


def _pairs(name: str, value: Any) -> Pairs:
    """A member as the parameter that it stands for (RFC 9101 section 4)."""
    if isinstance(value, str):
        return ((name, value),)
    if type(value) is int:
        return ((name, str(value)),)
    if name in _STRUCTURED and isinstance(value, dict | list):
        return ((name, json.dumps(value)),)
    if name == "resource" and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple((name, item) for item in value)
    if name not in (*AUTHORIZATION_PARAMETERS, "resource"):
        return ()  # nobody here knows it (RFC 6749 section 3.1)
    raise InvalidRequestObjectError("A parameter of the request object has a type that it cannot have.")
