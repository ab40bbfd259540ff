"""An authorization request as the sign-in carries it, from the first page to the code."""

from collections.abc import Mapping
from dataclasses import dataclass

from idp.policy.question import Request


class RequestOutdated(Exception):
    """Its client was changed while the person was signing in, and could not make this request today."""


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A validated request. `parameters` are those of the wire, from which the answer is made at the end."""

    client_id: str
    redirect_uri: str
    demands: Request
    parameters: Mapping[str, str]

    @property
    def login_hint(self) -> str:
        """Who is probably signing in (OpenID Connect Core section 3.1.2.1)."""
        return self.parameters.get("login_hint", "")

    @property
    def ui_locales(self) -> str | None:
        """The languages that the portal asks for."""
        return self.parameters.get("ui_locales")
