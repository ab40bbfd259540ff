"""`id_token_hint` (OpenID Connect Core section 3.1.2.1): an ID token of ours, possibly expired, of who is meant.

RP-Initiated Logout takes one too (section 2).
"""

from typing import Any

from idp.errors import InvalidRequestError
from idp.oauth.keyrings import KeyRings
from idp.realm.schema import Realm
from idp.tokens import claims as token_claims
from idp.tokens import jose


def hinted(
    token: str, *, realm: Realm, issuer: str, keyrings: KeyRings, client_id: str | None, now: int
) -> dict[str, Any]:
    """The claims of an ID token that this realm once issued to this client; raises InvalidRequestError.

    `client_id`: None where the request names no client.
    """
    try:
        claims = jose.verify(
            token,
            keyrings.for_token(realm, token).private,
            typ=token_claims.ID_TYP,
            issuer=issuer,
            now=now,
            ignore_expiry=True,
        )
    except jose.BadToken:
        raise InvalidRequestError("The id_token_hint was not issued here.") from None
    if claims.get("typ") != "ID" or client_id not in (None, claims["aud"]):
        raise InvalidRequestError("The id_token_hint was not issued to this client.")
    return claims
