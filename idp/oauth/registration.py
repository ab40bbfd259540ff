"""Clients that register themselves (RFC 7591), and read, change and remove themselves (RFC 7592)."""

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from idp.errors import InvalidClientMetadataError, InvalidTokenError
from idp.events.catalogue import Event
from idp.oauth.client_metadata import checked, client_from, has_secret, is_fit
from idp.outbound.fetch import Fetcher
from idp.realm.client_sections import Client
from idp.realm.mode import Mode
from idp.realm.schema import Realm
from idp.store import registered_clients
from idp.store.database import Database
from idp.store.registered_clients import Stored
from idp.tokens.bearer import digest, new_bearer

# Whatever else is asked for is not looked up: a client may be named by any bytes, and a database takes only text.
_ORIGIN = re.compile(r"https?://[a-z0-9._:\[\]-]{1,290}")
_IDENTIFIER = re.compile(r"[0-9a-f-]{36}")

Sent = Callable[[], Mapping[str, Any]]


def address(issuer: str) -> str:
    """The registration endpoint, where Keycloak has it."""
    return f"{issuer}/clients-registrations/openid-connect"


def usable(realm: Realm, stored: Stored, mode: Mode) -> Client | None:
    """The registered client; None for one that is disabled, or that the realm would not let register today."""
    if not stored.enabled:
        return None
    try:
        client = client_from(stored.client_id, stored.registered, stored.secret_digest)
    except ValidationError:
        return None
    return client if is_fit(realm, client, mode) else None


class Registration:
    """Each method raises an OAuth2Error for JSON. Whoever holds no good token learns nothing else.

    For them `sent`, which reads the body, is not called: that may take as long as twenty other requests.
    """

    def __init__(self, database: Database, fetcher: Fetcher, *, mode: Mode, issuer: Callable[[str], str]) -> None:
        self._database = database
        self._fetcher = fetcher
        self._mode = mode
        self._issuer = issuer

    def finder(self, realm: Realm) -> Callable[[str], Client | None]:
        """How a realm finds its registered clients: one statement, so that every process sees them at once."""

        def find(client_id: str) -> Client | None:
            if not _IDENTIFIER.fullmatch(client_id):
                return None
            with self._database.read() as tx:
                stored = registered_clients.find(tx, realm.name, client_id)
            return None if stored is None else usable(realm, stored, self._mode)

        return find

    def page_finder(self, realm: Realm) -> Callable[[str], bool]:
        """How a realm finds out whether a registered public client has pages at an origin."""
        find = self.finder(realm)

        def has_page_at(origin: str) -> bool:
            if not _ORIGIN.fullmatch(origin):
                return False
            with self._database.read() as tx:
                client_ids = registered_clients.at_origin(tx, realm.name, origin)
            return any(client is not None and origin in client.origins for client in map(find, client_ids))

        return has_page_at

    def register(self, realm: Realm, token: str, sent: Sent, now: int) -> dict[str, Any]:
        """The registered client with its secret, which is never told again. The token is used up once."""
        with self._database.read() as tx:
            if not registered_clients.is_usable(tx, realm.name, token=token, now=now):
                raise InvalidTokenError
        client_id = str(uuid.uuid4())
        registered = self._checked(realm, sent(), client_id, now)
        secret = new_bearer() if has_secret(registered["token_endpoint_auth_method"]) else None
        access = new_bearer()
        with self._database.write() as tx:
            if not registered_clients.use_token(tx, realm.name, token=token, now=now):
                raise InvalidTokenError
            registered_clients.add(
                tx,
                realm.name,
                client_id=client_id,
                registered=registered,
                origins=client_from(client_id, registered, None).origins,
                secret=secret,
                token=access,
                now=now,
            )
            tx.emit(Event.CLIENT_REGISTERED, realm=realm.name, client_id=client_id, by="initial access token")
        return self._told(realm, client_id, registered, token=access, secret=secret, since=now)

    def read(self, realm: Realm, token: str, client_id: str) -> dict[str, Any]:
        """The client, without its secret."""
        stored = self._mine(realm, token, client_id)
        return self._told(realm, client_id, stored.registered, token=token, secret=None, since=stored.created_at)

    def update(self, realm: Realm, token: str, client_id: str, sent: Sent, *, now: int) -> dict[str, Any]:
        """All of its metadata anew: what is not sent is as when nothing was said (RFC 7592 section 2.2)."""
        stored, body = self._mine(realm, token, client_id), sent()
        known = body.get("client_secret")
        is_right = known is None or (isinstance(known, str) and digest(known) == stored.secret_digest)
        if body.get("client_id") != client_id or not is_right:
            raise InvalidClientMetadataError("client_id and client_secret must be those of this client.")
        registered = self._checked(realm, body, client_id, now)
        needs = has_secret(registered["token_endpoint_auth_method"])
        secret = new_bearer() if needs and stored.secret_digest is None else None
        kept = None if not needs else digest(secret) if secret else stored.secret_digest
        with self._database.write() as tx:
            if not registered_clients.replace(
                tx,
                realm.name,
                client_id=client_id,
                registered=registered,
                origins=client_from(client_id, registered, kept).origins,
                secret_digest=kept,
            ):
                raise InvalidTokenError
            tx.emit(Event.CLIENT_UPDATED, realm=realm.name, client_id=client_id, by="client")
        return self._told(realm, client_id, registered, token=token, secret=secret, since=stored.created_at)

    def remove(self, realm: Realm, token: str, client_id: str, now: int) -> None:
        """With everything that people allowed it."""
        self._mine(realm, token, client_id)
        with self._database.write() as tx:
            if not registered_clients.remove(tx, realm.name, client_id=client_id, now=now):
                raise InvalidTokenError
            tx.emit(Event.CLIENT_REMOVED, realm=realm.name, client_id=client_id, by="client")

    def _mine(self, realm: Realm, token: str, client_id: str) -> Stored:
        stored = None
        if _IDENTIFIER.fullmatch(client_id):
            with self._database.read() as tx:
                stored = registered_clients.find_by_token(tx, realm.name, client_id=client_id, token=token)
        if stored is None:
            raise InvalidTokenError
        return stored

    def _checked(self, realm: Realm, body: Mapping[str, Any], client_id: str, now: int) -> dict[str, Any]:
        return checked(body, client_id=client_id, realm=realm, mode=self._mode, fetcher=self._fetcher, now=now)

    def _told(
        self, realm: Realm, client_id: str, registered: Mapping[str, Any], *, token: str, secret: str | None, since: int
    ) -> dict[str, Any]:
        """RFC 7591 section 3.2.1, RFC 7592 section 3."""
        return {
            "client_id": client_id,
            "client_id_issued_at": since,
            **({"client_secret": secret, "client_secret_expires_at": 0} if secret else {}),
            "registration_access_token": token,
            "registration_client_uri": f"{address(self._issuer(realm.name))}/{client_id}",
            "response_types": ["code"],
            **registered,
        }
