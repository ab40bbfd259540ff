"""What a JWT that somebody else signed must say to be taken as an assertion (RFC 7523 section 3)."""

from collections.abc import Collection
from typing import Any

from idp.tokens.jose import BadToken

# An identifier is remembered until its assertion expires: a long life would fill the memory.
LONGEST = 3660
# Clocks that are a little ahead are forgiven (FAPI 2.0 Security Profile section 5.3.2.1).
AHEAD = 10
_LONGEST_IDENTIFIER = 255


def check(
    claims: dict[str, Any],
    *,
    issuer: str,
    subject: str,
    audiences: Collection[str],
    single_audience: bool,
    now: int,
) -> tuple[str, int]:
    """The `jti` and the time when the assertion expires, both to be remembered; raises BadToken.

    `single_audience`: the `aud` is one string and no list, so that no other server is an audience beside.
    """
    if claims.get("iss") != issuer or claims.get("sub") != subject:
        raise BadToken("another issuer or subject")
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else [] if single_audience else audience
    # Whoever else is named could present it here (RFC 7523 section 3 would allow it).
    if not isinstance(named, list) or not named or not all(isinstance(a, str) and a in audiences for a in named):
        raise BadToken("another audience")
    expires = claims.get("exp")
    if type(expires) is not int or not now < expires <= now + LONGEST:
        raise BadToken("no exp, or expired, or too far away")
    for begins in ("iat", "nbf"):
        if begins in claims and (type(claims[begins]) is not int or claims[begins] > now + AHEAD):
            raise BadToken("from the future")
    identifier = claims.get("jti")
    if not isinstance(identifier, str) or not 0 < len(identifier) <= _LONGEST_IDENTIFIER:
        raise BadToken("no jti")
    return identifier, expires
