"""What a JWT that somebody else signed must say to be taken as an assertion (RFC 7523 section 3)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from idp.resource_server.numeric_date import seconds
from idp.tokens import jose
from idp.tokens.jose import BadToken

# An identifier is remembered until its assertion expires: a long life would fill the memory.
LONGEST = 3660
# Clocks that are a little ahead are forgiven (FAPI 2.0 Security Profile section 5.3.2.1).
AHEAD = 10
_LONGEST_IDENTIFIER = 255


@dataclass(frozen=True, slots=True)
class Assertion:
    """Whom it is about, and its `jti` and the time when it expires, both to be remembered."""

    subject: str
    identifier: str
    expires_at: int


def claimed(token: str, name: str) -> str:
    """What a JWT says in that claim, unverified; empty where that is no text, or no JWT."""
    try:
        value = jose.unverified(token)[1].get(name)
    except BadToken:
        return ""
    return value if isinstance(value, str) else ""


def check(
    claims: dict[str, Any],
    *,
    issuer: str,
    audiences: Collection[str],
    single_audience: bool = False,
    longest: int = LONGEST,
    now: int,
) -> Assertion:
    """What claims with a good signature come to; raises BadToken. Whether it was used before is for the caller to see.

    `single_audience`: the `aud` is one string and no list, so that no other server is an audience beside. `longest`:
    how many seconds its end may be ahead.
    """
    if claims.get("iss") != issuer:
        raise BadToken("another issuer")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise BadToken("no subject")
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else [] if single_audience else audience
    # Whoever else is named could present it here (RFC 7523 section 3 would allow it).
    if not isinstance(named, list) or not named or not all(isinstance(a, str) and a in audiences for a in named):
        raise BadToken("another audience")
    expires = seconds(claims.get("exp"))
    if expires is None or not now < expires <= now + longest:
        raise BadToken("no exp, or expired, or too far away")
    for name in ("iat", "nbf"):
        begins = seconds(claims.get(name, now))
        if begins is None or begins > now + AHEAD:
            raise BadToken("from the future")
    identifier = claims.get("jti")
    if not isinstance(identifier, str) or not 0 < len(identifier) <= _LONGEST_IDENTIFIER:
        raise BadToken("no jti")
    return Assertion(subject, identifier, expires)
