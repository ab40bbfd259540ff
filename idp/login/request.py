"""An authorization request as the sign-in carries it, from the first page to the code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from idp.policy.question import Request


class RequestOutdated(Exception):
    """Its client was changed while the person was signing in, and could not make this request today."""


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """What goes back to the client, and how: in the query, in the fragment, or posted by a form (`form_post`)."""

    redirect_uri: str
    parameters: Mapping[str, str]
    mode: Literal["query", "fragment", "form_post"] = "query"


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A validated request. `parameters` are those of the client, from which the answer is made at the end.

    `pushed` is the `request_uri` of a request that was pushed; `signed`: it came in a signed request object.
    """

    client_id: str
    redirect_uri: str
    demands: Request
    parameters: Mapping[str, str]
    pushed: str = field(default="", repr=False)
    signed: bool = False

    @property
    def is_protected(self) -> bool:
        """Whether no browser may see or change its parameters: it cannot be written into an address to begin again."""
        return bool(self.pushed or self.device) or self.signed

    @property
    def device(self) -> str:
        """The device that waits for this sign-in (RFC 8628): its end is a page, not the client."""
        return self.parameters.get("device", "")

    @property
    def authorization_details(self) -> tuple[Mapping[str, Any], ...]:
        """What it asks for in detail (RFC 9396), as it was checked to be."""
        return tuple(json.loads(self.parameters.get("authorization_details", "[]")))

    @property
    def login_hint(self) -> str:
        """Who is probably signing in (OpenID Connect Core section 3.1.2.1)."""
        return self.parameters.get("login_hint", "")

    @property
    def ui_locales(self) -> str | None:
        """The languages that the portal asks for."""
        return self.parameters.get("ui_locales")
