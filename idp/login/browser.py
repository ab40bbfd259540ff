"""What a browser sends along, and what it is to keep."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from idp.tokens.bearer import new_bearer
from idp.tokens.sealing import NotSealedHere, Sealer

_PEOPLE_REMEMBERED = 5


@dataclass(frozen=True, slots=True)
class Browser:
    """The values of its cookies, empty where there is none, and the network that it comes from.

    `secret` binds sign-ins under way to the browser, `session` is the single sign-on session, `known` names the people
    who signed in here before.
    """

    secret: str = field(default="", repr=False)
    session: str = field(default="", repr=False)
    known: str = field(default="", repr=False)
    network: str = ""


@dataclass(frozen=True, slots=True)
class Cookies:
    """What the browser is to keep from now on; None leaves it as it is, an empty value deletes."""

    secret: str | None = field(default=None, repr=False)
    session: str | None = field(default=None, repr=False)
    known: str | None = field(default=None, repr=False)


def fresh_secret() -> str:
    """A new secret for `Browser.secret` or `Browser.session`."""
    return new_bearer()


def known_here(sealer: Sealer, realm: str, browser: Browser) -> dict[str, str]:
    """The people who signed in from this browser, each with an identifier of the browser for that person."""
    if not browser.known:
        return {}
    try:
        people: Any = sealer.open_json(browser.known, _context(realm))
    except NotSealedHere:
        return {}
    return dict(people)


def remember(sealer: Sealer, realm: str, browser: Browser, user_id: str) -> str | None:
    """The value of `Cookies.known` once this person has signed in; None when the browser knows it already."""
    people = known_here(sealer, realm, browser)
    if user_id in people:
        return None
    newest = [*people.items(), (user_id, secrets.token_hex(8))][-_PEOPLE_REMEMBERED:]
    return sealer.seal_json(dict(newest), _context(realm))


def _context(realm: str) -> str:
    return f"known browser:{realm}"
