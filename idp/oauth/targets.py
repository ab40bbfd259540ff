"""What an access token is for: resource indicators (RFC 8707) and rich authorization requests (RFC 9396)."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from idp.errors import InvalidAuthorizationDetailsError, InvalidGrantError, InvalidTargetError
from idp.oauth.request import OAuthRequest, Payload
from idp.realm.client_sections import Client
from idp.realm.detail_types import broken_rule
from idp.realm.schema import Realm
from idp.store.consents import key_of
from idp.store.grants import Grant
from idp.tokens import plain_json

Detail = Mapping[str, Any]

_MOST_RESOURCES = 10
_MOST_DETAILS = 20
# They travel in the access token, which APIs take in a header.
_LONGEST_DETAILS = 3000
_DEEPEST_DETAILS = 16
_ABSOLUTE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-\"$-~]+")


@dataclass(frozen=True, slots=True)
class Target:
    """The APIs that a token is for, and what it allows there beside its scopes."""

    audience: tuple[str, ...]
    authorization_details: tuple[Detail, ...] = ()

    @property
    def described(self) -> dict[str, Any]:
        """The member of a token and of its response (RFC 9396 sections 7 and 9.1)."""
        details = [dict(detail) for detail in self.authorization_details]
        return {"authorization_details": details} if details else {}


def apis_of(realm: Realm, scopes: Collection[str]) -> tuple[str, ...]:
    """The APIs that scopes are for (RFC 9068 section 3)."""
    by_scope = (api for name in sorted(scopes) if name in realm.scopes for api in realm.scopes[name].audience)
    return tuple(dict.fromkeys(by_scope))


def resources_of(payload: Payload, among: Collection[str]) -> tuple[str, ...]:
    """The resources that a request names; raises InvalidTargetError for one that is not among those."""
    resources = tuple(dict.fromkeys(payload.datalist.get("resource", ())))
    if len(resources) > _MOST_RESOURCES:
        raise InvalidTargetError("There are too many resources.")
    for resource in resources:
        if not _ABSOLUTE_URI.fullmatch(resource):
            raise InvalidTargetError("A resource must be an absolute URI without a fragment.")
        if resource not in among:
            raise InvalidTargetError("No granted scope is for this resource.")
    return resources


def details_of(payload: Payload, client: Client, realm: Realm) -> tuple[Detail, ...]:
    """The authorization details that a request has; raises InvalidAuthorizationDetailsError (RFC 9396 section 5)."""
    text = payload.data.get("authorization_details")
    if text is None:
        return ()
    try:
        details: Any = plain_json.parsed(text, deepest=_DEEPEST_DETAILS) if len(text) <= _LONGEST_DETAILS else None
    except ValueError:
        details = None
    if not isinstance(details, list) or not 0 < len(details) <= _MOST_DETAILS:
        raise InvalidAuthorizationDetailsError("authorization_details must be a short JSON array.")
    for detail in details:
        if refused := _refusal(detail, client, realm):
            raise InvalidAuthorizationDetailsError(refused)
    return tuple(details)


def _refusal(detail: Any, client: Client, realm: Realm) -> str | None:
    if not isinstance(detail, dict) or detail.get("type") not in client.authorization_details_types:
        return "A type of the authorization_details is not registered here."
    rule = broken_rule(realm, detail)
    return f"A detail does not fit the schema of its type, {detail['type']}: {rule}" if rule else None


def target_of(request: OAuthRequest, *, scopes: Collection[str], grant: Grant | None) -> Target:
    """What the token is for that a token request gets: what was granted, or less.

    Raises InvalidTargetError, InvalidGrantError, InvalidAuthorizationDetailsError: before a refresh token is used up.
    """
    client, payload, realm = request.client.registered, request.payload, request.context.realm
    apis = apis_of(realm, scopes)
    granted = grant.asked.resources if grant else ()
    possible = tuple(api for api in apis if not granted or api in granted)
    audience = resources_of(payload, possible) or possible or (client.client_id,)
    if grant is None:
        return Target(audience, details_of(payload, client, realm))
    allowed = grant.asked.authorization_details
    if any(_refusal(detail, client, realm) for detail in allowed):
        raise InvalidGrantError("Not all of this grant's authorization_details may be had any more.")
    details = details_of(payload, client, realm)
    # For Python, 1 and true are equal, and people allowed one of them.
    if not set(map(key_of, details)) <= set(map(key_of, allowed)):
        raise InvalidAuthorizationDetailsError("The authorization_details go beyond what was granted.")
    return Target(audience, details or tuple(allowed))
