"""The algorithms of RFC 7518 and RFC 8037 that this server knows: symmetric and asymmetric ones are never mixed."""

from typing import Literal, get_args

SigningAlgorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]  # EdDSA is Ed25519 here
MacAlgorithm = Literal["HS256", "HS384", "HS512"]
KeyEncryption = Literal["RSA-OAEP", "RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"]
ContentEncryption = Literal["A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM"]

SIGNING: tuple[SigningAlgorithm, ...] = get_args(SigningAlgorithm)
MAC: tuple[MacAlgorithm, ...] = get_args(MacAlgorithm)
KEY_ENCRYPTION: tuple[KeyEncryption, ...] = get_args(KeyEncryption)
CONTENT_ENCRYPTION: tuple[ContentEncryption, ...] = get_args(ContentEncryption)
# FAPI 2.0 Security Profile section 5.4.1.
FAPI2: tuple[SigningAlgorithm, ...] = ("PS256", "ES256", "EdDSA")

CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}


def key_type(alg: str) -> str:
    """The `kty` that an algorithm needs (RFC 7518 section 6.1)."""
    return {"R": "RSA", "P": "RSA", "E": "OKP" if alg == "EdDSA" else "EC", "H": "oct"}[alg[0]]
