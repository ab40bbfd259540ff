"""Letters to people by mail, sent after the commit of what they tell of."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

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
    from idp.outbound.mail import MailSender

Report = Callable[[Outcome], None]


class Letters:
    """Writes letters in the theme's words and has `carrier` send them. Safe to use from many threads."""

    def __init__(self, phrase: Phrase, carrier: Carrier) -> None:
        self._phrase = phrase
        self._carrier = carrier
        self._senders: dict[str, tuple[MailSection, MailSender]] = {}  # by realm

    def prepare(self, realm: Realm) -> None:
        """Raises SettingsError for a realm whose mail could not work."""
        if realm.mail is not None:
            self._sender(realm.name, realm.mail)

    def notice(
        self,
        tx: Transaction,
        realm: Realm,
        user: User,
        notice: Notice,
        *,
        now: int,
        locale: str | None = None,
        to: str | None = None,
        **values: Any,
    ) -> bool:
        """Have the person told once `tx` is committed; false where they have no address or the realm no mail.

        `values`: those that the notice names, else TypeError. `locale`: left out, the realm's first. `to`: left out,
        the person's address. It is not limited: what a stranger may ask for goes through `Codes`.
        """

        def report(outcome: Outcome) -> None:
            event, told = told_of(outcome)
            kind = f"mail-{notice.value.key}"
            emit(event, realm=realm.name, user_id=user.id, username=user.username, kind=kind, **told)

        return self.post(tx, realm, user, notice, now=now, locale=locale, to=to, report=report, values=values)

    def post(
        self,
        tx: Transaction,
        realm: Realm,
        user: User,
        notice: Notice,
        *,
        now: int,
        locale: str | None,
        to: str | None,
        report: Report,
        values: dict[str, Any],
    ) -> bool:
        """As `notice`, with the outcome to `report`, which is called once, in another thread."""
        from idp.outbound.mail import Mail

        address = to or user.email
        if realm.mail is None or not address:
            return False
        letter = write(
            self._phrase,
            notice,
            realm=realm,
            locale=locale or realm.locales[0],
            username=user.username,
            now=now,
            values=values,
        )
        mail = Mail(to=address, subject=letter.subject, text=letter.text)
        sender = self._sender(realm.name, realm.mail)
        tx.after_commit(lambda: self._carrier.submit(lambda: sender.send(mail, now=now), report))
        return True

    def stop(self) -> None:
        """Send what waits, for some seconds."""
        self._carrier.stop()

    def _sender(self, realm: str, section: MailSection) -> "MailSender":
        """The sender of the realm as its file is now."""
        from idp.outbound.mail import MailSender

        known = self._senders.get(realm)
        if known is None or known[0] != section:
            known = self._senders[realm] = (section, MailSender(section))
        return known[1]


def told_of(outcome: Outcome) -> tuple[Event, dict[str, Any]]:
    """The event of an outcome, with the fields that say why."""
    if isinstance(outcome, Failed):
        return Event.MESSAGE_FAILED, {"failure": outcome.kind.value, "provider_error": outcome.code}
    return Event.MESSAGE_HANDED_OVER, {}
