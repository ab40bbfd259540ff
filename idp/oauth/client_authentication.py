"""Client authentication at the endpoints for clients (RFC 6749 section 2.3).

A client uses the one method that it is registered with. Unknown clients and wrong secrets get the same answer.
"""

import base64
import binascii
from urllib.parse import unquote_plus

from idp.errors import InvalidClientError, InvalidRequestError, OAuth2Error, WrongSecretError
from idp.oauth import client_assertions, client_certificates
from idp.oauth.client import OAuthClient
from idp.oauth.client_certificates import BadCertificate
from idp.oauth.request import OAuthRequest, Presented
from idp.realm.algorithms import MAC, SIGNING
from idp.realm.client_sections import Client
from idp.realm.secrets import Secret
from idp.tokens import assertions
from idp.tokens.bearer import new_bearer
from idp.tokens.jose import BadToken

# What proves a client; a connection's certificate is known only where a trusted proxy hands it on.
BY_SECRET = ("client_secret_basic", "client_secret_post")
CONFIDENTIAL = (*BY_SECRET, *client_assertions.METHODS, *client_certificates.METHODS)
ALL = (*CONFIDENTIAL, "none")
ASSERTION_ALGORITHMS = (*MAC, *SIGNING)

_LONGEST_HEADER = 4096
_MALFORMED = "an Authorization header that is not Basic (RFC 7617)"
_NOBODY = Secret(new_bearer())
_ASSERTION = "client_assertion"


def offered(methods: tuple[str, ...], *, behind_proxy: bool) -> list[str]:
    """Those of an endpoint's methods that this server can take."""
    return [m for m in methods if behind_proxy or m not in client_certificates.METHODS]


def authenticate(request: OAuthRequest, *, public_allowed: bool = True) -> OAuthClient:
    """The client that the request proves to come from; raises InvalidClientError (401) or InvalidRequestError."""
    presented = _presented(request)
    registered = request.context.realm.client(presented.client_id)
    # Compared in any case, or the time would tell which clients there are.
    matches = [_matches(registered, spelling) for spelling in presented.spellings]
    if registered is None:
        raise _unproven(presented, "no such client")
    method, expected = presented.method, registered.token_endpoint_auth_method
    another = f"{method} in place of {expected}"
    try:
        if method in BY_SECRET and expected in BY_SECRET:
            if not any(matches):
                raise _unproven(presented, "another secret")
            if method != expected:
                # Said only to who knows the secret.
                raise InvalidClientError(f"This client is registered to authenticate by {expected}.", reason=another)
        elif method == _ASSERTION and expected in client_assertions.METHODS:
            client_assertions.verify(registered, presented.secret, request.context)
        elif method == "none" and expected in client_certificates.METHODS:
            client_certificates.verify(registered, request.certificate, request.context)
        elif method != "none" or not registered.is_public:
            raise _unproven(presented, another)
        elif not public_allowed:
            raise _unproven(presented, "a public client")
    except (BadToken, BadCertificate) as fault:
        raise _unproven(presented, f"{expected}: {fault}") from None
    request.client = OAuthClient(registered)
    return request.client  # type: ignore[no-any-return]  # an attribute of Authlib's request


def _unproven(presented: Presented, reason: str) -> InvalidClientError:
    return (WrongSecretError if presented.is_guess else InvalidClientError)(reason=reason)


def _matches(registered: Client | None, presented: str) -> bool:
    secrets = registered.secrets if registered else ()
    # Always two comparisons, so that the time does not tell whether a secret is being replaced.
    newest, previous = (*secrets, _NOBODY, _NOBODY)[:2]
    is_newest, is_previous = newest.matches(presented), previous.matches(presented)
    return is_newest or is_previous


def claimed(request: OAuthRequest) -> Presented:
    """What a request says of its client, unproven; of nobody where it does not say so in one way."""
    try:
        return _presented(request)
    except OAuth2Error:
        return Presented("none", "")


def _presented(request: OAuthRequest) -> Presented:
    if request.presented is None:
        request.presented = _found(request)
    return request.presented


def _found(request: OAuthRequest) -> Presented:
    data = request.payload.data
    header = request.headers.get("authorization")
    client_id, secret = data.get("client_id", ""), data.get("client_secret", "")
    assertion = data.get("client_assertion")
    if assertion is not None or "client_assertion_type" in data:
        if header is not None or secret:
            raise InvalidRequestError("The client is named or authenticated in two ways.")
        return _of_assertion(assertion or "", data.get("client_assertion_type"), client_id)
    if header is None:
        return Presented("client_secret_post" if secret else "none", client_id, secret)
    basic = _basic(header)
    if secret or (client_id and client_id != basic.client_id):
        raise InvalidRequestError("The client is named or authenticated in two ways.")
    return basic


def _of_assertion(assertion: str, kind: str | None, client_id: str) -> Presented:
    if kind != client_assertions.ASSERTION_TYPE:
        raise InvalidRequestError("This client_assertion_type is not offered.")
    subject = assertions.claimed(assertion, "sub")
    if client_id and client_id != subject:
        # The same answer as for a wrong assertion.
        raise InvalidClientError(reason="the client_id is not the client_assertion's subject")
    return Presented(_ASSERTION, subject, assertion)


def _basic(header: str) -> Presented:
    """RFC 7617, with both parts form-encoded (RFC 6749 section 2.3.1), which many clients forget to do."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic" or len(header) > _LONGEST_HEADER:
        raise InvalidClientError(reason=_MALFORMED)
    try:
        name, secret = base64.b64decode(encoded.strip(), validate=True).decode().split(":", 1)
        client_id = unquote_plus(name, errors="strict")
    except (binascii.Error, ValueError):
        raise InvalidClientError(reason=_MALFORMED) from None
    return Presented("client_secret_basic", client_id, unquote_plus(secret), as_sent=secret)
