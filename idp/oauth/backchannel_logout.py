"""Tells clients that a session has ended, after the fact and beside all requests (Back-Channel Logout section 2.5)."""

from collections.abc import Callable, Collection

from idp.errors import InvalidRequestError
from idp.events.catalogue import Event
from idp.events.log import emit
from idp.oauth.keyrings import KeyRings
from idp.oauth.request import FetchKeys
from idp.oauth.signing import encrypted_id_token
from idp.outbound.courier import Courier
from idp.outbound.fetch import Fetcher, Unreachable
from idp.outbound.key_sets import KeySets
from idp.realm.client_sections import Client
from idp.realm.schema import Realm
from idp.realm.watching import Realms
from idp.store import logout_notices
from idp.store.database import Database, Transaction
from idp.store.logout_notices import LogoutNotice
from idp.tokens import claims, jose


class Messenger(Courier[LogoutNotice, tuple[str, str]]):
    """One message to a client at a time."""

    waits = (30, 120, 600, 3600, 4 * 3600)

    def __init__(
        self,
        *,
        database: Database,
        realms: Realms,
        keyrings: KeyRings,
        fetcher: Fetcher,
        key_sets: KeySets,
        issuer: Callable[[str], str],
        clock: Callable[[], int],
    ) -> None:
        super().__init__("logout", database=database, clock=clock)
        self._realms = realms
        self._keyrings = keyrings
        self._fetcher = fetcher
        self._key_sets = key_sets
        self._issuer = issuer

    @property
    def fetch_keys(self) -> FetchKeys:
        """The keys of clients that were looked up."""
        return self._key_sets.known

    def due(self, tx: Transaction, *, now: int, busy: Collection[tuple[str, str]], limit: int) -> list[LogoutNotice]:
        """One for each client."""
        return logout_notices.due(tx, now=now, besides=busy, limit=limit)

    def claim(self, tx: Transaction, item: LogoutNotice, *, now: int, until: int) -> bool:
        """False when another process was first."""
        return logout_notices.claim(tx, item, now=now, until=until)

    def whom(self, item: LogoutNotice) -> tuple[str, str]:
        """The client."""
        return item.realm, item.client_id

    def remove(self, tx: Transaction, item: LogoutNotice) -> None:
        """Told, or not worth trying again."""
        logout_notices.remove(tx, item)

    def carry(self, item: LogoutNotice) -> None:
        """Post it."""
        realm = self._realms.get(item.realm)
        client = realm.client(item.client_id) if realm else None
        uri = client.backchannel_logout_uri if client else None
        if realm is not None and uri is None:
            self.take_out(item)
            return
        # A realm whose file is away may be back by the next attempt.
        status = self._post(uri, realm=realm, client=client, item=item) if realm and client and uri else None
        attempt = item.attempts + 1
        is_told, given_up = status in (200, 204), self.is_last(item)
        if is_told or given_up:
            self.take_out(item)
        who = {"realm": item.realm, "user_id": item.user_id, "session_id": item.session_id, "client_id": item.client_id}
        if is_told:
            emit(Event.LOGOUT_TOLD, **who, attempt=attempt)
        else:
            emit(Event.LOGOUT_NOT_TOLD, **who, attempt=attempt, status=status, given_up=given_up)

    def _post(self, uri: str, *, realm: Realm, client: Client, item: LogoutNotice) -> int | None:
        """The status of the answer; None where there was none, or where nothing can be said that only it could read."""
        try:
            return self._fetcher.post(uri, {"logout_token": self._token(realm, client, item)}).status
        except (InvalidRequestError, Unreachable):
            return None

    def _token(self, realm: Realm, client: Client, notice: LogoutNotice) -> str:
        now, alg = self.clock(), client.id_token_signed_response_alg
        ring = self._keyrings.of(realm)
        issuer = self._issuer(realm.name)
        logout_claims = claims.logout(
            issuer=issuer,
            subject=ring.subject(client, notice.user_id),
            client_id=client.client_id,
            session_id=notice.session_id,
            now=now,
        )
        token = jose.sign(logout_claims, ring.signer(alg, now), alg=alg, typ=claims.LOGOUT_TYP)
        if client.id_token_encrypted_response_alg and client.jwks_uri:
            self._key_sets.fetch(client.jwks_uri)
        # Section 2.6: whoever has its ID tokens encrypted does not believe a logout token in clear.
        return encrypted_id_token(self, token, client, issuer=issuer)
