"""The servers of all realms, each made once per realm snapshot."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from idp.login.gate import Authorized
from idp.oauth import authorization
from idp.oauth.keyrings import KeyRings
from idp.oauth.request import Context, OAuthRequest, Pairs
from idp.oauth.server import OAuthResponse, RealmServer
from idp.realm.schema import Realm
from idp.store.database import Transaction
from idp.tokens.sealing import Sealer


class Provider:
    """Makes the requests that the engines of the realms work on."""

    def __init__(self, *, issuer: Callable[[str], str], keyrings: KeyRings, sealer: Sealer) -> None:
        self._issuer = issuer
        self._keyrings = keyrings
        self._sealer = sealer
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
        )

    def issue(self, tx: Transaction, authorized: Authorized) -> str:
        """A code for what the gate let through, and where to go with it."""
        context = self.context(authorized.realm, tx, authorized.now)
        return authorization.granted(self.server(authorized.realm), replace(context, authorized=authorized), authorized)

    def endpoint(
        self, name: str, context: Context, *, method: str, parameters: Pairs, headers: Mapping[str, str]
    ) -> OAuthResponse:
        """Token, revocation, introspection or UserInfo; protocol errors are raised, for the transaction to see."""
        server = self.server(context.realm)
        request = OAuthRequest(method=method, parameters=parameters, headers=headers, context=context)
        if name == "token":
            return server.create_token_response(request)
        request.refuse_malformed()
        endpoint: Any = server.endpoint(name)
        return server.handle_response(*endpoint(request))
