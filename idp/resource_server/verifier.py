"""Verify a JWT access token: signature, type and every claim that says for whom and how long (RFC 9068 section 4)."""

import base64
import json
import re
from collections.abc import Collection
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from idp.resource_server.keys import IssuerKeys
from idp.resource_server.refused import InvalidToken
from idp.resource_server.token import AccessToken

if TYPE_CHECKING:
    import httpx

MAX_TOKEN = 16_384  # characters
_ASYMMETRIC = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"}
)
_TYPES = ("at+jwt", "application/at+jwt")
# A key that comes with the token is the sender's, and an extension that is not understood may change what is signed.
_FORBIDDEN_HEADERS = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64"})
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class TokenVerifier:
    """Verifies access tokens of one issuer for one audience. Make one and share it: it keeps the issuer's keys.

    `issuer` is compared byte for byte; its discovery document is fetched when the first token comes. `leeway` is in
    seconds, for clocks that differ. `http` may bring a proxy or a private certificate authority. Raises ValueError for
    an algorithm that is not asymmetric, and for an issuer that is http on another machine.
    """

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        algorithms: Collection[str] = ("RS256", "ES256"),
        leeway: int = 10,
        http: "httpx.Client | None" = None,
    ) -> None:
        if not algorithms or not _ASYMMETRIC.issuperset(algorithms):
            raise ValueError(f"algorithms are some of {', '.join(sorted(_ASYMMETRIC))}")
        if not audience:
            raise ValueError("audience is the identifier that the issuer knows this API by")
        self.issuer = issuer
        self.audience = audience
        self.leeway = leeway
        self._algorithms = frozenset(algorithms)
        self._keys = IssuerKeys(issuer=issuer, http=http)

    def verify(self, token: str, *, now: int, jkt: str | None = None) -> AccessToken:
        """The token's contents. `now` is in seconds since the epoch. Raises InvalidToken, KeysUnavailable.

        `jkt` is the thumbprint of the key that a DPoP proof showed: the token must be bound to it, and without one to
        nothing.
        Blocks while keys are fetched: from asynchronous code, call it in a thread.
        """
        algorithm, kid = self._header(token)
        key = self._keys.find(kid=kid, algorithm=algorithm, now=now)
        if key is None:
            raise InvalidToken("no key of the issuer has this kid and algorithm")
        try:
            # RFC 7515 section 4: a parameter of the header that is not understood is ignored.
            registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
            claims = jwt.decode(token, key, registry=registry).claims
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise InvalidToken(f"the signature or the payload is no good: {type(error).__name__}") from error
        self._check_for_whom(claims)
        _check_binding(claims, jkt)
        self._check_times(claims, now)
        return _access_token(claims)

    def _header(self, token: str) -> tuple[str, str]:
        """The algorithm and the kid, both still only claimed."""
        if len(token) > MAX_TOKEN or not _COMPACT.fullmatch(token):
            raise InvalidToken("not a JWS in compact serialization")
        segment = token.partition(".")[0]
        try:
            header = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
        except (ValueError, RecursionError) as error:
            raise InvalidToken("the header is not JSON") from error
        if not isinstance(header, dict):
            raise InvalidToken("the header is not a JSON object")
        if _FORBIDDEN_HEADERS.intersection(header):
            raise InvalidToken("the header brings a key or an extension of its own")
        algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ")
        if not isinstance(algorithm, str) or algorithm not in self._algorithms:
            raise InvalidToken("the algorithm is not allowed")
        if not isinstance(kind, str) or kind.lower() not in _TYPES:
            raise InvalidToken("the type is not at+jwt")
        if not isinstance(kid, str):
            raise InvalidToken("the header names no key")
        return algorithm, kid

    def _check_for_whom(self, claims: dict[str, Any]) -> None:
        if claims.get("iss") != self.issuer:
            raise InvalidToken("another issuer")
        audience = claims.get("aud")
        audiences = [audience] if isinstance(audience, str) else audience
        if not isinstance(audiences, list) or self.audience not in audiences:
            raise InvalidToken("another audience")

    def _check_times(self, claims: dict[str, Any], now: int) -> None:
        expires, issued = _seconds(claims, "exp"), _seconds(claims, "iat")
        if expires is None or issued is None:
            raise InvalidToken("no exp or no iat")
        if now >= expires + self.leeway:
            raise InvalidToken("expired")
        for begins in (issued, _seconds(claims, "nbf"), _seconds(claims, "auth_time")):
            if begins is not None and begins > now + self.leeway:
                raise InvalidToken("from the future")


def _check_binding(claims: dict[str, Any], jkt: str | None) -> None:
    if jkt is None and "cnf" in claims:
        # RFC 9449 section 7.2: whoever accepts a bound token as a bearer token lets a thief use it.
        raise InvalidToken("bound to a key whose possession was not shown")
    if jkt is not None and claims.get("cnf") != {"jkt": jkt}:
        raise InvalidToken("not bound to the key of the DPoP proof")


def _access_token(claims: dict[str, Any]) -> AccessToken:
    return AccessToken(
        subject=_required(claims, "sub"),
        client_id=_required(claims, "client_id"),
        scopes=frozenset((_text(claims, "scope") or "").split()),
        acr=_text(claims, "acr"),
        amr=_texts(claims, "amr"),
        auth_time=_seconds(claims, "auth_time"),
        roles=_texts(claims, "roles"),
        claims=MappingProxyType(claims),
    )


def _seconds(claims: dict[str, Any], name: str) -> int | None:
    """A NumericDate. The profile's issuers write whole numbers; True, "9" and 1e300 are none."""
    value = claims.get(name)
    if value is None and name not in claims:
        return None
    if type(value) is not int or not 0 <= value < 2**53:
        raise InvalidToken(f"{name} is not a time")
    return value


def _text(claims: dict[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidToken(f"{name} is not a string")
    return value


def _required(claims: dict[str, Any], name: str) -> str:
    value = _text(claims, name)
    if not value:
        raise InvalidToken(f"no {name}")
    return value


def _texts(claims: dict[str, Any], name: str) -> tuple[str, ...]:
    values = claims.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InvalidToken(f"{name} is not a list of strings")
    return tuple(values)
