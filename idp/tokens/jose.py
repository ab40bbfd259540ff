"""Every JOSE operation goes through here: joserfc with the checks that it leaves to its caller.

It looks at neither `exp` nor `typ`, and takes any algorithm of the key's type (RFC 8725).
"""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key
from joserfc import jwe, jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError, UnsupportedKeyOperationError
from joserfc.jwe import JWERegistry
from joserfc.jwk import ECKey, JWKRegistry, KeyParameters, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.registry import HeaderParameter

from idp.realm.algorithms import CURVES, SIGNING, SigningAlgorithm, key_type
from idp.tokens import plain_json

Algorithm = SigningAlgorithm
PrivateKey = RSAKey | ECKey | OKPKey
PublicKey = RSAKey | ECKey | OKPKey
MAX_TOKEN = 8192
_LEAST_RSA_BITS = 2048
# Certificates that travel in a header are not looked at, and yet may be there.
_LONGEST_HEADER = 4096


_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class BadToken(Exception):
    """The token is malformed, forged, expired, or of another kind than expected."""


class _Registry(JWSRegistry):
    """Takes the named algorithms and no other, and longer headers than the 512 bytes of joserfc.

    A parameter of the header that nobody knows is ignored (RFC 7515 section 4); `crit` is for the caller to refuse.
    """

    max_header_length = _LONGEST_HEADER

    def __init__(self, algorithms: Collection[str] = ()) -> None:
        super().__init__(algorithms=algorithms, strict_check_header=False)

    def get_alg(self, name: str) -> Any:
        """By the allow-list alone: joserfc warns of `EdDSA`, the name that everybody still uses (RFC 9864)."""
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError("not among those that are allowed")
        return self.algorithms[name]


_UNVERIFIED = _Registry()


@cache
def _only(alg: str) -> _Registry:
    return _Registry([alg])


def generate(alg: Algorithm, *, kid: str, rsa_bits: int) -> PrivateKey:
    """A new private key."""
    parameters = _parameters(alg, kid)
    match key_type(alg):
        case "RSA":
            return RSAKey.generate_key(rsa_bits, parameters=parameters)
        case "EC":
            return ECKey.generate_key(CURVES[alg], parameters=parameters)
    return OKPKey.generate_key("Ed25519", parameters=parameters)


def export_private(key: PrivateKey) -> bytes:
    """PKCS #8 in DER, to be sealed."""
    return key.as_der(private=True)


def import_private(data: bytes, *, kid: str, alg: Algorithm) -> PrivateKey:
    """The opposite of `export_private`, for what was sealed here."""
    # To prove the primes of an RSA key anew takes a tenth of a second, and the seal says that the key is our own.
    native = load_der_private_key(data, None, unsafe_skip_rsa_key_validation=True)
    parameters = _parameters(alg, kid)
    match native:
        case RSAPrivateKey():
            return RSAKey.import_key(native, parameters)
        case EllipticCurvePrivateKey():
            return ECKey.import_key(native, parameters)
        case Ed25519PrivateKey():
            return OKPKey.import_key(native, parameters)
    raise TypeError(f"no signing key: {type(native).__name__}")


def _parameters(alg: Algorithm, kid: str) -> KeyParameters:
    return {"kid": kid, "alg": alg, "use": "sig"}


def public_jwk(key: PrivateKey) -> dict[str, Any]:
    """The public half (RFC 7517)."""
    return dict(key.as_dict(private=False))


def public_text(key: PrivateKey) -> str:
    """The public half as SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), DER in Base64."""
    return b64encode(key.as_der(private=False)).decode()


def public_keys(jwks: Iterable[Mapping[str, Any]]) -> tuple[PublicKey, ...]:
    """The usable keys of a client's set; one that is not understood, private or too weak is left out."""
    found = []
    for jwk in jwks:
        try:
            key = JWKRegistry.import_key(dict(jwk))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if isinstance(key, RSAKey) and key.raw_value.key_size < _LEAST_RSA_BITS:
            continue
        if isinstance(key, RSAKey | ECKey | OKPKey) and not key.is_private:
            found.append(key)
    return tuple(found)


def sign(claims: Mapping[str, Any], key: PrivateKey, *, alg: Algorithm, typ: str) -> str:
    """A signed JWT whose header names its type, so that no other slot takes it (RFC 8725 section 3.11)."""
    if key.get("alg") != alg or key.get("use") != "sig":
        raise AssertionError("a key signs by its own algorithm")
    return _signed(_header(alg, typ, key.kid), claims, key, alg=alg)


def sign_symmetric(claims: Mapping[str, Any], secret: bytes, *, typ: str) -> str:
    """A JWT that only this server reads, under HS256."""
    return _signed(_header("HS256", typ), claims, OctKey.import_key(secret), alg="HS256")


def _signed(header: bytes, claims: Mapping[str, Any], key: PrivateKey | OctKey, *, alg: str) -> str:
    """RFC 7515 section 7.1. `jwt.encode` would look, for each token anew, at the header that was made here."""
    signed = header + b"." + _base64url(_compact.encode(claims).encode())
    return (signed + b"." + _base64url(JWSRegistry.algorithms[alg].sign(signed, key))).decode()


@lru_cache(maxsize=1024)
def _header(alg: str, typ: str, kid: str | None = None) -> bytes:
    return _base64url(_compact.encode({"alg": alg, "typ": typ} | ({"kid": kid} if kid else {})).encode())


def _base64url(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


# What is told of a token that is encrypted beside what RFC 7516 names (RFC 7519 section 5.3).
_OUTSIDE = {"iss": HeaderParameter("Issuer", "str")}


def encrypt(token: str, keys: Iterable[PublicKey], *, alg: str, enc: str, issuer: str | None = None) -> str | None:
    """A signed token encrypted to the first key that suits (RFC 7519 section 5.2), or None where no key does.

    `issuer` is repeated in the header, where there is one (section 5.3).
    """
    named = {"iss": issuer} if issuer else {}
    wanted = "RSA" if alg.startswith("RSA") else "EC"
    for key in keys:
        if key.key_type == wanted and key.get("use", "enc") == "enc" and key.get("alg", alg) == alg:
            header = {"alg": alg, "enc": enc, "cty": "JWT"} | ({"kid": key.kid} if key.kid else {}) | named
            registry = JWERegistry(_OUTSIDE, algorithms=[alg, enc])
            # One whose `key_ops` are others (RFC 7517 section 4.3) is passed over.
            with suppress(UnsupportedKeyOperationError):
                return jwe.encrypt_compact(header, token, key, registry=registry)
    return None


def verify(
    token: str, keys: Sequence[PrivateKey], *, typ: str, issuer: str, now: int, ignore_expiry: bool = False
) -> dict[str, Any]:
    """The claims of a token that this realm signed, of that `typ`, not expired; raises BadToken for any other."""
    header, claims = verify_foreign(token, keys, algorithms=SIGNING)
    if header.get("typ") != typ or claims.get("iss") != issuer:
        raise BadToken("another kind of token")
    expires = claims.get("exp")
    if type(expires) is not int or (expires <= now and not ignore_expiry):
        raise BadToken("expired")
    return claims


def verify_foreign(
    token: str, keys: Sequence[PublicKey | OctKey], *, algorithms: Collection[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWT that one of these keys signed by one of these algorithms; raises BadToken.

    Who it is for and how long it lives is for the caller to see.
    """
    parts, claims = _extracted(token)
    header = parts.headers()
    alg, kid = header.get("alg"), header.get("kid")
    # No extension is known: a token that says it has one, however empty the list, is not for us (RFC 7515 4.1.11).
    if "crit" in header or not isinstance(alg, str) or alg not in algorithms:
        raise BadToken("an extension, or another algorithm")
    for key in keys:
        if not _suits(key, alg) or (kid is not None and key.kid is not None and key.kid != kid):
            continue
        try:
            is_signed = jws.validate_compact(parts, key, registry=_only(alg))
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            # joserfc answers some malformed input with plain ValueError.
            continue
        if is_signed:
            return header, claims
    raise BadToken("no key has signed it")


def unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims as they are asserted, to find the key to verify them with; raises BadToken."""
    parts, claims = _extracted(token)
    return parts.headers(), claims


def _extracted(token: str) -> tuple[jws.CompactSignature, dict[str, Any]]:
    if len(token) > MAX_TOKEN:
        raise BadToken("too long")
    try:
        parts = jws.extract_compact(token.encode(), registry=_UNVERIFIED)
        claims = plain_json.parsed(parts.payload)
    except (JoseError, ValueError, TypeError, RecursionError):
        raise BadToken("not a JWT") from None
    if not isinstance(claims, dict):
        raise BadToken("not a JWT")
    return parts, claims


def kid_of(token: str) -> str | None:
    """The key that the header names, unverified; only for looking whether a newer key must be loaded."""
    try:
        kid = unverified(token)[0].get("kid")
    except BadToken:
        return None
    return kid if isinstance(kid, str) else None


def secret_key(secret: str) -> OctKey:
    """A client's secret as the key of its MACs (OpenID Connect Core section 10.1)."""
    return OctKey.import_key(secret.encode())


def _suits(key: PublicKey | OctKey, alg: str) -> bool:
    """A key is used for its own algorithm alone, and for none of another family (RFC 8725 section 3.1)."""
    if key.key_type != key_type(alg) or key.get("alg", alg) != alg or key.get("use", "sig") != "sig":
        return False
    return alg not in CURVES or key.get("crv") == CURVES[alg]
