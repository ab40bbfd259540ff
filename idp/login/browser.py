"""What a browser sends along, and what it is to keep."""

from dataclasses import dataclass, field

from idp.tokens.bearer import new_bearer
from idp.tokens.sealing import NotSealedHere, Sealer

_PEOPLE_REMEMBERED = 5


@dataclass(frozen=True, slots=True)
class Browser:
    """The values of its cookies, empty where there is none, and the network and address that it comes from.

    `secret` binds sign-ins under way to the browser, `session` is the single sign-on session, `known` names the people
    who signed in here before, `trusted` is what people trusted it by. `agent`: what it calls itself.
    """

    secret: str = field(default="", repr=False)
    session: str = field(default="", repr=False)
    known: str = field(default="", repr=False)
    trusted: str = field(default="", repr=False)
    network: str = ""
    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Cookies:
    """What the browser is to keep from now on; None leaves it as it is, an empty value deletes.

    `state` is no secret: it tells a frame of the portals whether the session is still the same.
    """

    secret: str | None = field(default=None, repr=False)
    session: str | None = field(default=None, repr=False)
    known: str | None = field(default=None, repr=False)
    trusted: str | None = field(default=None, repr=False)
    state: str | None = None


def fresh_secret() -> str:
    """A new secret for `Browser.secret` or `Browser.session`."""
    return new_bearer()


def is_known_here(sealer: Sealer, realm: str, browser: Browser, *, user_id: str, epoch: int) -> bool:
    """Whether this person has signed in from this browser with the password that they have had since `epoch`."""
    return _people(sealer, realm, browser).get(user_id) == epoch


def remember(sealer: Sealer, realm: str, browser: Browser, *, user_id: str, epoch: int) -> str | None:
    """The value of `Cookies.known` once this person has signed in; None when the browser knows it already."""
    if is_known_here(sealer, realm, browser, user_id=user_id, epoch=epoch):
        return None
    others = {known: since for known, since in _people(sealer, realm, browser).items() if known != user_id}
    newest = [*others.items(), (user_id, epoch)][-_PEOPLE_REMEMBERED:]
    return sealer.seal_json(dict(newest), _context(realm))


def _people(sealer: Sealer, realm: str, browser: Browser) -> dict[str, int]:
    """The epoch of each at their last sign-in here."""
    if not browser.known:
        return {}
    try:
        people: dict[str, int] = sealer.open_json(browser.known, _context(realm))
    except NotSealedHere:
        return {}
    return people


def _context(realm: str) -> str:
    return f"known browser:{realm}"
