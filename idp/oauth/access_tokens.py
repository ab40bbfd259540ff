"""Whether an access token is still good: its signature and time, and that nothing it rests on has ended."""

from dataclasses import dataclass
from typing import Any

from idp.oauth.request import Context
from idp.realm.client_sections import Client
from idp.store import grants, people, revoked_tokens
from idp.store.grants import Grant
from idp.store.people import Known
from idp.tokens import claims as token_claims
from idp.tokens import jose
from idp.tokens.sealing import NotSealedHere


@dataclass(frozen=True, slots=True)
class ActiveToken:
    """An access token that is good now. A client's own token has neither grant nor person."""

    claims: dict[str, Any]
    grant: Grant | None
    known: Known | None

    @property
    def audience(self) -> tuple[str, ...]:
        """The APIs that it is for."""
        named = self.claims["aud"]
        return tuple(named) if isinstance(named, list) else (named,)

    def concerns(self, client: Client) -> bool:
        """Whether it was issued to the client, or is for an API that the client is: nobody else's business."""
        return self.claims["client_id"] == client.client_id or not set(self.audience).isdisjoint(client.audiences)

    @property
    def exchanged(self) -> tuple[str, ...]:
        """The `jti` of every exchanged token that it rests on, its own among them: each may be revoked by itself."""
        is_own = self.grant is not None and self.claims["client_id"] == self.grant.client_id
        return (*self.claims.get("chain", ()), *(() if is_own else (self.claims["jti"],)))

    @property
    def scopes(self) -> frozenset[str]:
        """What it is good for."""
        return frozenset(self.claims["scope"].split())


def active(context: Context, token: str) -> ActiveToken | None:
    """The token, or None for one that is forged, expired, revoked, or whose grant, person or client has ended."""
    realm, now = context.realm, context.now
    claims = _signed(context, token) if token.count(".") == 2 else _opened(context, token)
    if claims is None or claims["exp"] <= now:
        return None
    if realm.client(claims["client_id"]) is None:
        return None
    if "gid" not in claims:
        return None if revoked_tokens.contains(context.tx, (claims["jti"],)) else ActiveToken(claims, None, None)
    grant = grants.alive(context.tx, realm.name, grant_id=claims["gid"], now=now)
    known = people.by_id(context.tx, realm.name, grant.user_id) if grant else None
    if grant is None or known is None:
        return None
    person = known.person(realm)
    if not all(person.still_has(proof) for proof in grant.proofs):
        return None
    found = ActiveToken(claims, grant, known)
    # One that another client got in exchange ends by itself, and what was made from it, and not with the grant only.
    return None if found.exchanged and revoked_tokens.contains(context.tx, found.exchanged) else found


def sealed(context: Context, claims: dict[str, Any]) -> str:
    """An opaque access token: what a signed one says, which only this server can read."""
    return context.sealer.seal_json(claims, _sealed_for(context))


def _opened(context: Context, token: str) -> dict[str, Any] | None:
    try:
        claims: dict[str, Any] = context.sealer.open_json(token, _sealed_for(context))
    except NotSealedHere:
        return None
    return claims


def _signed(context: Context, token: str) -> dict[str, Any] | None:
    ring = context.keyrings.for_token(context.realm, token)
    try:
        return jose.verify(token, ring.private, typ=token_claims.ACCESS_TYP, issuer=context.issuer, now=context.now)
    except jose.BadToken:
        return None


def _sealed_for(context: Context) -> str:
    return f"access token:{context.realm.name}"
