"""The endpoints that programs call: token, revocation, introspection, UserInfo. JSON, never stored."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from idp.errors import OAuth2Error
from idp.events.catalogue import Event
from idp.events.log import emit
from idp.oauth.client_authentication import claimed
from idp.oauth.provider import Provider
from idp.oauth.request import OAuthRequest, Pairs
from idp.oauth.server import OAuthResponse, refusal
from idp.store.database import Database
from idp.web.intake import network_of
from idp.web.realms import Handler, InRealm

_HEADERS = ("authorization", "dpop", "accept")


class TokenEndpoints:
    """Each runs in one transaction; a protocol error commits what it consumed."""

    def __init__(self, database: Database, provider: Provider) -> None:
        self._database = database
        self._provider = provider

    def endpoint(self, name: str, *, writes: bool) -> Handler:
        """The handler of one endpoint."""

        def handle(request: Request, at: InRealm) -> Response:
            wire = client_request(request, request.scope["idp.form"])
            # What is good once has to be remembered, whatever it is shown for.
            remembers = "dpop" in wire.headers or "client_assertion" in wire.form
            begin = self._database.write if writes or remembers else self._database.read
            try:
                with self._provider.admitting(at.realm, wire, at.now), begin() as tx:
                    wire.context = self._provider.context(at.realm, tx, at.now)
                    answer = self._provider.endpoint(name, wire)
            except OAuth2Error as error:
                if name == "token":
                    _log_refusal(at, wire, error)
                answer = refusal(error)
            return as_response(answer)

        return handle


def client_request(request: Request, parameters: Pairs) -> OAuthRequest:
    """What a client sends, with what it authenticates by."""
    return OAuthRequest(
        method=request.method,
        parameters=parameters,
        headers={n: v for n in _HEADERS if (v := single_header(request, n)) is not None},
        certificate=request.scope["idp.client_certificate"],
        network=network_of(request.scope["idp.address"]),
    )


def single_header(request: Request, name: str) -> str | None:
    """The header; one that is sent twice is as good as malformed."""
    values = request.headers.getlist(name)
    return None if not values else values[0] if len(values) == 1 else ""


def _log_refusal(at: InRealm, wire: OAuthRequest, error: OAuth2Error) -> None:
    """With the client that the request names, if there is one: it need not have proven to be it."""
    client = at.realm.client(claimed(wire).client_id)
    emit(
        Event.TOKEN_REFUSED,
        realm=at.realm.name,
        client_id=client.client_id if client else None,
        grant_type=wire.form.get("grant_type", "")[:64],
        error=error.error,
        description=error.get_error_description(),
    )


def as_response(answer: OAuthResponse) -> Response:
    """An answer to a client: JSON or a JWT, never stored."""
    response = (
        Response(answer.body, answer.status)
        if isinstance(answer.body, str)
        else JSONResponse(answer.body, answer.status)
    )
    for name, value in answer.headers:
        if name.lower() != "content-type" or isinstance(answer.body, str):
            response.headers[name] = value
    response.headers["Cache-Control"] = "no-store"
    return response
