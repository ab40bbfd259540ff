"""The authorization endpoint: a request is validated as a whole before anybody is asked for anything."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from idp.errors import (
    InvalidRequestError,
    InvalidRequestUriError,
    OAuth2Error,
    RegistrationNotSupportedError,
    RequestUriNotSupportedError,
    UnknownClientError,
    UnknownRedirectUriError,
)
from idp.events.catalogue import Event
from idp.events.log import emit
from idp.login.gate import Authorized
from idp.login.request import AuthorizationRequest, AuthorizationResponse, RequestOutdated
from idp.oauth import dpop, request_objects, response_modes, targets
from idp.oauth.claims_request import claims_request
from idp.oauth.client import OAuthClient
from idp.oauth.demands import demands_of
from idp.oauth.id_token_hint import hinted
from idp.oauth.keyrings import KeyRings
from idp.oauth.request import AUTHORIZATION_PARAMETERS, Context, FetchKeys, OAuthRequest, Payload
from idp.realm.client_sections import Client
from idp.realm.schema import Realm
from idp.store import pushed_requests
from idp.tokens import jose
from idp.tokens.claims import AUTHORIZATION_RESPONSE_TYP, authorization_response

# Until these are known to be the client's own, an error goes to a page and not to the redirect URI.
_IDENTIFYING = frozenset({"client_id", "redirect_uri", "request_uri"})
URN = "urn:ietf:params:oauth:request_uri:"

# Of the errors that a person's sign-in ends in, the one that a developer's slip of the pen may be behind.
_DESCRIPTIONS = {
    "unmet_authentication_requirements": "No acr that was asked for is in reach of this person. The realm's are in "
    "the acr_values_supported of its metadata."
}

FindPushed = Callable[[str, str], Mapping[str, str] | None]


class Engine(Protocol):
    """What the endpoint needs of the realm's server."""

    realm: Realm
    issuer: str

    def query_client(self, client_id: str) -> OAuthClient | None: ...
    def get_consent_grant(self, request: OAuthRequest) -> Any: ...


class AuthorizationEndpoint:
    """That of one realm at one moment."""

    def __init__(
        self,
        server: Engine,
        *,
        keyrings: KeyRings,
        fetch_keys: FetchKeys | None,
        now: int,
        find_pushed: FindPushed | None = None,
    ) -> None:
        """`find_pushed`: the parameters of a pushed request of that client and `request_uri`, if it can be used."""
        self.fetch_keys = fetch_keys
        self._server = server
        self._keyrings = keyrings
        self._now = now
        self._find_pushed = find_pushed

    def validated(self, wire: OAuthRequest, *, is_pushed: bool = False) -> AuthorizationRequest:
        """The request; raises an OAuth2Error, with `redirect_uri` set where it may go back to the client.

        `is_pushed`: it comes from the client itself, to be kept until a browser brings its `request_uri`.
        """
        data = wire.payload.data
        if any(len(wire.payload.datalist.get(name, ())) > 1 for name in _IDENTIFYING):
            raise InvalidRequestError("client_id, redirect_uri or request_uri is sent twice.")
        client = self._server.query_client(data.get("client_id", ""))
        if client is None:
            raise UnknownClientError
        try:
            pushed, signed = self._unwrap(wire, client)
            redirect_uri = wire.payload.data.get("redirect_uri", "")
            if not client.check_redirect_uri(redirect_uri):
                raise UnknownRedirectUriError(sent=redirect_uri)
            _refuse_form(client.registered, is_pushed=is_pushed or bool(pushed), is_signed=signed or bool(pushed))
            wanted = self._validated(wire, client, redirect_uri)
        except OAuth2Error as error:
            # Wherever the request comes from by then: only its own address, and only a registered one.
            redirect_uri = wire.payload.data.get("redirect_uri", "")
            if client.check_redirect_uri(redirect_uri) and not isinstance(error, InvalidRequestUriError):
                error.redirect_uri = redirect_uri
            raise
        return replace(wanted, pushed=pushed, signed=signed)

    def _unwrap(self, wire: OAuthRequest, client: OAuthClient) -> tuple[str, bool]:
        """The `request_uri` of what was pushed, and whether the request was signed.

        Its parameters take the place of all that the browser brings (RFC 9126 section 4, RFC 9101 section 5).
        """
        data = wire.payload.data
        request_uri, token = data.get("request_uri", ""), data.get("request")
        if token is not None and request_uri:
            raise InvalidRequestError("A request is sent by value or by reference.")
        if request_uri.startswith(URN):
            found = self._find_pushed(client.client_id, request_uri) if self._find_pushed else None
            if found is None:
                raise InvalidRequestUriError
            wire.payload = Payload.carried(found)
            return request_uri, False
        if token is None:
            return "", False
        wire.refuse_malformed()
        pairs = request_objects.parameters_of(
            token, client=client.registered, keys=self, issuer=self._server.issuer, now=self._now
        )
        wire.payload = Payload(pairs)
        return "", True

    def _validated(self, request: OAuthRequest, client: OAuthClient, redirect_uri: str) -> AuthorizationRequest:
        data, realm = request.payload.data, self._server.realm
        request.refuse_malformed()
        response_modes.mode_of(data, redirect_uri, client.registered)
        _refuse_not_offered(data)
        if data.get("response_type") is None:
            raise InvalidRequestError("response_type is missing.")
        self._server.get_consent_grant(request)
        claims = claims_request(data.get("claims"), scopes=frozenset(client.registered.scopes))
        people = self._people(claims.subjects | self._hinted(data.get("id_token_hint"), client), client)
        demands = demands_of(data, scope=request.scope, levels=realm.levels, claims=claims, people=people)
        apis = targets.apis_of(realm, request.scope.split())
        resources = targets.resources_of(request.payload, apis)
        targets.details_of(request.payload, client.registered, realm)
        dpop.refuse_no_thumbprint(data.get("dpop_jkt"))
        carried = {name: data[name] for name in AUTHORIZATION_PARAMETERS if name in data}
        if resources:
            carried["resource"] = " ".join(resources)
        return AuthorizationRequest(client.client_id, redirect_uri, demands, carried)

    def granted(self, context: Context, authorized: Authorized) -> AuthorizationResponse:
        """The response with a code, for what the gate has let through.

        The request is validated once more: its client may have been changed while its person was signing in. Raises
        RequestOutdated.
        """
        asked = authorized.request
        request = OAuthRequest(method="GET", parameters=(), headers={}, context=context)
        request.payload = Payload.carried(asked.parameters)
        try:
            _refuse_form(authorized.client, is_pushed=bool(asked.pushed), is_signed=asked.signed or bool(asked.pushed))
            grant = self._server.get_consent_grant(request)
            targets.details_of(request.payload, authorized.client, context.realm)
        except OAuth2Error as error:
            # Not a protocol error by then: the session that was to be opened must not be kept.
            raise RequestOutdated from error
        if not asked.demands.scopes.issuperset(request.scope.split()):
            # A request without a scope asks for all that the client has: what came since passed no gate.
            raise RequestOutdated
        if asked.pushed and not pushed_requests.consume(
            context.tx, context.realm.name, client_id=asked.client_id, request_uri=asked.pushed, now=context.now
        ):
            raise RequestOutdated
        _, answer, _ = grant.create_authorization_response(asked.redirect_uri, authorized.known)
        return self._response(asked.parameters, asked.redirect_uri, answer)

    def refused(
        self, parameters: Mapping[str, str], *, redirect_uri: str, error: str, description: str | None = None
    ) -> AuthorizationResponse:
        """The response with an error (RFC 6749 section 4.1.2.1)."""
        description = description or _DESCRIPTIONS.get(error)
        emit(
            Event.AUTHORIZATION_REFUSED,
            realm=self._server.realm.name,
            client_id=parameters.get("client_id"),
            error=error,
            description=description,
        )
        answer = {"error": error}
        if description:
            answer["error_description"] = description
        return self._response(parameters, redirect_uri, answer)

    def _people(self, subjects: frozenset[str], client: OAuthClient) -> frozenset[str]:
        """The people whom the client knows by these; one that is nobody's must not be taken for no demand."""
        ring = self._keyrings.of(self._server.realm)
        return frozenset(ring.person(client.registered, subject) or "" for subject in subjects)

    def _hinted(self, token: str | None, client: OAuthClient) -> frozenset[str]:
        if token is None:
            return frozenset()
        server = self._server
        claims = hinted(
            token,
            realm=server.realm,
            issuer=server.issuer,
            keyrings=self._keyrings,
            client_id=client.client_id,
            now=self._now,
        )
        return frozenset({str(claims["sub"])})

    def _response(
        self, parameters: Mapping[str, str], redirect_uri: str, answer: Mapping[str, str]
    ) -> AuthorizationResponse:
        """With `state` as it was sent, and `iss` in every response (RFC 9207); a code last, as Keycloak sends it."""
        client = self._server.query_client(parameters["client_id"])
        if client is None:
            raise AssertionError("nothing is sent to a client that is not known")
        mode = response_modes.mode_of_refusal(parameters, redirect_uri, client.registered)
        state = {"state": parameters["state"]} if parameters.get("state") else {}
        ordered = {**state, **answer, "iss": self._server.issuer}
        if "code" in ordered:
            ordered["code"] = ordered.pop("code")
        if mode.is_signed:
            ordered = {"response": self._signed(client.registered, ordered)}
        return AuthorizationResponse(redirect_uri, ordered, mode.way)

    def _signed(self, client: Client, answer: Mapping[str, str]) -> str:
        """The response as a JWT (JARM section 2.1)."""
        alg, issuer = client.authorization_signed_response_alg, self._server.issuer
        claims = authorization_response(issuer=issuer, client_id=client.client_id, answer=answer, now=self._now)
        key = self._keyrings.of(self._server.realm).signer(alg, self._now)
        return jose.sign(claims, key, alg=alg, typ=AUTHORIZATION_RESPONSE_TYP)


def _refuse_form(client: Client, *, is_pushed: bool, is_signed: bool) -> None:
    """RFC 9126 section 5, RFC 9101 section 10.5. What was pushed was looked at then."""
    if client.require_pushed_authorization_requests and not is_pushed:
        raise InvalidRequestError("This client must push its requests.")
    if client.require_signed_request_object and not is_signed:
        raise InvalidRequestError("This client must sign its requests.")


def _refuse_not_offered(data: Mapping[str, str]) -> None:
    """OpenID Connect Core section 3.1.2.6."""
    if "request_uri" in data:
        raise RequestUriNotSupportedError
    if "registration" in data:
        raise RegistrationNotSupportedError
