"""The device authorization endpoint (RFC 8628 section 3.1): a code for the device, and a short one for its person."""

import secrets
from typing import Any
from urllib.parse import urlencode

from authlib.consts import default_json_headers
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint

from idp.errors import TooManyWaitingError, UnauthorizedClientError
from idp.events.catalogue import Event
from idp.login.gate import Authorized
from idp.login.request import AuthorizationRequest, AuthorizationResponse, RequestOutdated
from idp.oauth import client_authentication
from idp.oauth.grants.device_code import GRANT_TYPE
from idp.oauth.grants.redeeming import kept_for
from idp.oauth.request import Context, OAuthRequest
from idp.oauth.waiting import asked_by
from idp.policy.question import Request
from idp.realm.client_sections import Client
from idp.store import device_codes, grants
from idp.store.device_codes import Device
from idp.tokens.bearer import new_bearer

LASTS = 600
INTERVAL = 5
# No vowels, so that no word comes about, and nothing that looks like something else (RFC 8628 section 6.1).
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
_LETTERS = 8


def verification_uri(issuer: str) -> str:
    """Where people enter the code."""
    return f"{issuer}/device"


def normalized(user_code: str) -> str:
    """A code as somebody typed it, in whatever case and with whatever between the letters."""
    return "".join(letter for letter in user_code[:64].upper() if letter in ALPHABET)


class DeviceAuthorization(DeviceAuthorizationEndpoint):  # type: ignore[misc]  # Authlib has no types
    """Authlib's endpoint, with codes that are stored by their digests."""

    CLIENT_AUTH_METHODS = client_authentication.ALL

    def create_endpoint_response(self, request: OAuthRequest) -> tuple[int, dict[str, Any], Any]:
        """Raises UnauthorizedClientError, InvalidScopeError, TooManyWaitingError."""
        client = self.authenticate_client(request)
        if not client.check_grant_type(GRANT_TYPE):
            raise UnauthorizedClientError("This client is not registered for the device grant.")
        context = request.context
        scope = client.get_allowed_scope(request.payload.data.get("scope"))
        by, most = asked_by(request, client.registered)
        if device_codes.unexpired(context.tx, context.realm.name, asked_by=by, now=context.now) >= most:
            raise TooManyWaitingError
        letters = "".join(secrets.choice(ALPHABET) for _ in range(_LETTERS))
        device_code, uri = new_bearer(), verification_uri(context.issuer)
        # That two of 20^8 codes are the same while both wait is a bug's chance, and answered as one.
        device_codes.add(
            context.tx,
            realm=context.realm.name,
            client_id=client.client_id,
            asked_by=by,
            scope=scope,
            device_code=device_code,
            user_code=letters,
            interval=INTERVAL,
            expires_at=context.now + LASTS,
        )
        user_code = f"{letters[:4]}-{letters[4:]}"
        body = {
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": uri,
            "verification_uri_complete": f"{uri}?{urlencode({'user_code': user_code})}",
            "expires_in": LASTS,
            "interval": INTERVAL,
        }
        return 200, body, default_json_headers


def request_of(device: Device, issuer: str) -> AuthorizationRequest:
    """What the person signs in for: the same as for any request of the client, only that no browser goes back to it."""
    parameters = {"client_id": device.client_id, "scope": device.scope, "device": device.id}
    demands = Request(scopes=frozenset(device.scope.split()))
    return AuthorizationRequest(device.client_id, verification_uri(issuer), demands, parameters)


def may_have(client: Client, scope: str) -> bool:
    """Whether the client could still ask for this."""
    return GRANT_TYPE in client.grant_types and set(scope.split()) <= set(client.scopes)


def approved(context: Context, authorized: Authorized) -> AuthorizationResponse:
    """The grant that the device will fetch. Raises RequestOutdated when it does not wait any more."""
    asked, client, now, user = authorized.request, authorized.client, context.now, authorized.known.user
    scope = asked.parameters["scope"]
    if not may_have(client, scope):
        raise RequestOutdated
    grant_id = grants.add(
        context.tx,
        realm=context.realm.name,
        client_id=client.client_id,
        user_id=user.id,
        epoch=user.epoch,
        session_id=authorized.session_id,
        trusted_browser_id=authorized.trusted_browser_id,
        scope=scope,
        outcome=authorized.outcome,
        address=authorized.address,
        asked=grants.Asked(),
        offline=client.outlives_sessions and "offline_access" in scope.split(),
        now=now,
        expires_at=now + kept_for(client, context.realm.tokens, redeemable=LASTS),
    )
    if not device_codes.approve(context.tx, context.realm.name, device_id=asked.device, grant_id=grant_id, now=now):
        raise RequestOutdated
    context.tx.emit(
        Event.AUTHORIZED,
        realm=context.realm.name,
        user_id=user.id,
        username=user.username,
        client_id=client.client_id,
        session_id=authorized.session_id,
        scope=scope,
        acr=authorized.outcome.acr,
        amr=authorized.outcome.amr,
    )
    return AuthorizationResponse(asked.redirect_uri, {"done": "approved"})
