"""The key ring of each realm: read from the database now and then, extended when a key is due."""

import os
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from idp.errors import Overloaded
from idp.events.catalogue import Event
from idp.events.log import emit
from idp.realm.schema import Realm
from idp.store import signing_keys, subject_keys
from idp.store.database import Database, reason
from idp.tokens import jose
from idp.tokens.keys import KeyRing
from idp.tokens.sealing import Sealer

_SUBJECT_KEY = 64  # AES-256-SIV
# For so long a key that was retired is still taken, and may still sign.
_READ_AGAIN = 30
_READ_AGAIN_WHILE_AWAY = 10
# An unknown `kid`, and whoever fetches the key set, make us look for newer keys, but not for each that somebody sends.
_READ_AGAIN_WHEN_ASKED = 2


@dataclass(frozen=True, slots=True)
class _Read:
    """A ring, when it was read, and until when we do not try again."""

    ring: KeyRing
    at: int
    away_until: int = 0


class KeyRings:
    """Keys by realm. Reading is lock-free; making keys is not, and of several processes one wins.

    A key is made outside of transactions only: SQLite has one writer, and a request would wait for itself.
    """

    def __init__(self, database: Database, sealer: Sealer, clock: Callable[[], int]) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._rings: dict[str, _Read] = {}
        self._making = threading.Lock()

    def of(self, realm: Realm) -> KeyRing:
        """The ring of the realm, not older than half a minute."""
        return self._not_older(realm, _READ_AGAIN, makes=False)

    def extended(self, realm: Realm) -> KeyRing:
        """`of`, with the keys that are due; not to be called inside a transaction."""
        return self._not_older(realm, _READ_AGAIN, makes=True)

    def to_publish(self, realm: Realm) -> KeyRing:
        """`extended`, with what any process has made or forgotten: a key may sign elsewhere before we would look."""
        return self._not_older(realm, _READ_AGAIN_WHEN_ASKED, makes=True)

    def _not_older(self, realm: Realm, seconds: int, *, makes: bool) -> KeyRing:
        known, now = self._rings.get(realm.name), self._clock()
        # The realm file may name an algorithm that it did not name a moment ago.
        if known is None or not known.ring.algorithms.issuperset(realm.keys.algorithms):
            return self._read(realm, makes=True)
        is_good = now - known.at < seconds and not (makes and known.ring.due(realm, now))
        # While one thread looks, which takes seconds when the database is away, the others have the keys that we know.
        if is_good or now < known.away_until or not self._making.acquire(blocking=False):
            return known.ring
        try:
            return self._refreshed(realm, makes=makes)
        except (SQLAlchemyError, Overloaded) as error:
            # Keys are published before they sign: those that we know are good while the database is away.
            emit(Event.UNAVAILABLE, reason=reason(error))
            self._rings[realm.name] = replace(known, away_until=self._clock() + _READ_AGAIN_WHILE_AWAY)
            return known.ring
        finally:
            self._making.release()

    def for_token(self, realm: Realm, token: str) -> KeyRing:
        """The ring, read again when the token names a key that another process may just have made."""
        ring = self.of(realm)
        kid = jose.kid_of(token)
        if kid is None or kid in ring.kids or self._clock() - self._rings[realm.name].at < _READ_AGAIN_WHEN_ASKED:
            return ring
        return self._read(realm, makes=False)

    def _read(self, realm: Realm, *, makes: bool) -> KeyRing:
        with self._making:
            return self._refreshed(realm, makes=makes)

    def _refreshed(self, realm: Realm, *, makes: bool) -> KeyRing:
        now = self._clock()
        ring = self._load(realm)
        if makes:
            ring = self._completed(realm, ring, now)
        self._rings[realm.name] = _Read(ring, now)
        return ring

    def _completed(self, realm: Realm, ring: KeyRing, now: int) -> KeyRing:
        """The ring with what it lacks."""
        if not ring.has_subject_key:
            with suppress(IntegrityError), self._database.write() as tx:
                subject_keys.add(tx, self._sealer, realm.name, os.urandom(_SUBJECT_KEY))
            ring = self._load(realm)
        for alg, (generation, active_at) in ring.due(realm, now).items():
            private = jose.generate(alg, kid=str(uuid.uuid4()), rsa_bits=realm.keys.rsa_bits)
            # Of several processes one makes the key; the others read it.
            with suppress(IntegrityError), self._database.write() as tx:
                signing_keys.add(
                    tx,
                    self._sealer,
                    realm.name,
                    alg=alg,
                    generation=generation,
                    private=private,
                    active_at=active_at,
                    now=now,
                )
                tx.emit(Event.KEY_CREATED, realm=realm.name, kid=private.kid, alg=alg)
            ring = self._load(realm)
        return ring

    def _load(self, realm: Realm) -> KeyRing:
        with self._database.read() as tx:
            subject_key = subject_keys.load(tx, self._sealer, realm.name)
            return KeyRing(signing_keys.load(tx, self._sealer, realm.name), subject_key)
