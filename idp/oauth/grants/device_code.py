"""The device grant (RFC 8628 section 3.4): a device asks until somebody has approved it elsewhere."""

from typing import Any

from authlib.oauth2.rfc6749.errors import AccessDeniedError
from authlib.oauth2.rfc8628 import AuthorizationPendingError, DeviceCodeGrant, ExpiredTokenError, SlowDownError

from idp.errors import InvalidGrantError, InvalidRequestError, UnauthorizedClientError
from idp.oauth import client_authentication
from idp.oauth.grants.redeeming import redeemed
from idp.oauth.request import OAuthRequest
from idp.store import device_codes, grants
from idp.store.device_codes import Device

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"


class DeviceCode(DeviceCodeGrant):  # type: ignore[misc]  # Authlib has no types
    """Authlib's grant, with consuming moved in front of issuing."""

    GRANT_TYPE = GRANT_TYPE
    TOKEN_ENDPOINT_AUTH_METHODS = client_authentication.ALL
    request: OAuthRequest

    def validate_token_request(self) -> None:
        """Raises the OAuth2Error; a code of another client is as good as unknown."""
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("This client is not registered for the device grant.")
        context, code = self.request.context, self.request.form.get("device_code")
        if code is None:
            raise InvalidRequestError("device_code is missing.")
        device = device_codes.find(context.tx, context.realm.name, code)
        if device is None or device.client_id != client.client_id:
            raise InvalidGrantError("The device_code is unknown, or was used before.")
        self.request.client, self.request.credential = client, device
        self.validate_device_credential(device)

    def validate_device_credential(self, credential: Device) -> None:
        """Raises what the device is to be told (section 3.5)."""
        context = self.request.context
        if credential.expires_at <= context.now:
            raise ExpiredTokenError
        if credential.denied:
            raise AccessDeniedError
        if not device_codes.poll(context.tx, credential, context.now):
            raise SlowDownError
        if credential.grant_id is None:
            raise AuthorizationPendingError

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        """Use the approval up, then through the gate again, then issue."""
        context = self.request.context
        device: Device = self.request.credential
        grant = None
        if device_codes.consume(context.tx, device.id):
            grant = grants.alive(context.tx, context.realm.name, grant_id=device.grant_id or "", now=context.now)
        if grant is None:
            raise InvalidGrantError("The device_code was used before, or the sign-in has ended.")
        grants.redeem(context.tx, grant.id, context.now)
        return redeemed(self.request, grant, grant_type="device_code")
