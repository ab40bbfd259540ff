"""Letters to people by mail, sent after the commit of what they tell of."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from idp.events.catalogue import Event
from idp.events.log import emit
from idp.outbound.notices import Notice, Phrase, write
from idp.outbound.queue import Carrier
from idp.outbound.results import Failed, Outcome
from idp.realm.factor_sections import Mail as MailSection
from idp.realm.schema import Realm
from idp.store.database import Transaction
from idp.store.users import User

if TYPE_CHECKING:
    from idp.outbound.mail import Mail, MailSender

Report = Callable[[Outcome], None]


class Keep(Protocol):
    """Keeps a letter in a durable outbox, with what it tells of."""

    def __call__(self, tx: Transaction, realm: Realm, user: User, mail: "Mail", *, kind: str, now: int) -> None: ...


class MailSenders:
    """The sender of each realm, as its file is now."""

    def __init__(self) -> None:
        self._by_realm: dict[str, tuple[MailSection, MailSender]] = {}

    def of(self, realm: str, section: MailSection) -> "MailSender":
        """Raises SettingsError for a section that could not work."""
        from idp.outbound.mail import MailSender

        known = self._by_realm.get(realm)
        if known is None or known[0] != section:
            known = self._by_realm[realm] = (section, MailSender(section))
        return known[1]


class Letters:
    """Writes letters in the theme's words and has `carrier` send them. Safe to use from many threads.

    `keep`: what tells of a change goes through it instead; a command, which sends at once, has none.
    """

    def __init__(self, phrase: Phrase, carrier: Carrier, *, keep: Keep | None = None) -> None:
        self._phrase = phrase
        self._carrier = carrier
        self._keep = keep
        self._senders = MailSenders()

    def prepare(self, realm: Realm) -> None:
        """Raises SettingsError for a realm whose mail could not work."""
        if realm.mail is not None:
            self._senders.of(realm.name, realm.mail)

    def notice(
        self,
        tx: Transaction,
        realm: Realm,
        user: User,
        notice: Notice,
        *,
        now: int,
        locale: str | None = None,
        **values: Any,
    ) -> bool:
        """Have the person told once `tx` is committed; false where they have no address or the realm no mail.

        `values`: those that the notice names, else TypeError. `locale`: left out, the realm's first. It is not limited:
        what a stranger may ask for goes through `Codes`.
        """
        mail = self._written(realm, user, notice, now=now, locale=locale, to=user.email, values=values)
        if mail is None:
            return False
        kind = f"mail-{notice.value.key}"
        if self._keep is not None:
            self._keep(tx, realm, user, mail, kind=kind, now=now)
            return True

        def report(outcome: Outcome) -> None:
            event, told = told_of(outcome)
            emit(event, realm=realm.name, user_id=user.id, username=user.username, kind=kind, **told)

        self._submit(tx, realm, mail, report, now)
        return True

    def post(
        self,
        tx: Transaction,
        realm: Realm,
        user: User,
        notice: Notice,
        *,
        now: int,
        locale: str,
        to: str,
        report: Report,
        values: dict[str, Any],
    ) -> bool:
        """What is wanted now or never, with the outcome to `report`, which is called once, in another thread."""
        mail = self._written(realm, user, notice, now=now, locale=locale, to=to, values=values)
        if mail is None:
            return False
        self._submit(tx, realm, mail, report, now)
        return True

    def stop(self) -> None:
        """Send what waits, for some seconds."""
        self._carrier.stop()

    def _written(
        self,
        realm: Realm,
        user: User,
        notice: Notice,
        *,
        now: int,
        locale: str | None,
        to: str | None,
        values: dict[str, Any],
    ) -> "Mail | None":
        from idp.outbound.mail import Mail

        if realm.mail is None or not to:
            return None
        letter = write(
            self._phrase,
            notice,
            realm=realm,
            locale=locale or realm.locales[0],
            username=user.username,
            now=now,
            values=values,
        )
        return Mail(to=to, subject=letter.subject, text=letter.text)

    def _submit(self, tx: Transaction, realm: Realm, mail: "Mail", report: Report, now: int) -> None:
        if realm.mail is None:
            raise AssertionError("a letter was written for a realm without mail")
        sender = self._senders.of(realm.name, realm.mail)
        tx.after_commit(lambda: self._carrier.submit(lambda: sender.send(mail, now=now), report))


def told_of(outcome: Outcome) -> tuple[Event, dict[str, Any]]:
    """The event of an outcome, with the fields that say why."""
    if isinstance(outcome, Failed):
        return Event.MESSAGE_FAILED, {"failure": outcome.kind.value, "provider_error": outcome.code}
    return Event.MESSAGE_HANDED_OVER, {}
