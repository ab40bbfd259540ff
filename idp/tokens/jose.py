"""Every JOSE operation goes through here: joserfc with the checks that it leaves to its caller.

`jwt.decode` looks at neither `exp` nor `typ`, and takes any algorithm of the key's type (RFC 8725).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeyParameters, KeySet, OctKey, RSAKey

Algorithm = Literal["RS256", "ES256"]
PrivateKey = RSAKey | ECKey
MAX_TOKEN = 8192


class BadToken(Exception):
    """The token is malformed, forged, expired, or of another kind than expected."""


def generate(alg: Algorithm, *, kid: str, rsa_bits: int) -> PrivateKey:
    """A new private key."""
    parameters: KeyParameters = {"kid": kid, "alg": alg, "use": "sig"}
    if alg == "RS256":
        return RSAKey.generate_key(rsa_bits, parameters=parameters)
    return ECKey.generate_key("P-256", parameters=parameters)


def export_private(key: PrivateKey) -> bytes:
    """JSON of the whole key, to be sealed."""
    return json.dumps(key.as_dict(private=True)).encode()


def import_private(alg: str, data: bytes) -> PrivateKey:
    """The opposite of `export_private`."""
    return RSAKey.import_key(json.loads(data)) if alg == "RS256" else ECKey.import_key(json.loads(data))


def public_jwk(key: PrivateKey) -> dict[str, Any]:
    """The public half (RFC 7517)."""
    return dict(key.as_dict(private=False))


def sign(claims: Mapping[str, Any], key: PrivateKey, *, alg: Algorithm, typ: str) -> str:
    """A signed JWT whose header names its type, so that no other slot takes it (RFC 8725 section 3.11)."""
    header = {"alg": alg, "kid": key.kid, "typ": typ}
    return jwt.encode(header, dict(claims), key, algorithms=[alg])


def sign_symmetric(claims: Mapping[str, Any], secret: bytes, *, typ: str) -> str:
    """A JWT that only this server reads, under HS256."""
    return jwt.encode({"alg": "HS256", "typ": typ}, dict(claims), OctKey.import_key(secret), algorithms=["HS256"])


def verify(
    token: str, keys: Sequence[PrivateKey], *, typ: str, issuer: str, now: int, ignore_expiry: bool = False
) -> dict[str, Any]:
    """The claims of a token that this realm signed, of that `typ`, not expired; raises BadToken for any other."""
    if len(token) > MAX_TOKEN:
        raise BadToken("too long")
    try:
        decoded = jwt.decode(token, KeySet(list(keys)), algorithms=["RS256", "ES256"])
    except (JoseError, ValueError, TypeError, KeyError):
        # joserfc answers some malformed input with plain ValueError.
        raise BadToken("not a token of this realm") from None
    claims = decoded.claims
    # None of our tokens has an extension: one that says so, however empty the list, is not ours (RFC 7515 4.1.11).
    if "crit" in decoded.header:
        raise BadToken("an extension")
    if decoded.header.get("typ") != typ or claims.get("iss") != issuer:
        raise BadToken("another kind of token")
    expires = claims.get("exp")
    if type(expires) is not int or (expires <= now and not ignore_expiry):
        raise BadToken("expired")
    return claims


def kid_of(token: str) -> str | None:
    """The key that the header names, unverified; only for looking whether a newer key must be loaded."""
    try:
        header = jws.extract_compact(token[:MAX_TOKEN].encode()).headers()
    except (JoseError, ValueError, TypeError):
        return None
    kid = header.get("kid")
    return kid if isinstance(kid, str) else None
