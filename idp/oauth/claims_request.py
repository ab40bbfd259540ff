"""The `claims` parameter (OpenID Connect Core section 5.5): what is asked for by name, and with which values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.errors import InvalidRequestError
from idp.realm.claim_sections import SCOPE_OF_CLAIM
from idp.tokens import plain_json

_MOST_VALUES = 20
_MEMBERS = ("id_token", "userinfo")

ByName = Mapping[str, list[Any] | None]


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """`acr` and whether it is `essential`; `subjects` that the person must be; the claims of the person by member.

    The latter map a name to the values that are welcome, or to None for any.
    """

    acr: tuple[str, ...] = ()
    acr_is_essential: bool = False
    subjects: frozenset[str] = frozenset()
    members: Mapping[str, ByName] = field(default_factory=dict)

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes that would give what is asked for by name: rules about them bind all the same."""
        return scopes_of(self.members)


def scopes_of(members: Mapping[str, ByName]) -> frozenset[str]:
    """The scopes that would give those claims."""
    return frozenset(SCOPE_OF_CLAIM[name] for claims in members.values() for name in claims)


def claims_request(text: str | None, *, scopes: frozenset[str]) -> ClaimsRequest:
    """The parameter, read; raises InvalidRequestError.

    `scopes` are those that the client is registered for: it gets nothing by name that none of them would give. Claims
    that do not exist here are ignored (section 5.5).
    """
    if text is None:
        return ClaimsRequest()
    try:
        asked: Any = plain_json.parsed(text)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise InvalidRequestError("claims must be a JSON object.")
    members = {name: _member(asked.get(name)) for name in _MEMBERS}
    acr = members["id_token"].get("acr")
    named = _values(acr) or []
    if not all(isinstance(value, str) for value in named):
        raise InvalidRequestError("The acr values of claims must be a short list of strings.")
    return ClaimsRequest(
        acr=tuple(dict.fromkeys(named)),
        acr_is_essential=bool(acr and acr.get("essential")),
        subjects=_subjects(members),
        members={
            member: {name: _values(asked) for name, asked in claims.items() if SCOPE_OF_CLAIM.get(name) in scopes}
            for member, claims in members.items()
        },
    )


def _member(value: Any) -> dict[str, dict[str, Any] | None]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidRequestError("claims must be a JSON object of objects.")
    for asked in value.values():
        if asked is not None and not isinstance(asked, dict):
            raise InvalidRequestError("A claim in claims must be an object or null.")
        _values(asked)
        if asked and not isinstance(asked.get("essential"), bool | None):
            raise InvalidRequestError("essential must be true or false.")
    return value


def _values(asked: dict[str, Any] | None) -> list[Any] | None:
    if not asked or asked.keys().isdisjoint({"value", "values"}):
        return None
    values = asked["values"] if "values" in asked else [asked["value"]]
    if not isinstance(values, list) or len(values) > _MOST_VALUES:
        raise InvalidRequestError("The values of a claim must be a short list.")
    return values


def _subjects(members: Mapping[str, Mapping[str, dict[str, Any] | None]]) -> frozenset[str]:
    """Section 5.5.1: of a `sub` that is asked for, the person is the one or nobody is."""
    found = [v for claims in members.values() for v in _values(claims.get("sub")) or ()]
    if not all(isinstance(value, str) for value in found):
        raise InvalidRequestError("The sub of claims must be a string.")
    return frozenset(found)
