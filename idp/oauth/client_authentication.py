"""Client authentication at the token, revocation and introspection endpoints (RFC 6749 section 2.3).

A client uses the one method that it is registered with. Unknown clients and wrong secrets get the same answer.
"""

import base64
import binascii
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from idp.errors import InvalidClientError, InvalidRequestError
from idp.oauth.client import OAuthClient
from idp.oauth.request import OAuthRequest
from idp.realm.secrets import Secret
from idp.tokens.bearer import new_bearer

_REFUSED = "Client authentication failed."
_LONGEST_HEADER = 4096
_NOBODY = Secret(new_bearer())


@dataclass(frozen=True, slots=True)
class Presented:
    """What a request says of its client."""

    method: str
    client_id: str
    secret: str = field(default="", repr=False)


def authenticate(request: OAuthRequest, *, public_allowed: bool = True) -> OAuthClient:
    """The client that the request proves to come from; raises InvalidClientError (401) or InvalidRequestError."""
    presented = _presented(request)
    registered = request.context.realm.client(presented.client_id)
    secret = registered.client_secret if registered and registered.client_secret else _NOBODY
    is_right = secret.matches(presented.secret)
    if registered is None:
        raise InvalidClientError(_REFUSED, status_code=401)
    if registered.is_public:
        if presented.method != "none" or not public_allowed:
            raise InvalidClientError(_REFUSED, status_code=401)
    elif not is_right:
        raise InvalidClientError(_REFUSED, status_code=401)
    elif presented.method != registered.token_endpoint_auth_method:
        # Said only to who knows the secret.
        expected = registered.token_endpoint_auth_method
        raise InvalidClientError(f"This client is registered to authenticate by {expected}.", status_code=401)
    request.auth_method = presented.method
    request.client = OAuthClient(registered)
    return request.client  # type: ignore[no-any-return]  # an attribute of Authlib's request


def _presented(request: OAuthRequest) -> Presented:
    header = request.headers.get("authorization")
    client_id = request.payload.data.get("client_id", "")
    secret = request.payload.data.get("client_secret", "")
    if header is None:
        return Presented("client_secret_post" if secret else "none", client_id, secret)
    basic = _basic(header)
    if secret or (client_id and client_id != basic.client_id):
        raise InvalidRequestError("The client is named or authenticated in two ways.")
    return basic


def _basic(header: str) -> Presented:
    """RFC 7617, with both parts form-encoded (RFC 6749 section 2.3.1)."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic" or len(header) > _LONGEST_HEADER:
        raise InvalidClientError(_REFUSED, status_code=401)
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
        client_id, secret = (unquote_plus(part, errors="strict") for part in decoded.split(":", 1))
    except (binascii.Error, ValueError):
        raise InvalidClientError(_REFUSED, status_code=401) from None
    return Presented("client_secret_basic", client_id, secret)
