"""What an authorization request demands of the sign-in (OpenID Connect Core sections 3.1.2.1 and 5.5)."""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from idp.errors import InvalidRequestError, RequestNotSupportedError, RequestUriNotSupportedError
from idp.policy.question import Request

PROMPTS = ("none", "login", "select_account")
_MOST_VALUES = 20
_WHOLE_NUMBER = re.compile(r"[0-9]{1,10}")


def demands_of(parameters: Mapping[str, str], *, scope: str, levels: Collection[str]) -> Request:
    """The demands; raises the OAuth error for what is malformed or not offered.

    Of `acr_values` only those among the realm's `levels` are kept: however many are sent, few have to be remembered.
    """
    if "request" in parameters:
        raise RequestNotSupportedError
    if "request_uri" in parameters:
        raise RequestUriNotSupportedError
    if parameters.get("response_mode", "query") != "query":
        raise InvalidRequestError("Only the response mode query is offered.")
    acr_values = tuple(parameters.get("acr_values", "").split())
    essential, voluntary = _acr_of_claims(parameters.get("claims"))
    return Request(
        scopes=frozenset(scope.split()),
        acr_values=tuple(v for v in dict.fromkeys(acr_values or voluntary) if v in levels),
        essential_acr=essential,
        max_age=_max_age(parameters.get("max_age")),
        prompt=_prompt(parameters.get("prompt")),
    )


def _prompt(value: str | None) -> frozenset[str]:
    prompts = frozenset((value or "").split())
    if not prompts <= set(PROMPTS):
        raise InvalidRequestError("This prompt is not offered: none, login and select_account are.")
    if "none" in prompts and len(prompts) > 1:
        raise InvalidRequestError("prompt=none cannot be joined with another prompt.")
    return prompts


def _max_age(value: str | None) -> int | None:
    if value is None:
        return None
    if not _WHOLE_NUMBER.fullmatch(value):
        raise InvalidRequestError("max_age must be a whole number of seconds.")
    return int(value)


def _acr_of_claims(text: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The essential and the voluntary acr values that the `claims` parameter asks the ID token to have."""
    if text is None:
        return (), ()
    try:
        claims: Any = json.loads(text)
    except (ValueError, RecursionError):
        claims = None
    id_token = claims.get("id_token", {}) if isinstance(claims, dict) else None
    if not isinstance(id_token, dict | None) or (id_token is None and not isinstance(claims, dict)):
        raise InvalidRequestError("claims must be a JSON object.")
    acr = (id_token or {}).get("acr")
    if acr is None:
        return (), ()
    if not isinstance(acr, dict):
        raise InvalidRequestError("The acr of claims must be an object or null.")
    values = acr["values"] if "values" in acr else [acr["value"]] if "value" in acr else []
    if not isinstance(values, list) or not all(isinstance(v, str) for v in values) or len(values) > _MOST_VALUES:
        raise InvalidRequestError("The acr values of claims must be a short list of strings.")
    if acr.get("essential") not in (None, True, False):
        raise InvalidRequestError("essential must be true or false.")
    named = tuple(dict.fromkeys(values))
    return (named, ()) if acr.get("essential") else ((), named)
