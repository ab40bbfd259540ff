"""The registration endpoints: a bearer token and JSON in, JSON out."""

from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from idp.errors import (
    InvalidClientMetadataError,
    InvalidRequestError,
    InvalidTokenError,
    MissingTokenError,
    OAuth2Error,
)
from idp.events.catalogue import Event
from idp.events.log import emit
from idp.oauth.registration import Registration
from idp.oauth.server import OAuthResponse, refusal
from idp.tokens import plain_json
from idp.web.realms import InRealm
from idp.web.tokens import as_response, single_header


class RegistrationEndpoints:
    """`/clients-registrations/openid-connect` of every realm."""

    def __init__(self, registration: Registration) -> None:
        self._registration = registration

    def register(self, request: Request, at: InRealm) -> Response:
        """RFC 7591 section 3.1."""

        def register(token: str) -> dict[str, Any]:
            return self._registration.register(at.realm, token, partial(_body, request), at.now)

        return self._answer(request, at, 201, register)

    def read(self, request: Request, at: InRealm) -> Response:
        """RFC 7592 section 2.1."""
        return self._answer(request, at, 200, lambda token: self._registration.read(at.realm, token, _id(request)))

    def update(self, request: Request, at: InRealm) -> Response:
        """RFC 7592 section 2.2."""

        def update(token: str) -> dict[str, Any]:
            return self._registration.update(at.realm, token, _id(request), partial(_body, request), now=at.now)

        return self._answer(request, at, 200, update)

    def remove(self, request: Request, at: InRealm) -> Response:
        """RFC 7592 section 2.3."""

        def remove(token: str) -> dict[str, Any]:
            self._registration.remove(at.realm, token, _id(request), at.now)
            return {}

        response = self._answer(request, at, 204, remove)
        return Response(status_code=204) if response.status_code == 204 else response

    def _answer(self, request: Request, at: InRealm, status: int, work: Callable[[str], dict[str, Any]]) -> Response:
        try:
            return as_response(OAuthResponse(status, work(_bearer(request)), ()))
        except OAuth2Error as error:
            emit(
                Event.REGISTRATION_REFUSED,
                realm=at.realm.name,
                error=error.error,
                description=error.get_error_description(),
            )
            return as_response(refusal(error))


def _id(request: Request) -> str:
    return str(request.path_params["client_id"])


def _bearer(request: Request) -> str:
    header = single_header(request, "authorization")
    if header is None:
        raise MissingTokenError
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise InvalidTokenError
    return token.strip()


def _body(request: Request) -> dict[str, Any]:
    sent: bytes | None = request.scope.get("idp.json")
    if sent is None:
        raise InvalidRequestError("The body must be JSON.")
    try:
        body = plain_json.parsed(sent)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise InvalidClientMetadataError("The body must be a JSON object.")
    return body
