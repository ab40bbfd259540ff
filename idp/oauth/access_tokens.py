"""Whether an access token is still good: its signature and time, and that nothing it rests on has ended."""

from dataclasses import dataclass
from typing import Any

from idp.oauth.request import Context
from idp.store import grants, people, revoked_tokens
from idp.store.grants import Grant
from idp.store.people import Known
from idp.tokens import claims as token_claims
from idp.tokens import jose


@dataclass(frozen=True, slots=True)
class ActiveToken:
    """An access token that is good now. A client's own token has neither grant nor person."""

    claims: dict[str, Any]
    grant: Grant | None
    known: Known | None

    @property
    def scopes(self) -> frozenset[str]:
        """What it is good for."""
        return frozenset(self.claims["scope"].split())


def active(context: Context, token: str) -> ActiveToken | None:
    """The token, or None for one that is forged, expired, revoked, or whose grant, person or client has ended."""
    realm, now = context.realm, context.now
    ring = context.keyrings.for_token(realm, token)
    try:
        claims = jose.verify(token, ring.private, typ=token_claims.ACCESS_TYP, issuer=context.issuer, now=now)
    except jose.BadToken:
        return None
    if realm.client(claims["client_id"]) is None:
        return None
    if "gid" not in claims:
        return None if revoked_tokens.contains(context.tx, claims["jti"]) else ActiveToken(claims, None, None)
    grant = grants.alive(context.tx, realm.name, grant_id=claims["gid"], now=now)
    known = people.by_id(context.tx, realm.name, grant.user_id) if grant else None
    if grant is None or known is None:
        return None
    person = known.person(realm)
    if not all(person.still_has(proof) for proof in grant.proofs):
        return None
    return ActiveToken(claims, grant, known)
