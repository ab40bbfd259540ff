"""Pushed authorization requests (RFC 9126): a client sends its request itself, its browser only a reference to it."""

from typing import Any

from authlib.consts import default_json_headers
from authlib.oauth2.rfc6749 import TokenEndpoint

from idp.errors import InvalidRequestError, TooManyWaitingError
from idp.oauth import client_authentication, dpop
from idp.oauth.authorization import URN, AuthorizationEndpoint
from idp.oauth.request import OAuthRequest
from idp.oauth.waiting import asked_by
from idp.realm.schema import Realm
from idp.store import pushed_requests
from idp.store.database import Database
from idp.tokens.bearer import new_bearer
from idp.tokens.sealing import NotSealedHere, Sealer


class PushedAuthorization(TokenEndpoint):  # type: ignore[misc]  # Authlib has no types
    """An endpoint of Authlib's shape: the client authenticates as at the token endpoint."""

    ENDPOINT_NAME = "pushed_authorization_request"
    CLIENT_AUTH_METHODS = client_authentication.ALL

    def __call__(self, request: OAuthRequest) -> tuple[int, dict[str, Any], Any]:
        """Raises the errors that the authorization endpoint would have for the same request."""
        request.proof = dpop.proof_of(request, endpoint=self.ENDPOINT_NAME)
        client = self.authenticate_endpoint_client(request)
        context, data = request.context, request.payload.data
        if "request_uri" in data:
            raise InvalidRequestError("A pushed request cannot refer to another one.")
        if data.get("client_id", client.client_id) != client.client_id:
            raise InvalidRequestError("The client_id is not that of the authenticated client.")
        named = [(name, value) for name, values in request.payload.datalist.items() for value in values]
        if "client_id" not in data:
            named.append(("client_id", client.client_id))
        pushed = OAuthRequest(method="POST", parameters=named, headers={}, context=context)
        endpoint = AuthorizationEndpoint(
            self.server, keyrings=context.keyrings, fetch_keys=context.fetch_keys, now=context.now
        )
        parameters = dict(endpoint.validated(pushed, is_pushed=True).parameters)
        if request.proof is not None:
            # RFC 9449 section 10.1: the key of the proof is the one that the code will be bound to.
            dpop.use(context, request.proof, client=client.registered)
            if parameters.setdefault("dpop_jkt", request.proof.jkt) != request.proof.jkt:
                raise InvalidRequestError("The dpop_jkt is not that of the DPoP proof.")
        lifetime = context.realm.tokens.pushed_request
        request_uri = _keep(request, parameters)
        return 201, {"request_uri": request_uri, "expires_in": lifetime}, default_json_headers


class PushedRequests:
    """Those of one realm at one moment."""

    def __init__(self, database: Database, sealer: Sealer, realm: Realm, now: int) -> None:
        self._database = database
        self._sealer = sealer
        self._realm = realm.name
        self._now = now

    def find(self, client_id: str, request_uri: str) -> dict[str, str] | None:
        """The parameters that were pushed."""
        with self._database.read() as tx:
            sealed = pushed_requests.find(tx, self._realm, client_id=client_id, request_uri=request_uri, now=self._now)
        if sealed is None:
            return None
        try:
            parameters: dict[str, str] = self._sealer.open_json(sealed, _context(self._realm))
        except NotSealedHere:
            return None
        return parameters


def _keep(request: OAuthRequest, parameters: dict[str, str]) -> str:
    context, client = request.context, request.client.registered
    realm, now, (by, most) = context.realm, context.now, asked_by(request, client)
    if pushed_requests.waiting(context.tx, realm.name, asked_by=by, now=now) >= most:
        raise TooManyWaitingError
    request_uri = URN + new_bearer()
    pushed_requests.add(
        context.tx,
        realm.name,
        client_id=client.client_id,
        asked_by=by,
        request_uri=request_uri,
        parameters=context.sealer.seal_json(parameters, _context(realm.name)),
        expires_at=now + realm.tokens.pushed_request,
    )
    return request_uri


def _context(realm: str) -> str:
    return f"pushed request:{realm}"
