"""Codes and links on their way to a person: limited and recorded in the caller's transaction, sent after its commit."""

import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from idp.events.catalogue import Event
from idp.outbound import quota
from idp.outbound.letters import Letters, told_of
from idp.outbound.notices import Notice
from idp.outbound.phone import country_of
from idp.outbound.queue import Carrier, Report
from idp.outbound.quota import Asked, Purpose
from idp.outbound.results import Failed, Failure, Outcome, Sent
from idp.outbound.sms.drivers import sms_driver
from idp.outbound.sms.message import Check, CodeService, Sms, SmsSender
from idp.outbound.texts import code_text
from idp.realm.factor_sections import Sms as SmsSection
from idp.realm.schema import Realm
from idp.settings import Settings
from idp.store import limits, messages
from idp.store.database import Database, Transaction
from idp.store.limits import Limit
from idp.store.users import User
from idp.tokens.sealing import Sealer

CALLBACK = "/twilio/status"  # below the issuer

# Each of them holds a thread of the server for as long as the provider likes.
_CHECKS_AT_ONCE = 4
_WAITING_AT_ONCE = 4
_PATIENCE = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Addressed:
    """Whom a message is for and why it is sent. `to`: E.164 or a mail address; `network`: that which asked for it."""

    user: User
    to: str = field(repr=False)
    purpose: Purpose
    locale: str
    network: str
    credential_id: str | None = None
    message_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing is sent. `seconds` until it may be; `is_pause`: only a moment after the last one."""

    seconds: int
    is_pause: bool


class Codes:
    """Sends codes by text message and mail. Safe to use from many threads."""

    def __init__(
        self, *, database: Database, sealer: Sealer, letters: Letters, carrier: Carrier, settings: Settings
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._letters = letters
        self._carrier = carrier
        self._settings = settings
        self._host = urlsplit(settings.public_url).hostname or ""
        self._drivers: dict[str, tuple[SmsSection, SmsSender | CodeService]] = {}  # by realm
        self._checks = threading.BoundedSemaphore(_CHECKS_AT_ONCE)
        self._waiting = threading.BoundedSemaphore(_WAITING_AT_ONCE)

    def prepare(self, realm: Realm) -> None:
        """Raises SettingsError for a realm whose messages could not be sent."""
        if realm.factors.sms is not None:
            self._driver(realm, realm.factors.sms)

    def text(self, tx: Transaction, realm: Realm, to: Addressed, *, code: str, now: int) -> Held | None:
        """A code by text message, once `tx` is committed; or why not, and then nothing is counted.

        Where `made_elsewhere`, the provider makes the code and `code` is not used.
        """
        section = _configured(realm)
        kind = f"sms-{to.purpose}"
        wanted = quota.of_sms(
            _asked(realm, to),
            e164=to.to,
            country=country_of(to.to),
            daily_limit=section.daily_limit,
            mac=self._mac,
        )
        if held := self._hold(tx, realm, to, wanted=wanted, kind=kind, now=now):
            return held
        driver = self._driver(realm, section)
        self._record(tx, realm, to, kind=kind, now=now)

        text = code_text(code=code, title=realm.title, host=self._host, locale=to.locale, purpose=to.purpose)
        message = Sms(to=to.to, text=text, lifetime=section.lifetime, reference=to.message_id)

        def work() -> Outcome:
            if isinstance(driver, CodeService):
                return driver.start(to.to, locale=to.locale)
            return driver.send(message)

        # What Verify calls a verification stays the same while the code lives: it is no name of a message.
        is_named = not isinstance(driver, CodeService)
        report, wait = self._watched(to, self._report(realm, to, kind=kind, is_named=is_named))
        tx.after_commit(lambda: self._carrier.submit(work, report))
        tx.after_commit(wait)
        return None

    def mail(
        self, tx: Transaction, realm: Realm, to: Addressed, notice: Notice, *, now: int, **values: Any
    ) -> Held | None:
        """A letter with a code or a link (`EMAIL_CODE`, `PASSWORD_RESET`, `VERIFY_ADDRESS`), on the same terms."""
        if realm.mail is None:
            raise LookupError(f"the realm {realm.name!r} has no mail")
        kind = f"mail-{notice.value.key}"
        wanted = quota.of_mail(_asked(realm, to), address=to.to, mac=self._mac)
        if held := self._hold(tx, realm, to, wanted=wanted, kind=kind, now=now):
            return held
        self._record(tx, realm, to, kind=kind, now=now)
        report, wait = self._watched(to, self._report(realm, to, kind=kind, is_named=False))
        self._letters.post(
            tx, realm, to.user, notice, now=now, locale=to.locale, to=to.to, report=report, values=values
        )
        tx.after_commit(wait)
        return None

    def made_elsewhere(self, realm: Realm) -> bool:
        """Whether the provider makes and checks the codes of text messages itself: then ask `check`."""
        return _configured(realm).sender == "twilio-verify"

    def check(self, realm: Realm, to: str, *, code: str) -> Check | Failed:
        """What the provider says of a code that it made; takes seconds, so never inside a transaction."""
        driver = self._driver(realm, _configured(realm))
        if not isinstance(driver, CodeService):
            raise TypeError(f"the realm {realm.name!r} checks its codes itself")
        if not self._checks.acquire(blocking=False):
            return Failed(Failure.TRANSIENT)
        try:
            return driver.check(to, code=code)
        finally:
            self._checks.release()

    def stop(self) -> None:
        """Send what waits, for some seconds."""
        self._carrier.stop()

    def _hold(
        self, tx: Transaction, realm: Realm, to: Addressed, *, wanted: Iterable[Limit], kind: str, now: int
    ) -> Held | None:
        reached = limits.take_all(tx, wanted, now=now)
        if reached is None:
            return None
        is_pause = reached.kind.endswith("-pause")
        if not is_pause:
            tx.emit(Event.MESSAGE_HELD, **_who(realm, to), kind=kind, limit=reached.kind)
        return Held(limits.seconds_left(tx, reached.subject, now), is_pause)

    def _watched(self, to: Addressed, report: Report) -> tuple[Report, Callable[[], None]]:
        """The report, and what waits a moment for it: most refusals come at once, and then the next page tells.

        Nobody waits for a link that a stranger may ask for: how long it takes would say whether it is sent.
        """
        told = threading.Event()

        def reported(outcome: Outcome) -> None:
            try:
                report(outcome)
            finally:
                told.set()

        def wait() -> None:
            if to.purpose != "link" and self._waiting.acquire(blocking=False):
                try:
                    told.wait(_PATIENCE)
                finally:
                    self._waiting.release()

        return reported, wait

    def _record(self, tx: Transaction, realm: Realm, to: Addressed, *, kind: str, now: int) -> None:
        messages.add(
            tx,
            message_id=to.message_id,
            realm=realm.name,
            user_id=to.user.id,
            credential_id=to.credential_id,
            kind=kind,
            now=now,
        )

    def _report(self, realm: Realm, to: Addressed, *, kind: str, is_named: bool) -> Report:
        message_id = to.message_id

        def report(outcome: Outcome) -> None:
            event, told = told_of(outcome)
            with self._database.write() as tx:
                if isinstance(outcome, Sent):
                    messages.handed_over(tx, message_id, provider_id=outcome.provider_id if is_named else None)
                else:
                    certain = outcome.kind is not Failure.UNKNOWN_OUTCOME
                    messages.not_handed_over(tx, message_id, failure=outcome.kind.value, is_certain=certain)
                tx.emit(event, **_who(realm, to), kind=kind, message_id=message_id, **told)

        return report

    def _driver(self, realm: Realm, section: SmsSection) -> SmsSender | CodeService:
        """The driver of the realm as its file is now."""
        known = self._drivers.get(realm.name)
        if known is None or known[0] != section:
            callback = self._settings.issuer(realm.name) + CALLBACK
            driver = sms_driver(section, dev=self._settings.dev, status_callback=callback)
            known = self._drivers[realm.name] = (section, driver)
        return known[1]

    def _mac(self, address: str) -> str:
        return self._sealer.mac("address", address)


def _configured(realm: Realm) -> SmsSection:
    if realm.factors.sms is None:
        raise LookupError(f"the realm {realm.name!r} sends no text messages")
    return realm.factors.sms


def _asked(realm: Realm, to: Addressed) -> Asked:
    return Asked(realm=realm.name, user_id=to.user.id, network=to.network, purpose=to.purpose)


def _who(realm: Realm, to: Addressed) -> dict[str, str]:
    return {"realm": realm.name, "user_id": to.user.id, "username": to.user.username}
