"""Signing keys of a realm: one pair per algorithm that signs, its successors published before they sign."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from idp.realm.client_sections import Client
from idp.realm.schema import Realm
from idp.tokens.jose import Algorithm, PrivateKey, public_jwk

# Long enough for every process and every client that caches the key set to have seen it.
PUBLISHED_BEFORE = 86400
# Every process publishes a key as soon as it is made; whoever has the key set before that keeps it for so long.
CACHED = 300
# The least that has to pass: then also clients that never look for an unknown key know it. A minute is for the clocks.
SOONEST = CACHED + 60


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

    def __init__(self, keys: Iterable[SigningKey], subject_key: bytes | None) -> None:
        self._subject_key = subject_key
        self.keys = tuple(sorted(keys, key=lambda k: k.generation))
        self.private = [k.private for k in self.keys]
        self.kids = frozenset(k.kid for k in self.keys)
        self.algorithms = frozenset(k.alg for k in self.keys)

    @property
    def has_subject_key(self) -> bool:
        """Whether `subject` and `person` can answer for pairwise clients."""
        return self._subject_key is not None

    def subject(self, client: Client, user_id: str) -> str:
        """The `sub` by which this client knows that person (OpenID Connect Core section 8)."""
        if client.subject_type == "public":
            return user_id
        cipher, sector = self._of_sector(client)
        return base64.urlsafe_b64encode(cipher.encrypt(user_id.encode(), sector)).rstrip(b"=").decode()

    def person(self, client: Client, subject: str) -> str | None:
        """The user id that `subject` made this `sub` of; None for one that was never this client's."""
        if client.subject_type == "public":
            return subject
        cipher, sector = self._of_sector(client)
        try:
            user_id = cipher.decrypt(base64.urlsafe_b64decode(subject + "=" * (-len(subject) % 4)), sector).decode()
        except (InvalidTag, ValueError):
            return None
        # Base64 has several ways of writing the same.
        return user_id if self.subject(client, user_id) == subject else None

    def _of_sector(self, client: Client) -> tuple[AESSIV, list[bytes]]:
        """Deterministic encryption (RFC 5297): a person keeps the `sub`, and only this server can tell whose it is."""
        if self._subject_key is None or client.sector is None:
            raise AssertionError("a pairwise client has a sector, and its realm a key")
        return AESSIV(self._subject_key), [client.sector.encode()]

    def signer(self, alg: Algorithm, now: int) -> PrivateKey:
        """The newest active key; the first to be one where the clock is behind that of the machine which made it."""
        of_alg = [k for k in self.keys if k.alg == alg]
        return next((k.private for k in reversed(of_alg) if k.active_at <= now), of_alg[0].private)

    def can_sign(self, alg: Algorithm, now: int) -> bool:
        """Whether there is a key for it that is active."""
        return any(k.alg == alg and k.active_at <= now for k in self.keys)

    def state(self, key: SigningKey, now: int) -> str:
        """`signs`, `comes` or `verifies`."""
        if key.active_at > now:
            return "comes"
        return "signs" if self.signer(key.alg, now) is key.private else "verifies"

    def jwks(self, now: int, longest_token: int) -> dict[str, Any]:
        """The published set (RFC 7517): active keys, coming ones, and old ones until their last token has expired."""
        retired_at = {k.kid: n.active_at for k, n in self._succession()}
        keep = [k for k in self.keys if retired_at.get(k.kid, now) > now - longest_token]
        return {"keys": [public_jwk(k.private) for k in keep]}

    def due(self, realm: Realm, now: int) -> dict[Algorithm, tuple[int, int]]:
        """The generation and the time of activation of each key that has to be made now."""
        due: dict[Algorithm, tuple[int, int]] = {}
        for alg in realm.keys.algorithms:
            of_alg = [k for k in self.keys if k.alg == alg]
            if not of_alg:
                due[alg] = (1, now)
            elif of_alg[-1].active_at + realm.keys.rotate <= now + PUBLISHED_BEFORE:
                due[alg] = (of_alg[-1].generation + 1, now + PUBLISHED_BEFORE)
        return due

    def _succession(self) -> list[tuple[SigningKey, SigningKey]]:
        pairs = []
        for alg in self.algorithms:
            of_alg = [k for k in self.keys if k.alg == alg]
            pairs += list(pairwise(of_alg))
        return pairs
