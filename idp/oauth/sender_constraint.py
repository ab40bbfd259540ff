"""Tokens that only their client can use: bound to its key (RFC 9449), its certificate (RFC 8705 section 3), or both."""

from collections.abc import Mapping

from idp.errors import InvalidGrantError, InvalidRequestError
from idp.oauth import dpop
from idp.oauth.client_certificates import thumbprint
from idp.oauth.request import OAuthRequest
from idp.realm.client_sections import Client
from idp.store import grants
from idp.store.grants import Grant

Confirmation = Mapping[str, str]


def confirmation(request: OAuthRequest, client: Client) -> Confirmation | None:
    """The `cnf` (RFC 7800) of the tokens that a token request gets; None for bearer tokens.

    Uses the proof of the request up. Raises InvalidDpopProofError, InvalidRequestError for a client that must not have
    bearer tokens and shows nothing to bind them to.
    """
    cnf: dict[str, str] = {}
    if client.tls_client_certificate_bound_access_tokens:
        if request.certificate is None:
            raise InvalidRequestError("This client's tokens are bound to its certificate: connect with it.")
        cnf["x5t#S256"] = thumbprint(request.certificate)
    if request.proof is not None:
        dpop.use(request.context, request.proof, client=client)
        cnf["jkt"] = request.proof.jkt
    elif client.dpop_bound_access_tokens:
        # Not invalid_dpop_proof: no proof is wrong, a part of the request is missing (RFC 6749 section 5.2).
        raise InvalidRequestError("This client's tokens are bound to a key: send a DPoP proof.")
    return cnf or None


def shows(request: OAuthRequest, cnf: Confirmation | None) -> bool:
    """Whether a token request shows all that something was bound to."""
    return (cnf or {}).items() <= (request.cnf or {}).items()


def bind(request: OAuthRequest, grant: Grant) -> None:
    """A public client's refresh tokens are bound to the key that redeems its code (RFC 9449 section 5).

    Raises InvalidGrantError where the code was asked for with another key.
    """
    if not shows(request, grant.cnf):
        raise InvalidGrantError("The code is bound to another key.")
    if request.cnf is not None and request.client.registered.is_public:
        grants.bind(request.context.tx, grant.id, request.cnf)


def is_met(cnf: Confirmation | None, request: OAuthRequest, *, scheme: str) -> bool:
    """Whether whoever presents a token shows what it is bound to. A proof of the request was verified for the token."""
    bound = cnf or {}
    # A bearer token that comes with a proof is refused: the proof would look like protection and be none. RFC 9449
    # section 7.2: whoever takes a bound token as a bearer token lets a thief use it.
    if (scheme == "dpop") != ("jkt" in bound):
        return False
    shown: dict[str, str] = {}
    if request.proof is not None:
        shown["jkt"] = request.proof.jkt
    if request.certificate is not None:
        shown["x5t#S256"] = thumbprint(request.certificate)
    return bound.items() <= shown.items()


def token_type(cnf: object) -> str:
    """RFC 9449 section 5; a token bound to a certificate is sent as a bearer token."""
    return "DPoP" if isinstance(cnf, Mapping) and "jkt" in cnf else "Bearer"
