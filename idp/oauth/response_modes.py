"""How an authorization response travels (OAuth 2.0 Multiple Response Types, Form Post Response Mode, JARM)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from idp.errors import InvalidRequestError
from idp.login.request import AuthorizationResponse


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


def mode_of(parameters: Mapping[str, str], redirect_uri: str) -> ResponseMode:
    """The mode that a request asks for; raises InvalidRequestError for one that is not offered."""
    mode = MODES.get(parameters.get("response_mode", "query"))
    if mode is None:
        raise InvalidRequestError(f"This response_mode is not offered: {', '.join(MODES)} are.")
    if mode.way == "form_post" and not redirect_uri.startswith(("https://", "http://")):
        # Nothing on a device takes a form, and a form to another scheme is a way to run something there.
        raise InvalidRequestError("form_post needs a redirect URI that is http or https.")
    return mode


def address(response: AuthorizationResponse) -> str:
    """Where a response in the query or the fragment redirects to."""
    encoded = urlencode(dict(response.parameters))
    if not encoded:
        return response.redirect_uri
    if response.mode == "fragment":
        return f"{response.redirect_uri}#{encoded}"
    return f"{response.redirect_uri}{'&' if '?' in response.redirect_uri else '?'}{encoded}"
