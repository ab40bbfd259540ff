"""Let a request in or refuse it, from its Authorization headers alone: for every framework (RFC 6750 section 2.1)."""

import re
from collections.abc import Callable, Sequence

from idp.resource_server.dpop import BadProof, Proof, Shown, verify_proof
from idp.resource_server.refused import InvalidProof, InvalidRequest, InvalidToken, MissingToken, Refused
from idp.resource_server.requirement import Requirement, check
from idp.resource_server.token import AccessToken
from idp.resource_server.verifier import TokenVerifier

FirstUse = Callable[[str, int], bool]
_CREDENTIALS = re.compile(r"(?P<scheme>[!#$%&'*+\-.^_`|~0-9A-Za-z]+)(?: +(?P<token>.*))?", re.DOTALL)


def authorize(
    authorization: Sequence[str],
    *,
    verifier: TokenVerifier,
    requirement: Requirement,
    now: int,
    shown: Shown | None = None,
    is_first_use: FirstUse | None = None,
) -> AccessToken:
    """The verified token of a request that may pass; raises the `Refused` to answer with otherwise.

    `authorization` has the value of every `Authorization` field of the request, none for a request without. Tokens in
    the query or in a form are not looked at: they end in logs and in `Referer` (RFC 9700 section 4.3.2).

    With `shown`, tokens that are bound to a key are taken with a DPoP proof (RFC 9449 section 7), and without it
    refused. `is_first_use(identifier, expires_at)` remembers the proof until then, for all processes of the API, and
    says whether it is new; without it a proof can be repeated, by who saw it and the token, for a minute.
    """
    scheme, token = _credentials(authorization)
    try:
        proof = _proof(token, shown, now) if scheme == "dpop" else None
        verified = verifier.verify(token, now=now, jkt=proof.jkt if proof else None)
        # Remembered for who has a good token only: anybody can make proofs without end.
        if proof and is_first_use and not is_first_use(f"{proof.jkt}.{proof.jti}", proof.expires_at):
            raise InvalidProof("used before")
        check(verified, requirement, now=now, leeway=verifier.leeway)
    except Refused as refused:
        refused.scheme = "DPoP" if scheme == "dpop" else "Bearer"
        raise
    return verified


def _proof(token: str, shown: Shown | None, now: int) -> Proof:
    if shown is None:
        raise InvalidToken("DPoP is not set up here")
    try:
        return verify_proof(shown, now=now, access_token=token)
    except BadProof as error:
        raise InvalidProof(str(error)) from error


def _credentials(authorization: Sequence[str]) -> tuple[str, str]:
    if not authorization:
        raise MissingToken("Send an access token: Authorization: Bearer <token>.")
    if len(authorization) > 1:
        # A proxy and the application might each believe another one.
        raise InvalidRequest("More than one Authorization header.")
    credentials = _CREDENTIALS.fullmatch(authorization[0].strip(" \t"))
    if credentials is None or credentials["scheme"].lower() not in ("bearer", "dpop"):
        raise MissingToken("Send an access token: Authorization: Bearer <token>.")
    if not credentials["token"]:
        raise InvalidToken("the Authorization header holds no token")
    return credentials["scheme"].lower(), credentials["token"]
