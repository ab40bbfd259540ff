"""Let a request in or refuse it, from its Authorization headers alone: for every framework (RFC 6750 section 2.1)."""

import re
from collections.abc import Sequence

from idp.resource_server.refused import InvalidRequest, InvalidToken, MissingToken
from idp.resource_server.requirement import Requirement, check
from idp.resource_server.token import AccessToken
from idp.resource_server.verifier import TokenVerifier

_CREDENTIALS = re.compile(r"(?P<scheme>[!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?: +(?P<token>.*))?", re.DOTALL)


def authorize(
    authorization: Sequence[str], *, verifier: TokenVerifier, requirement: Requirement, now: int
) -> AccessToken:
    """The verified token of a request that may pass; raises the `Refused` to answer with otherwise.

    `authorization` has the value of every `Authorization` field of the request, none for a request without. Tokens in
    the query or in a form are not looked at: they end in logs and in `Referer` (RFC 9700 section 4.3.2).
    """
    token = verifier.verify(_bearer_token(authorization), now=now)
    check(token, requirement, now=now, leeway=verifier.leeway)
    return token


def _bearer_token(authorization: Sequence[str]) -> str:
    if not authorization:
        raise MissingToken("Send an access token: Authorization: Bearer <token>.")
    if len(authorization) > 1:
        # A proxy and the application might each believe another one.
        raise InvalidRequest("More than one Authorization header.")
    credentials = _CREDENTIALS.fullmatch(authorization[0].strip(" \t"))
    if credentials is None or credentials["scheme"].lower() != "bearer":
        raise MissingToken("Send an access token: Authorization: Bearer <token>.")
    if not credentials["token"]:
        raise InvalidToken("the Authorization header holds no token")
    return credentials["token"]
