"""How an authorization response travels (OAuth 2.0 Multiple Response Types, Form Post Response Mode, JARM)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from idp.errors import InvalidRequestError
from idp.login.request import AuthorizationResponse
from idp.oauth.redirect_uris import with_query
from idp.realm.client_sections import Client


@dataclass(frozen=True, slots=True)
class ResponseMode:
    """The way, and whether the response is one signed JWT (JARM section 2.3)."""

    way: Literal["query", "fragment", "form_post"]
    is_signed: bool = False


MODES = {
    "query": ResponseMode("query"),
    "fragment": ResponseMode("fragment"),
    "form_post": ResponseMode("form_post"),
    "jwt": ResponseMode("query", is_signed=True),
    "query.jwt": ResponseMode("query", is_signed=True),
    "fragment.jwt": ResponseMode("fragment", is_signed=True),
    "form_post.jwt": ResponseMode("form_post", is_signed=True),
}

_WEB = ("https://", "http://")
# Whoever asks for one of these waits for an answer in the fragment, an error too (Multiple Response Types section 5).
_TOKENS = frozenset({"token", "id_token"})


def mode_of(parameters: Mapping[str, str], redirect_uri: str, client: Client) -> ResponseMode:
    """The mode that a request asks for; raises InvalidRequestError for one that is not offered to the client."""
    offered: tuple[str, ...] = client.response_modes or tuple(MODES)
    mode = MODES.get(_asked(parameters))
    if mode is None or mode not in [MODES[name] for name in offered]:
        raise InvalidRequestError(f"This response_mode is not offered. These are: {', '.join(offered)}.")
    if mode.way == "form_post" and not redirect_uri.startswith(_WEB):
        # Nothing on a device takes a form, and a form to another scheme is a way to run something there.
        raise InvalidRequestError("form_post needs a redirect URI that is http or https.")
    return mode


def _asked(parameters: Mapping[str, str]) -> str:
    """The mode by name; where it is left open, the default of the response type (also JARM section 2.3.4)."""
    mode = parameters.get("response_mode")
    if mode not in (None, "jwt"):
        return mode
    default = "query" if _TOKENS.isdisjoint(parameters.get("response_type", "").split()) else "fragment"
    return default if mode is None else f"{default}.jwt"


def mode_of_refusal(parameters: Mapping[str, str], redirect_uri: str, client: Client) -> ResponseMode:
    """How an error comes back: as was asked for, else by the first way that the client may have its answers."""
    try:
        return mode_of(parameters, redirect_uri, client)
    except InvalidRequestError:
        first = MODES[client.response_modes[0] if client.response_modes else "query"]
        return first if first.way != "form_post" or redirect_uri.startswith(_WEB) else MODES["query"]


def address(response: AuthorizationResponse) -> str:
    """Where a response in the query or the fragment redirects to."""
    if response.mode == "fragment":
        return f"{response.redirect_uri}#{urlencode(response.parameters)}"
    return with_query(response.redirect_uri, response.parameters)
