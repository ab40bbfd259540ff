"""Signing keys of a realm: one pair per algorithm that signs, its successors published before they sign."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from idp.realm.schema import Realm
from idp.tokens.jose import Algorithm, PrivateKey, public_jwk

ALGORITHMS: tuple[Algorithm, ...] = ("RS256", "ES256")
# Long enough for every process and every client that caches the key set to have seen it.
PUBLISHED_BEFORE = 86400


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair that signs from `active_at` on, until its successor does."""

    kid: str
    alg: Algorithm
    generation: int
    active_at: int
    private: PrivateKey = field(repr=False)


class KeyRing:
    """The keys of a realm at a moment. Every key verifies; the newest active one of an algorithm signs."""

    def __init__(self, keys: Iterable[SigningKey]) -> None:
        self.keys = tuple(sorted(keys, key=lambda k: k.generation))
        self.private = [k.private for k in self.keys]
        self.kids = frozenset(k.kid for k in self.keys)

    def signer(self, alg: Algorithm, now: int) -> PrivateKey:
        """The key that signs now."""
        return next(k.private for k in reversed(self.keys) if k.alg == alg and k.active_at <= now)

    def jwks(self, now: int, longest_token: int) -> dict[str, Any]:
        """The published set (RFC 7517): active keys, coming ones, and old ones until their last token has expired."""
        retired_at = {k.kid: n.active_at for k, n in self._succession()}
        keep = [k for k in self.keys if retired_at.get(k.kid, now) > now - longest_token]
        return {"keys": [public_jwk(k.private) for k in keep]}

    def due(self, realm: Realm, now: int) -> dict[Algorithm, tuple[int, int]]:
        """The generation and the time of activation of each key that has to be made now."""
        due: dict[Algorithm, tuple[int, int]] = {}
        for alg in ALGORITHMS:
            of_alg = [k for k in self.keys if k.alg == alg]
            if not of_alg:
                due[alg] = (1, now)
            elif of_alg[-1].active_at + realm.keys.rotate <= now + PUBLISHED_BEFORE:
                due[alg] = (of_alg[-1].generation + 1, now + PUBLISHED_BEFORE)
        return due

    def _succession(self) -> list[tuple[SigningKey, SigningKey]]:
        pairs = []
        for alg in ALGORITHMS:
            of_alg = [k for k in self.keys if k.alg == alg]
            pairs += list(pairwise(of_alg))
        return pairs
