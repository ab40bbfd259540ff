"""Verify a DPoP proof: that whoever sends a request has the key that the token is bound to (RFC 9449 section 4.3)."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from idp.resource_server.numeric_date import seconds

ALGORITHMS = ("ES256", "ES384", "ES512", "EdDSA", "Ed25519", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
MAX_PROOF = 8192  # characters
WINDOW = 60  # seconds that a proof is good for
AHEAD = 10  # seconds by which the sender's clock may be ahead
MIN_RSA_BITS = 2048

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519", "Ed25519": "Ed25519"}
_PORTS = {"http": 80, "https": 443}
_LONGEST_IDENTIFIER = 255


class BadProof(Exception):
    """The proof is missing, malformed, stale or made for another request; the message has nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a request shows beside its token: its `DPoP` fields, its method and its absolute URL as the client knows it.

    The URL is made from configuration, not from the Host header, which is the sender's.
    """

    proofs: Sequence[str]
    method: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A proof that was verified by `alg`. `jkt` is the thumbprint of its key (RFC 7638); times are seconds since 1970.

    It is good until `expires_at`: whoever wants it to be good once remembers (`jkt`, `jti`) until then.
    """

    alg: str
    jkt: str
    jti: str
    nonce: str | None
    expires_at: int


class _Registry(JWSRegistry):
    """Takes a header with an RSA key in it, which is longer than the 512 bytes of joserfc."""

    max_header_length = 4096

    def __init__(self, algorithm: str) -> None:
        # RFC 7515 section 4: a parameter that is not understood is ignored, but for `crit`.
        super().__init__(algorithms=[algorithm], strict_check_header=False)

    def get_alg(self, name: str) -> Any:
        """By the allow-list; joserfc warns of the name `EdDSA`."""
        return self.algorithms[name]


def verify_proof(shown: Shown, *, now: int, access_token: str | None = None) -> Proof:
    """The one proof of a request; `access_token`: the token that it must be made for. Raises BadProof."""
    if len(shown.proofs) != 1:
        raise BadProof("not exactly one proof")
    proof = shown.proofs[0]
    if len(proof) > MAX_PROOF or not _COMPACT.fullmatch(proof):
        raise BadProof("not a JWS in compact serialization")
    alg, key = _key(proof)
    try:
        claims = jwt.decode(proof, key, registry=_Registry(alg)).claims
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise BadProof("not signed by its own key") from None
    if claims.get("htm") != shown.method or not _is_same_url(claims.get("htu"), shown.url):
        raise BadProof("made for another request")
    issued, identifier, nonce = seconds(claims.get("iat")), claims.get("jti"), claims.get("nonce")
    if issued is None or not now - WINDOW <= issued <= now + AHEAD:
        raise BadProof("not made now")
    # Who says that a proof is good for less time is believed (RFC 7519 sections 4.1.4 and 4.1.5).
    expires, begins = seconds(claims.get("exp", now + 1)), seconds(claims.get("nbf", now))
    if expires is None or begins is None or not begins - AHEAD <= now < expires:
        raise BadProof("not good now")
    # JSON can have half a surrogate pair, of which no digest can be made.
    if (
        not isinstance(identifier, str)
        or not 0 < len(identifier) <= _LONGEST_IDENTIFIER
        or not identifier.isprintable()
    ):
        raise BadProof("no jti")
    if nonce is not None and not (isinstance(nonce, str) and nonce.isascii()):
        raise BadProof("a nonce that is no string")
    if access_token is not None and not _is_hash_of(claims.get("ath"), access_token):
        raise BadProof("made for another access token")
    return Proof(alg=alg, jkt=key.thumbprint(), jti=identifier, nonce=nonce, expires_at=issued + WINDOW + 1)


def _key(proof: str) -> tuple[str, RSAKey | ECKey | OKPKey]:
    """The algorithm and the public key that the header brings along."""
    segment = proof.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, RecursionError):
        raise BadProof("the header is not JSON") from None
    if not isinstance(header, dict) or header.get("typ") != "dpop+jwt" or "crit" in header:
        raise BadProof("the type is not dpop+jwt")
    alg, jwk = header.get("alg"), header.get("jwk")
    if not isinstance(alg, str) or alg not in ALGORITHMS or not isinstance(jwk, dict):
        raise BadProof("the algorithm is not allowed, or there is no key")
    # joserfc would warn of a secret or a short modulus, a line in the log for whoever likes to write one.
    try:
        if jwk.get("kty") not in ("RSA", "EC", "OKP") or _is_short(jwk):
            raise BadProof("the key is weak, or of another family")
        key = JWKRegistry.import_key(jwk)
    except (JoseError, ValueError, TypeError, KeyError):
        raise BadProof("the key is malformed") from None
    # A private key in a header is a private key that everybody has.
    if not isinstance(key, RSAKey | ECKey | OKPKey) or key.is_private or not _suits(key, alg):
        raise BadProof("the key is private, weak, or not for this algorithm")
    return alg, key


def _is_short(jwk: dict[str, Any]) -> bool:
    if jwk["kty"] != "RSA":
        return False
    modulus = str(jwk.get("n"))
    bits = int.from_bytes(base64.urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4))).bit_length()
    return bits < MIN_RSA_BITS


def _suits(key: RSAKey | ECKey | OKPKey, alg: str) -> bool:
    if isinstance(key, RSAKey):
        return alg[:2] in ("RS", "PS") and key.raw_value.key_size >= MIN_RSA_BITS
    return key.get("crv") == _CURVES.get(alg)


def _is_same_url(claimed: object, url: str) -> bool:
    """Compared after normalization, without query and fragment (RFC 9449 section 4.3)."""
    return isinstance(claimed, str) and _normalized(claimed) == _normalized(url) is not None


def _normalized(url: str) -> tuple[str, str, int | None, str] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if parts.scheme not in _PORTS or parts.username is not None or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port, parts.path or "/"


def _is_hash_of(claimed: object, access_token: str) -> bool:
    hashed = base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()).rstrip(b"=")
    return isinstance(claimed, str) and claimed.isascii() and hmac.compare_digest(claimed.encode(), hashed)
