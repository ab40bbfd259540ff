"""An access token that has been verified (RFC 9068 section 2.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """Who is calling, through which client, and what was proven at that sign-in.

    `auth_time` is in seconds since the epoch: the oldest proof that `acr` rests on. `acr`, `amr` and `auth_time` are
    absent from a token that a client got for itself. `claims` has everything, `roles` those of the issuer's realm.
    """

    subject: str
    client_id: str
    scopes: frozenset[str]
    acr: str | None = None
    amr: tuple[str, ...] = ()
    auth_time: int | None = None
    roles: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(repr=False, hash=False)

    @property
    def is_client(self) -> bool:
        """Whether the client got it for itself, so that no sign-in stands behind it (RFC 9068 section 2.2)."""
        return self.subject == self.client_id and self.acr is None and self.auth_time is None
