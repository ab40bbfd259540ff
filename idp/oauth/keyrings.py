"""The key ring of each realm: read from the database now and then, extended when a key is due."""

import threading
import uuid
from collections.abc import Callable

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from idp.events.catalogue import Event
from idp.realm.schema import Realm
from idp.store import signing_keys
from idp.store.database import Database
from idp.tokens import jose
from idp.tokens.keys import KeyRing
from idp.tokens.sealing import Sealer

_READ_AGAIN = 300
_READ_AGAIN_WHILE_AWAY = 10
# An unknown `kid` makes us look for a newer key, but not for every token that somebody invents.
_READ_AGAIN_FOR_UNKNOWN = 2


class KeyRings:
    """Keys by realm. Reading is lock-free; making keys is not, and of several processes one wins."""

    def __init__(self, database: Database, sealer: Sealer, clock: Callable[[], int]) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._rings: dict[str, tuple[KeyRing, int]] = {}
        self._making = threading.Lock()

    def of(self, realm: Realm) -> KeyRing:
        """The ring of the realm, not older than a few minutes."""
        ring, read_at = self._rings.get(realm.name, (None, 0))
        if ring is not None and self._clock() - read_at < _READ_AGAIN:
            return ring
        return self._read(realm)

    def for_token(self, realm: Realm, token: str) -> KeyRing:
        """The ring, read again when the token names a key that another process may just have made."""
        ring = self.of(realm)
        kid = jose.kid_of(token)
        if kid is None or kid in ring.kids:
            return ring
        _, read_at = self._rings[realm.name]
        return ring if self._clock() - read_at < _READ_AGAIN_FOR_UNKNOWN else self._read(realm)

    def _read(self, realm: Realm) -> KeyRing:
        now = self._clock()
        with self._making:
            try:
                ring = self._load(realm)
            except SQLAlchemyError:
                if realm.name not in self._rings:
                    raise
                # Keys are published a day before they sign: those that we know are good while the database is away.
                ring = self._rings[realm.name][0]
                self._rings[realm.name] = (ring, now - _READ_AGAIN + _READ_AGAIN_WHILE_AWAY)
                return ring
            for alg, (generation, active_at) in ring.due(realm, now).items():
                private = jose.generate(alg, kid=str(uuid.uuid4()), rsa_bits=realm.keys.rsa_bits)
                try:
                    with self._database.write() as tx:
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
                except IntegrityError:
                    continue
                ring = self._load(realm)
            self._rings[realm.name] = (ring, now)
            return ring

    def _load(self, realm: Realm) -> KeyRing:
        with self._database.read() as tx:
            return KeyRing(signing_keys.load(tx, self._sealer, realm.name))
