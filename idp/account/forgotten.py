"""A forgotten password: whoever asks gets one answer, and the person a link by mail if they can have one.

The answer does not wait for the work, which goes on beside the request: so neither its words nor its time tell whether
there is such a person.
"""

from collections.abc import Callable
from dataclasses import dataclass

from idp.account import links
from idp.account.way_back import WaysBack
from idp.events.catalogue import Event
from idp.events.log import emit
from idp.login.browser import Browser
from idp.login.handles import Handles
from idp.login.request import AuthorizationRequest
from idp.login.steps import Lost
from idp.outbound.codes import Addressed, Codes
from idp.outbound.queue import Carrier
from idp.outbound.results import Failed, Outcome, Sent
from idp.realm.schema import Realm
from idp.store import limits, people
from idp.store.database import Database
from idp.store.users import User

FORGOTTEN = "/login-actions/reset-credentials"  # below the issuer
LONGEST_NAME = 255
# Of all names, those that nobody has too: what is behind this limits what a person and an address get.
_PER_NETWORK, _HOUR = 60, 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody typed, where they were on the way to, and in which language."""

    identifier: str
    came_from: AuthorizationRequest | None
    browser: Browser
    locale: str
    now: int


class ForgottenPasswords:
    """Makes the links and has them sent. `issuer(realm)`: from the settings. Safe to use from many threads."""

    def __init__(
        self,
        *,
        database: Database,
        codes: Codes,
        carrier: Carrier,
        handles: Handles,
        ways_back: WaysBack,
        issuer: Callable[[str], str],
    ) -> None:
        self._database = database
        self._codes = codes
        self._carrier = carrier
        self._handles = handles
        self._ways_back = ways_back
        self._issuer = issuer

    def request_of(self, realm: Realm, handle: str, browser: Browser, now: int) -> AuthorizationRequest | None:
        """The request of the sign-in that somebody comes from, where it is one of this browser."""
        with self._database.read() as tx:
            found = self._handles.find(tx, realm.name, handle, browser, now)
        if isinstance(found, Lost):
            return found.request if found.why == "expired" else None
        return found.state.request

    def ask(self, realm: Realm, asked: Asked) -> None:
        """Take the question up; what comes of it is in the mailbox of the person, or nowhere."""
        subject = limits.network_subject("reset", realm.name, asked.browser.network)
        with self._database.write() as tx:
            taken = limits.take(tx, subject, limit=_PER_NETWORK, window=_HOUR, now=asked.now)
        if taken is None or len(asked.identifier) > LONGEST_NAME:
            emit(Event.LINK_REFUSED, realm=realm.name, purpose="reset", reason="throttled" if taken is None else "name")
            return

        def report(outcome: Outcome) -> None:
            if isinstance(outcome, Failed):
                emit(Event.LINK_REFUSED, realm=realm.name, purpose="reset", reason=outcome.kind.value)

        self._carrier.submit(lambda: self._send(realm, asked), report)

    def stop(self) -> None:
        """Finish what was taken up, for some seconds."""
        self._carrier.stop()

    def _send(self, realm: Realm, asked: Asked) -> Outcome:
        with self._database.write() as tx:
            known = people.by_identifier(tx, realm.name, asked.identifier)
            if known is None:
                # It may be a password typed into the wrong field: it is not logged.
                tx.emit(Event.LINK_REFUSED, realm=realm.name, purpose="reset", reason="unknown")
                return Sent("")
            user = known.user
            if (why := _hindrance(user)) or not user.email:
                who = {"realm": realm.name, "user_id": user.id, "username": user.username}
                tx.emit(Event.LINK_REFUSED, **who, purpose="reset", reason=why)
                return Sent("")
            to = Addressed(user=user, to=user.email, purpose="link", locale=asked.locale, network=asked.browser.network)
            came_from = self._ways_back.seal(realm.name, asked.came_from, asked.browser) if asked.came_from else None
            links.send(
                tx,
                self._codes,
                realm,
                to,
                "reset",
                issuer=self._issuer(realm.name),
                by="person",
                now=asked.now,
                came_from=came_from,
            )
        return Sent("")


def _hindrance(user: User) -> str | None:
    """Why this person gets no link. Where there is no password, a mailbox must not become a new way in."""
    if not user.enabled:
        return "disabled"
    if user.password_hash is None:
        return "no-password"
    return None if user.email else "no-address"
