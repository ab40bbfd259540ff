"""What a resource demands of the caller's sign-in, and the comparison with a verified token (RFC 9470 section 3)."""

import re
from dataclasses import dataclass

from idp.resource_server.refused import InsufficientAuthentication, InsufficientScope, PersonRequired
from idp.resource_server.token import AccessToken

_WORD = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # the characters of a scope-token, RFC 6749 appendix A.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What is good enough: every acceptable acr, the preferred one first (none: any), and the sign-in's age in seconds.

    Raises ValueError for what no challenge could carry, and for a `max_age` under one second, which nobody could ever
    meet: a token is older than that when it arrives.
    """

    acr_values: tuple[str, ...] = ()
    max_age: int | None = None
    scopes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, words in (("acr_values", self.acr_values), ("scopes", self.scopes)):
            if not _are_words(words):
                raise ValueError(f"{name} is a tuple of words of printable ASCII without space, quote and backslash")
        if self.max_age is not None and not 1 <= self.max_age < 10**10:
            raise ValueError("max_age is a number of seconds, at least 1")

    @property
    def demands_person(self) -> bool:
        """Whether only somebody who has signed in can meet it."""
        return bool(self.acr_values) or self.max_age is not None


def _are_words(value: object) -> bool:
    """A string is none: whatever is a part of it would be in it."""
    return isinstance(value, tuple) and all(isinstance(word, str) and _WORD.fullmatch(word) for word in value)


def check(token: AccessToken, requirement: Requirement, *, now: int, leeway: int = 0) -> None:
    """Return where the token meets the requirement, raise the `Refused` that says what is missing where not.

    The token has been verified before: what a resource demands is told to nobody who has no valid token (RFC 9470
    section 9). `now` is in seconds since the epoch, `leeway` what the clocks of the issuer and of this API may differ
    by.
    """
    lacking = requirement.scopes if not token.scopes.issuperset(requirement.scopes) else ()
    if requirement.demands_person and token.is_client:
        raise PersonRequired
    if (missing := _missing(token, requirement, now - leeway)) is not None:
        raise InsufficientAuthentication(
            missing, acr_values=requirement.acr_values, max_age=requirement.max_age, scope=lacking
        )
    if lacking:
        raise InsufficientScope(requirement.scopes)


def _missing(token: AccessToken, requirement: Requirement, now: int) -> str | None:
    if requirement.acr_values and token.acr not in requirement.acr_values:
        return "A stronger sign-in is required."
    if requirement.max_age is None:
        return None
    if token.auth_time is None or now - token.auth_time > requirement.max_age:
        return "A more recent sign-in is required."
    return None
