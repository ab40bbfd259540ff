"""The servers of all realms, each made once per realm snapshot."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from idp.errors import InvalidClientError, WrongSecretError
from idp.events.catalogue import Event
from idp.events.log import emit
from idp.login.gate import Authorized
from idp.login.request import AuthorizationRequest, AuthorizationResponse
from idp.oauth import client_authentication, device_authorization
from idp.oauth.authorization import AuthorizationEndpoint
from idp.oauth.grants import jwt_bearer
from idp.oauth.keyrings import KeyRings
from idp.oauth.pushed_requests import PushedRequests
from idp.oauth.request import Context, OAuthRequest
from idp.oauth.secret_guesses import SecretGuesses
from idp.oauth.server import OAuthResponse, RealmServer
from idp.outbound.key_sets import KeySets
from idp.realm.client_sections import Client
from idp.realm.schema import Realm
from idp.store import device_codes
from idp.store.database import Database, Transaction
from idp.tokens.sealing import Sealer

_SIGNED_BY_CLIENTS = ("client_assertion", "request")


class Provider:
    """Makes the requests that the engines of the realms work on."""

    def __init__(
        self,
        *,
        issuer: Callable[[str], str],
        keyrings: KeyRings,
        sealer: Sealer,
        database: Database,
        key_sets: KeySets,
    ) -> None:
        self._database = database
        self._key_sets = key_sets
        self._issuer = issuer
        self._keyrings = keyrings
        self._sealer = sealer
        self._secret_guesses = SecretGuesses(database, sealer)
        self._servers: dict[str, RealmServer] = {}

    def server(self, realm: Realm) -> RealmServer:
        """The engine of the realm as it is now."""
        server = self._servers.get(realm.name)
        if server is None or server.realm is not realm:
            server = self._servers[realm.name] = RealmServer(realm, self._issuer(realm.name))
        return server

    def context(self, realm: Realm, tx: Transaction, now: int) -> Context:
        """What a request to this realm works with."""
        return Context(
            realm=realm,
            issuer=self._issuer(realm.name),
            tx=tx,
            keyrings=self._keyrings,
            sealer=self._sealer,
            now=now,
            fetch_keys=self._key_sets.known,
        )

    def authorization(self, realm: Realm, now: int) -> AuthorizationEndpoint:
        """The authorization endpoint of the realm as it is now."""
        pushed = PushedRequests(self._database, self._sealer, realm, now)
        return AuthorizationEndpoint(
            self.server(realm),
            keyrings=self._keyrings,
            fetch_keys=self._key_sets.known,
            find_pushed=pushed.find,
            now=now,
        )

    @contextmanager
    def admitting(self, realm: Realm, request: OAuthRequest, now: int) -> Iterator[None]:
        """Around the transaction of a client's request: what it may need is fetched, a wrong secret is counted.

        Why a client could not prove to be it is logged. Raises TooManyGuessesError where too many were.
        """
        claimed = client_authentication.claimed(request)
        is_guess = claimed.is_guess
        subject = self._secret_guesses.subject(realm.name, claimed.client_id, request.network) if is_guess else ""
        self._secret_guesses.refuse(subject, now)
        self.prepare(realm, request)
        try:
            yield
        except InvalidClientError as error:
            known = realm.client(claimed.client_id)
            who = {"realm": realm.name, "client_id": known.client_id if known else None}
            emit(Event.CLIENT_REFUSED, **who, reason=error.reason)
            if isinstance(error, WrongSecretError):
                self._secret_guesses.count(subject, now)
            raise

    def prepare(self, realm: Realm, request: OAuthRequest) -> None:
        """Have the realm's keys at hand, and those of the client and issuer that a request names.

        None are made or fetched in a transaction.
        """
        self._keyrings.extended(realm)
        is_signed = any(name in request.form for name in _SIGNED_BY_CLIENTS)
        client = realm.client(client_authentication.claimed(request).client_id)
        if client is not None and client.jwks_uri is not None and (is_signed or _needs_keys(client)):
            self._key_sets.fetch(client.jwks_uri)
        vouching = jwt_bearer.trusted_issuer_of(realm, request.form.get("assertion", ""))
        if vouching is not None and vouching.jwks_uri is not None:
            self._key_sets.fetch(vouching.jwks_uri)

    def issue(self, tx: Transaction, authorized: Authorized) -> AuthorizationResponse:
        """A code for what the gate let through, on its way to the client."""
        realm, now = authorized.realm, authorized.now
        context = replace(self.context(realm, tx, now), authorized=authorized)
        if authorized.request.device:
            return device_authorization.approved(context, authorized)
        return self.authorization(realm, now).granted(context, authorized)

    def refuse_device(self, realm: Realm, request: AuthorizationRequest, now: int) -> AuthorizationResponse:
        """The sign-in for a device was given up: the device is told, and a page says so."""
        with self._database.write() as tx:
            device_codes.deny(tx, realm.name, device_id=request.device, now=now)
        return AuthorizationResponse(request.redirect_uri, {"done": "denied"})

    def endpoint(self, name: str, request: OAuthRequest) -> OAuthResponse:
        """Token, revocation, introspection or UserInfo; protocol errors are raised, for the transaction to see."""
        return self.server(request.context.realm).answer(name, request)


def _needs_keys(client: Client) -> bool:
    """Whether they are needed for what is not signed by the client."""
    is_by_key = client.token_endpoint_auth_method == "self_signed_tls_client_auth"
    is_read_by_it = client.id_token_encrypted_response_alg or client.introspection_encrypted_response_alg
    return is_by_key or is_read_by_it is not None
