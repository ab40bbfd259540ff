"""Software statements: what somebody who is believed says of a client, signed (RFC 7591 section 2.3)."""

from collections.abc import Mapping, Sequence
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from idp.resource_server.numeric_date import seconds
from idp.tokens import plain_json
from idp.tokens.jose import MAX_TOKEN, BadToken, Registry

ALGORITHMS = ("RS256", "PS256", "ES256", "RS384", "PS384", "ES384", "RS512", "PS512", "ES512", "EdDSA")


def issuer_of(statement: object) -> str:
    """Who claims to have signed it; raises BadToken for what is no JWT."""
    if not isinstance(statement, str) or len(statement) > MAX_TOKEN:
        raise BadToken("no text, or too long")
    try:
        claims = plain_json.parsed(jws.extract_compact(statement.encode(), registry=Registry()).payload)
    except (JoseError, ValueError, TypeError):
        raise BadToken("not a JWT") from None
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    if not isinstance(issuer, str):
        raise BadToken("no issuer")
    return issuer


def verified(statement: str, keys: Sequence[Mapping[str, str]], *, now: int) -> dict[str, Any]:
    """The claims of a statement that one of the keys signed and that has not expired; raises BadToken."""
    try:
        key_set = KeySet.import_key_set({"keys": [dict(key) for key in keys]})
        decoded = jwt.decode(statement, key_set, registry=Registry(ALGORITHMS))
    except (JoseError, ValueError, TypeError, KeyError):
        raise BadToken("not signed by one of the keys") from None
    expires = seconds(decoded.claims.get("exp", now + 1))
    if "crit" in decoded.header or expires is None or expires <= now:
        raise BadToken("expired")
    return decoded.claims
