"""What an authorization request demands of the sign-in (OpenID Connect Core sections 3.1.2.1 and 5.5)."""

import re
from collections.abc import Collection, Mapping, Set

from idp.errors import InvalidRequestError
from idp.oauth.claims_request import ClaimsRequest
from idp.policy.question import Request

PROMPTS = ("none", "login", "consent", "select_account")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,10}")


def demands_of(
    parameters: Mapping[str, str], *, scope: str, levels: Collection[str], claims: ClaimsRequest, people: Set[str]
) -> Request:
    """The demands; raises InvalidRequestError. `people`: the user ids that the request names, empty for nobody's.

    Of `acr_values` only those among the realm's `levels` are kept: however many are sent, few have to be remembered.
    """
    acr_values = tuple(parameters.get("acr_values", "").split())
    voluntary = () if claims.acr_is_essential else claims.acr
    return Request(
        scopes=frozenset(scope.split()) | claims.scopes,
        acr_values=tuple(v for v in dict.fromkeys(acr_values or voluntary) if v in levels),
        essential_acr=claims.acr if claims.acr_is_essential else (),
        max_age=_max_age(parameters.get("max_age")),
        prompt=_prompt(parameters.get("prompt")),
        subject=_subject(people),
    )


def _subject(people: Set[str]) -> str | None:
    """Nobody is two people: a request that names several is one that nobody meets."""
    return None if not people else next(iter(people)) if len(people) == 1 else ""


def _prompt(value: str | None) -> frozenset[str]:
    prompts = frozenset((value or "").split())
    if not prompts <= set(PROMPTS):
        raise InvalidRequestError(f"This prompt is not offered. These are: {', '.join(PROMPTS)}.")
    if "none" in prompts and len(prompts) > 1:
        raise InvalidRequestError("prompt=none cannot be joined with another prompt.")
    return prompts


def _max_age(value: str | None) -> int | None:
    if value is None:
        return None
    if not _WHOLE_NUMBER.fullmatch(value):
        raise InvalidRequestError("max_age must be a whole number of seconds.")
    return int(value)
