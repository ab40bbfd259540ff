"""Signing keys, as administrators see and change them while the server runs."""

import uuid
from dataclasses import dataclass, replace

from idp.events.catalogue import Event
from idp.realm.schema import Realm
from idp.store import signing_keys
from idp.store.database import Database, Transaction
from idp.tokens import jose
from idp.tokens.jose import Algorithm, PrivateKey
from idp.tokens.keys import PUBLISHED_BEFORE, SOONEST, KeyRing, SigningKey
from idp.tokens.sealing import Sealer


class NoSuchKey(Exception):
    """The realm has no key of that identifier, or signs by no such algorithm; the text is for people."""


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key and what it is for: `signs`, `comes` (signs later) or `verifies` (signed once)."""

    key: SigningKey
    state: str


class SigningKeys:
    """The keys of one realm. They are made outside of transactions: it takes seconds, and SQLite has one writer."""

    def __init__(self, database: Database, sealer: Sealer, realm: Realm, *, now: int) -> None:
        self._database = database
        self._sealer = sealer
        self._realm = realm
        self._now = now

    def listed(self) -> list[ListedKey]:
        """By algorithm, the oldest first."""
        with self._database.read() as tx:
            ring = self._ring(tx)
        return [ListedKey(k, ring.state(k, self._now)) for k in sorted(ring.keys, key=lambda k: (k.alg, k.generation))]

    def rotate(self, alg: Algorithm | None, *, soon: bool) -> list[SigningKey]:
        """A new key for the algorithm, or for each: published now, signing in a day or soon. Raises NoSuchKey."""
        if alg is not None and alg not in self._realm.keys.algorithms:
            raise NoSuchKey(f"the realm does not sign by {alg}")
        made = {a: self._made(a) for a in ([alg] if alg else self._realm.keys.algorithms)}
        active_at = self._now + (SOONEST if soon else PUBLISHED_BEFORE)
        with self._database.write() as tx:
            ring = self._ring(tx)
            return [self._add(tx, ring, a, private, active_at) for a, private in made.items()]

    def retire(self, kid: str) -> SigningKey | None:
        """Forget a key: what it signed is refused. The key that takes over where none would sign. Raises NoSuchKey.

        It signs at once, known to everybody or not: somebody else may sign by the one that is forgotten.
        """
        spare = self._spare(kid)
        with self._database.write() as tx:
            gone = next((k for k in self._ring(tx).keys if k.kid == kid), None)
            if gone is None:
                raise NoSuchKey(f"the realm has no key {kid}")
            signing_keys.remove(tx, self._realm.name, kid)
            tx.emit(Event.KEY_RETIRED, realm=self._realm.name, kid=kid, alg=gone.alg)
            ring = self._ring(tx)
            if gone.alg not in self._realm.keys.algorithms or ring.can_sign(gone.alg, self._now):
                return None
            coming = next((k for k in ring.keys if k.alg == gone.alg), None)
            if coming is None:
                return self._add(tx, ring, gone.alg, spare or self._made(gone.alg), self._now)
            signing_keys.activate(tx, self._realm.name, coming.kid, self._now)
            return replace(coming, active_at=self._now)

    def _spare(self, kid: str) -> PrivateKey | None:
        """What may take over from a key that is the last one of its algorithm."""
        with self._database.read() as tx:
            keys = self._ring(tx).keys
        alg = next((k.alg for k in keys if k.kid == kid), None)
        is_needed = alg in self._realm.keys.algorithms and [k.alg for k in keys].count(alg) == 1
        return self._made(alg) if alg is not None and is_needed else None

    def _made(self, alg: Algorithm) -> PrivateKey:
        return jose.generate(alg, kid=str(uuid.uuid4()), rsa_bits=self._realm.keys.rsa_bits)

    def _add(self, tx: Transaction, ring: KeyRing, alg: Algorithm, private: PrivateKey, active_at: int) -> SigningKey:
        generation = 1 + max((k.generation for k in ring.keys if k.alg == alg), default=0)
        key = SigningKey(str(private.kid), alg, generation, active_at, private)
        signing_keys.add(
            tx,
            self._sealer,
            self._realm.name,
            alg=alg,
            generation=generation,
            private=private,
            active_at=active_at,
            now=self._now,
        )
        tx.emit(Event.KEY_CREATED, realm=self._realm.name, kid=key.kid, alg=alg)
        return key

    def _ring(self, tx: Transaction) -> KeyRing:
        return KeyRing(signing_keys.load(tx, self._sealer, self._realm.name), subject_key=None)
