"""What a sign-in comes to after each request: a page to show, a place to go, or an end. `web` renders them."""

from dataclasses import dataclass, field

from idp.login.browser import Cookies
from idp.login.request import AuthorizationRequest
from idp.policy.decide import Reason


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence of the catalogue, with its values."""

    key: str
    values: dict[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a sign-in; `handle` and `csrf_token` come back with its form."""

    name: str
    request: AuthorizationRequest
    handle: str = field(repr=False)
    csrf_token: str = field(repr=False)
    error: Message | None = None
    reasons: tuple[Reason, ...] = ()
    username: str = ""
    others: tuple[str, ...] = ()
    cookies: Cookies = field(default_factory=Cookies)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPage(Page):
    """`is_fixed`: the person is known from the session and can only prove to be still there."""

    is_fixed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolPage(Page):
    """A new authenticator app."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    issuer: str
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodesPage(Page):
    """New recovery codes, to be kept."""

    codes: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodesLowPage(Page):
    """Few recovery codes are left."""

    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedPage(Page):
    """Nothing that the person could do here goes on: `no-factor` is accepted, or their factors are `shut`."""

    why: str


@dataclass(frozen=True, slots=True)
class GoOn:
    """To the page of a sign-in, by a redirect, so that reloading it posts nothing again."""

    handle: str = field(repr=False)
    cookies: Cookies


@dataclass(frozen=True, slots=True)
class Arrived:
    """Everything is proven: back to the portal with a code."""

    location: str = field(repr=False)
    cookies: Cookies


@dataclass(frozen=True, slots=True)
class Refused:
    """Back to the portal with an OAuth error."""

    request: AuthorizationRequest
    error: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The sign-in cannot go on: `expired`, `other-browser`, `forbidden-form` or `unknown-client`.

    It can begin anew with its `request`.
    """

    why: str
    request: AuthorizationRequest | None = None


Step = Page | GoOn | Arrived | Refused | Lost
