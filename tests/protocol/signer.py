"""A party with a key of its own, which signs whatever the test wants."""

from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tests.protocol.forge import encoded

Key = RSAKey | ECKey | OKPKey | OctKey
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


def make_key(alg: str, kid: str | None = "key") -> RSAKey | ECKey | OKPKey:
    """A key for that algorithm, small where it can be."""
    parameters: Any = {"kid": kid} if kid else {}
    if alg in CURVES:
        return ECKey.generate_key(CURVES[alg], parameters=parameters)
    if alg == "EdDSA":
        return OKPKey.generate_key("Ed25519", parameters=parameters)
    return RSAKey.generate_key(2048, parameters=parameters)


class Signer:
    """Signs JWTs by one key."""

    def __init__(self, alg: str = "ES256", *, key: Key | None = None, kid: str | None = "key") -> None:
        self.alg, self.kid = alg, kid
        self.key: Key = key or make_key(alg, kid)

    @property
    def jwk(self) -> dict[str, Any]:
        return dict(self.key.as_dict(private=False))

    @property
    def jwks(self) -> dict[str, Any]:
        return {"keys": [self.jwk]}

    def sign(self, claims: Any, **header: Any) -> str:
        """None takes a header parameter out."""
        named = {"kid": self.kid} if self.kid else {}
        whole = {k: v for k, v in ({"alg": self.alg, "typ": "JWT"} | named | header).items() if v is not None}
        message = f"{encoded(whole)}.{encoded(claims)}"
        signature = jws.JWSRegistry.algorithms[self.alg].sign(message.encode(), self.key)
        return f"{message}.{encoded(signature)}"
