"""DPoP at the endpoints of this server (RFC 9449): a proof is made for one request, for now, and is good once."""

import re

from idp.errors import InvalidDpopProofError, InvalidRequestError, UseDpopNonceError
from idp.oauth import endpoints
from idp.oauth.request import Context, OAuthRequest
from idp.realm.algorithms import FAPI2
from idp.realm.client_sections import Client
from idp.resource_server.dpop import AHEAD, ALGORITHMS, BadProof, Proof, Shown, verify_proof
from idp.store import used_identifiers

SIGNING_ALGORITHMS = ALGORITHMS
# A proof that was made beforehand, by somebody who had the key for a moment, is good for as long as its nonce.
_NONCE_LASTS = 300
_NONCE = "dpop nonce"
# FAPI 2.0 Security Profile section 5.4.1; RFC 9864 calls EdDSA by the name of its curve.
_OF_PROFILE = (*FAPI2, "Ed25519")
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")


def proof_of(request: OAuthRequest, *, endpoint: str, access_token: str | None = None) -> Proof | None:
    """The proof of a request, not used up yet, or None where it has none.

    `access_token`: at an endpoint that takes tokens, the one that comes with the request. Raises InvalidDpopProofError,
    UseDpopNonceError.
    """
    header = request.headers.get("dpop")
    if header is None:
        return None
    context, is_resource = request.context, access_token is not None
    shown = Shown(proofs=[header], method=request.method, url=endpoints.url(context.issuer, endpoint))
    try:
        proof = verify_proof(shown, now=context.now, access_token=access_token)
    except BadProof as error:
        raise InvalidDpopProofError(f"The DPoP proof cannot be used: {error}.", is_resource=is_resource) from None
    if not _is_nonce(context, proof.nonce):
        raise UseDpopNonceError(new_nonce(context), is_resource=is_resource)
    return proof


def use(context: Context, proof: Proof, *, client: Client, is_resource: bool = False) -> None:
    """Use up a proof for a client, or for a token of it.

    Raises InvalidDpopProofError when it was used before, or is signed by what the client's profile does not allow.
    """
    if client.profile == "fapi2" and proof.alg not in _OF_PROFILE:
        reason = "The DPoP proof is signed by an algorithm that FAPI 2.0 does not allow."
        raise InvalidDpopProofError(reason, is_resource=is_resource)
    whose = ("DPoP proof", context.realm.name, proof.jkt, proof.jti)
    if not used_identifiers.is_first_use(context.tx, *whose, expires_at=proof.expires_at):
        raise InvalidDpopProofError("The DPoP proof was used before.", is_resource=is_resource)


def refuse_no_thumbprint(jkt: str | None) -> None:
    """Raises InvalidRequestError for a `dpop_jkt` that no key has: no proof could ever meet it."""
    if jkt is not None and not _THUMBPRINT.fullmatch(jkt):
        raise InvalidRequestError("The dpop_jkt is not the SHA-256 thumbprint of a key in base64url.")


def new_nonce(context: Context) -> str:
    """A time that only this server can have written (RFC 9449 section 8)."""
    return f"{context.now}.{context.sealer.mac(_NONCE, f'{context.realm.name}:{context.now}')}"


def _is_nonce(context: Context, nonce: str | None) -> bool:
    written, _, tag = (nonce or "").partition(".")
    if not context.sealer.is_mac(tag, _NONCE, f"{context.realm.name}:{written}"):
        return False
    # Of several machines on one database, the clock of the one that wrote it may be a little ahead.
    return -AHEAD <= context.now - int(written) <= _NONCE_LASTS
