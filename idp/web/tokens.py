"""The endpoints that programs call: token, revocation, introspection, UserInfo. JSON, never stored."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from idp.errors import OAuth2Error
from idp.events.catalogue import Event
from idp.events.log import emit
from idp.oauth.provider import Provider
from idp.oauth.server import OAuthResponse, refusal
from idp.store.database import Database
from idp.web.realms import Handler, InRealm


class TokenEndpoints:
    """Each runs in one transaction; a protocol error commits what it consumed."""

    def __init__(self, database: Database, provider: Provider) -> None:
        self._database = database
        self._provider = provider

    def endpoint(self, name: str, *, writes: bool) -> Handler:
        """The handler of one endpoint."""

        def handle(request: Request, at: InRealm) -> Response:
            parameters = request.scope["idp.form"]
            headers = {n: v for n in ("authorization",) if (v := _single(request, n)) is not None}
            begin = self._database.write if writes else self._database.read
            try:
                with begin() as tx:
                    context = self._provider.context(at.realm, tx, at.now)
                    answer = self._provider.endpoint(
                        name, context, method=request.method, parameters=parameters, headers=headers
                    )
            except OAuth2Error as error:
                if name == "token":
                    _log_refusal(at, dict(parameters), error)
                answer = refusal(error)
            return _response(answer)

        return handle


def _single(request: Request, name: str) -> str | None:
    """The header; one that is sent twice is as good as malformed."""
    values = request.headers.getlist(name)
    return None if not values else values[0] if len(values) == 1 else ""


def _log_refusal(at: InRealm, parameters: dict[str, str], error: OAuth2Error) -> None:
    client = at.realm.client(parameters.get("client_id", ""))
    emit(
        Event.TOKEN_REFUSED,
        realm=at.realm.name,
        client_id=client.client_id if client else None,
        grant_type=parameters.get("grant_type", "")[:64],
        error=error.error,
        description=error.get_error_description(),
    )


def _response(answer: OAuthResponse) -> Response:
    response = JSONResponse(answer.body, answer.status)
    for name, value in answer.headers:
        if name.lower() != "content-type":
            response.headers[name] = value
    response.headers["Cache-Control"] = "no-store"
    return response
