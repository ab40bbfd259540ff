"""Tells clients that a session has ended, after the fact and beside all requests (Back-Channel Logout section 2.5)."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from idp.errors import Overloaded
from idp.events.catalogue import Event
from idp.events.log import emit, origin
from idp.oauth.keyrings import KeyRings
from idp.outbound.fetch import Fetcher, Unreachable
from idp.realm.client_sections import Client
from idp.realm.schema import Realm
from idp.realm.watching import Realms
from idp.store import logout_notices
from idp.store.database import Database, reason
from idp.store.logout_notices import LogoutNotice
from idp.tokens import claims, jose

# Seconds until it is tried again, after each attempt; the last one was in vain.
WAITS = (30, 120, 600, 3600, 4 * 3600)
_AT_ONCE = 8
_LOOK_EVERY = 0.5
_AFTER_TROUBLE = 5.0
_LOOK_AT = 200


class Messenger:
    """One message to a client at a time, and a few clients at once: who is slow keeps nobody else waiting.

    A notice is claimed by moving it to its next attempt: what a killed process had begun is tried again then.
    """

    def __init__(
        self,
        *,
        database: Database,
        realms: Realms,
        keyrings: KeyRings,
        fetcher: Fetcher,
        issuer: Callable[[str], str],
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._realms = realms
        self._keyrings = keyrings
        self._fetcher = fetcher
        self._issuer = issuer
        self._clock = clock
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="logout")
        self._busy: set[tuple[str, str]] = set()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="logout-notices", daemon=True)

    def start(self) -> None:
        """Look for notices in a thread of its own, until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """What is under way may end; what is not goes on in another process, or after the next start."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()
        self._pool.shutdown(cancel_futures=True)

    def _watch(self) -> None:
        while not self._stopping.is_set():
            try:
                self._look()
            except (SQLAlchemyError, Overloaded) as error:
                emit(Event.UNAVAILABLE, reason=reason(error))
                self._stopping.wait(_AFTER_TROUBLE)
            except Exception as error:  # noqa: BLE001  # a thread that dies tells nobody anything any more
                emit(Event.BUG, **origin(error))
                self._stopping.wait(_AFTER_TROUBLE)
            self._wake.wait(_LOOK_EVERY)
            self._wake.clear()

    def _look(self) -> None:
        free = _AT_ONCE - len(self._busy)
        if free <= 0:
            return
        now = self._clock()
        with self._database.read() as tx:
            found = logout_notices.due(tx, now=now, besides=list(self._busy), limit=_LOOK_AT)
        for notice in found[:free]:
            until = now + WAITS[min(notice.attempts, len(WAITS) - 1)]
            with self._database.write() as tx:
                is_mine = logout_notices.claim(tx, notice, now=now, until=until)
            if is_mine:
                whom = (notice.realm, notice.client_id)
                self._busy.add(whom)
                self._pool.submit(self._tell, notice).add_done_callback(partial(self._ready, whom))

    def _ready(self, whom: tuple[str, str], done: "Future[None]") -> None:
        self._busy.discard(whom)
        if not done.cancelled() and (error := done.exception()):
            emit(Event.BUG, **origin(error))
        self._wake.set()

    def _tell(self, notice: LogoutNotice) -> None:
        realm = self._realms.get(notice.realm)
        client = realm.client(notice.client_id) if realm else None
        if realm is None or client is None or client.backchannel_logout_uri is None:
            self._remove(notice)
            return
        status = self._post(client.backchannel_logout_uri, self._token(realm, client, notice))
        attempt = notice.attempts + 1
        is_told, given_up = status in (200, 204), attempt >= len(WAITS)
        if is_told or given_up:
            self._remove(notice)
        who = {"realm": realm.name, "user_id": notice.user_id, "session_id": notice.session_id}
        if is_told:
            emit(Event.LOGOUT_TOLD, **who, client_id=client.client_id, attempt=attempt)
            return
        emit(
            Event.LOGOUT_NOT_TOLD,
            **who,
            client_id=client.client_id,
            attempt=attempt,
            status=status,
            given_up=given_up,
        )

    def _post(self, uri: str, token: str) -> int | None:
        try:
            return self._fetcher.post(uri, {"logout_token": token}).status
        except Unreachable:
            return None

    def _token(self, realm: Realm, client: Client, notice: LogoutNotice) -> str:
        now, alg = self._clock(), client.id_token_signed_response_alg
        ring = self._keyrings.of(realm)
        logout_claims = claims.logout(
            issuer=self._issuer(realm.name),
            subject=ring.subject(client, notice.user_id),
            client_id=client.client_id,
            session_id=notice.session_id,
            now=now,
        )
        return jose.sign(logout_claims, ring.signer(alg, now), alg=alg, typ=claims.LOGOUT_TYP)

    def _remove(self, notice: LogoutNotice) -> None:
        with self._database.write() as tx:
            logout_notices.remove(tx, notice)
