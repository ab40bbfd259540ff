"""What a sign-in comes to after each request: a page to show, a place to go, or an end. `web` renders them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.login.browser import Cookies
from idp.login.request import AuthorizationRequest, AuthorizationResponse
from idp.policy.decide import Reason
from idp.policy.invitations import Invitation
from idp.store.people import Known
from idp.store.sessions import SsoSession


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence of the catalogue, with its values."""

    key: str
    values: dict[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a sign-in; `handle` and `csrf_token` come back with its form.

    `trust`: for how many seconds this browser may be trusted, where a rule allows it. `is_equipped`: the person owns a
    second factor. `typed`: what was typed into fields that need not be filled in again.
    """

    name: str
    request: AuthorizationRequest
    handle: str = field(repr=False)
    csrf_token: str = field(repr=False)
    error: Message | None = None
    reasons: tuple[Reason, ...] = ()
    username: str = ""
    others: tuple[str, ...] = ()
    trust: int | None = None
    is_equipped: bool = False
    typed: Mapping[str, str] = field(default_factory=dict, repr=False)
    cookies: Cookies = field(default_factory=Cookies)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPage(Page):
    """`is_fixed`: the person is known from the session and can only prove to be still there.

    `passkey`: what a browser that holds one is asked for (WebAuthn section 5.5).
    """

    is_fixed: bool = False
    passkey: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyPage(Page):
    """A passkey is asked for, or made. `options`: for `navigator.credentials` (WebAuthn sections 5.4 and 5.5)."""

    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentCodePage(Page):
    """A code that is sent. `targets`: the identifier of each number or address, and what is shown of it.

    `sent_to`: the one that the newest code went to.
    """

    targets: tuple[tuple[str, str], ...]
    sent_to: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationPage(Page):
    """A number or an address is set up. `to`: the one that a code was sent to; `suggested`: what may be meant."""

    to: str = field(repr=False)
    suggested: str = field(repr=False)
    is_sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoicePage(Page):
    """What may be set up, the strongest first."""

    factors: tuple[str, ...]


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
class InvitationPage(Page):
    """What may be set up, and until when it may be put off."""

    invitation: Invitation


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asks a person for: scopes, and authorization details (RFC 9396)."""

    scopes: tuple[str, ...]
    details: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPage(Page):
    """What the client asks for."""

    asked: Asked


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

    response: AuthorizationResponse = field(repr=False)
    cookies: Cookies


@dataclass(frozen=True, slots=True)
class ToNewCodes:
    """Everything is proven: signed in, and on to the account page that makes recovery codes. No portal gets a code."""

    cookies: Cookies


@dataclass(frozen=True, slots=True)
class Entered:
    """Everything is proven: the account pages are open."""

    known: Known
    session: SsoSession


@dataclass(frozen=True, slots=True)
class Refused:
    """Back to the portal with an OAuth error."""

    request: AuthorizationRequest
    error: str


@dataclass(frozen=True, slots=True)
class Lost:
    """The sign-in cannot go on: `expired`, `other-browser`, `forbidden-form` or `unknown-client`.

    `signed-in`: its first page was left open while this browser signed in; `other-tab`: while it went on with another
    sign-in. It can begin anew with its `request`.
    """

    why: str
    request: AuthorizationRequest | None = None


Step = Page | GoOn | Arrived | ToNewCodes | Entered | Refused | Lost
