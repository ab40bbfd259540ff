"""Software statements: what somebody who is believed says of a client, signed (RFC 7591 section 2.3)."""

from collections.abc import Mapping, Sequence
from typing import Any

from idp.realm.algorithms import SIGNING
from idp.resource_server.numeric_date import seconds
from idp.tokens import jose
from idp.tokens.jose import BadToken


def issuer_of(statement: object) -> str:
    """Who claims to have signed it; raises BadToken for what is no JWT."""
    issuer = jose.unverified(statement)[1].get("iss") if isinstance(statement, str) else None
    if not isinstance(issuer, str):
        raise BadToken("no issuer")
    return issuer


def verified(statement: str, keys: Sequence[Mapping[str, str]], *, now: int) -> dict[str, Any]:
    """The claims of a statement that one of the keys signed and that has not expired; raises BadToken."""
    _, claims = jose.verify_foreign(statement, jose.public_keys(keys), algorithms=SIGNING)
    expires = seconds(claims.get("exp", now + 1))
    if expires is None or expires <= now:
        raise BadToken("expired")
    return claims
