"""What ID token and UserInfo say of a person (OpenID Connect Core sections 5.1, 5.4 and 5.5)."""

from typing import Any

from idp.login.second_factor import secret_context
from idp.oauth.claims_request import ByName
from idp.oauth.request import Context
from idp.realm.claim_sections import SCOPE_OF_CLAIM
from idp.realm.client_sections import Client
from idp.store.people import Known
from idp.tokens.sealing import NotSealedHere


def person_claims(
    context: Context, known: Known, *, scopes: frozenset[str], client: Client, by_name: ByName | None
) -> dict[str, Any]:
    """What the scopes give, and of what is asked for by name what a scope of the client would give."""
    asked = by_name or {}

    def is_welcome(claim: str, value: Any) -> bool:
        if claim not in asked or SCOPE_OF_CLAIM[claim] not in client.scopes:
            return False
        values = asked[claim]
        return values is None or value in values

    known_claims = _known_claims(context, known).items()
    return {claim: v for claim, v in known_claims if SCOPE_OF_CLAIM[claim] in scopes or is_welcome(claim, v)}


def _known_claims(context: Context, known: Known) -> dict[str, Any]:
    """All that there is to say; what is not known is left out."""
    user = known.user
    claims = {"preferred_username": user.username, "updated_at": user.updated_at, **user.claims}
    if user.name:
        claims["name"] = user.name
    if user.email:
        claims |= {"email": user.email, "email_verified": user.email_verified}
    if number := user.claims.get("phone_number"):
        claims["phone_number_verified"] = _has_proven(context, known, number)
    return claims


def _has_proven(context: Context, known: Known, number: str) -> bool:
    """Whether the person typed in a code that was sent to this very number, and still has it as a factor."""
    for factor in known.of_factor("sms"):
        try:
            sealed_for = context.sealer.open(factor.secret, secret_context(known.user.id, factor.id))
        except NotSealedHere:
            continue
        if sealed_for.decode() == number:
            return True
    return False
