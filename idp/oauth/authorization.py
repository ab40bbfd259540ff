"""The authorization endpoint: a request is validated as a whole before anybody is asked for anything."""

from collections.abc import Mapping

from idp.errors import InvalidRequestError, OAuth2Error, UnknownClientError, UnknownRedirectUriError
from idp.events.catalogue import Event
from idp.events.log import emit
from idp.login.gate import Authorized
from idp.login.request import AuthorizationRequest, RequestOutdated
from idp.oauth.demands import demands_of
from idp.oauth.request import Context, OAuthRequest
from idp.oauth.server import RealmServer

# What the sign-in carries to its end. Whatever else a client sends is not used, and would only make forms long.
_CARRIED = (
    *("client_id", "redirect_uri", "response_type", "scope", "state", "nonce"),
    *("code_challenge", "code_challenge_method"),
    *("prompt", "max_age", "acr_values", "claims", "login_hint", "ui_locales"),
)
# Until these are known to be the client's own, an error goes to a page and not to the redirect URI.
_IDENTIFYING = frozenset({"client_id", "redirect_uri"})


def validated(server: RealmServer, request: OAuthRequest) -> AuthorizationRequest:
    """The request; raises an OAuth2Error, with `redirect_uri` set where it may go back to the client."""
    data = request.payload.data
    if any(len(request.payload.datalist.get(name, ())) > 1 for name in _IDENTIFYING):
        raise InvalidRequestError("client_id or redirect_uri is sent twice.")
    client = server.query_client(data.get("client_id", ""))
    if client is None:
        raise UnknownClientError
    redirect_uri = data.get("redirect_uri", "")
    if not client.check_redirect_uri(redirect_uri):
        raise UnknownRedirectUriError
    try:
        request.refuse_malformed()
        if data.get("response_type") is None:
            raise InvalidRequestError("response_type is missing.")
        grant = server.get_consent_grant(request)
        demands = demands_of(data, scope=request.scope, levels=server.realm.levels)
    except OAuth2Error as error:
        error.redirect_uri = redirect_uri
        raise
    carried = {name: data[name] for name in _CARRIED if name in data}
    return AuthorizationRequest(client.client_id, grant.redirect_uri, demands, carried)


def granted(server: RealmServer, context: Context, authorized: Authorized) -> str:
    """The location to go to with a code, for what the gate has let through.

    The request is validated once more: its client may have been changed while its person was signing in. Raises
    RequestOutdated.
    """
    request = OAuthRequest(
        method="GET", parameters=tuple(authorized.request.parameters.items()), headers={}, context=context
    )
    try:
        grant = server.get_consent_grant(request)
    except OAuth2Error as error:
        # Not a protocol error by then: the session that was to be opened must not be kept.
        raise RequestOutdated from error
    if not authorized.request.demands.scopes.issuperset(request.scope.split()):
        # A request without a scope asks for all that the client has: what came since passed no gate.
        raise RequestOutdated
    _, _, headers = grant.create_authorization_response(grant.redirect_uri, authorized.known)
    location: str = dict(headers)["Location"]
    return location


def refusal(
    server: RealmServer, parameters: Mapping[str, str], *, redirect_uri: str, error: str, description: str | None = None
) -> str:
    """The location to go to with an error (RFC 6749 section 4.1.2.1)."""
    emit(
        Event.AUTHORIZATION_REFUSED,
        realm=server.realm.name,
        client_id=parameters.get("client_id"),
        error=error,
        description=description,
    )
    answer = {"error": error}
    if description:
        answer["error_description"] = description
    if state := parameters.get("state"):
        answer["state"] = state
    return server.redirection(redirect_uri, answer)
