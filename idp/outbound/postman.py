"""The outbox of letters that tell people of changes: kept with the change, sent until the mail server takes them."""

import uuid
from collections import Counter
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from idp.events.log import emit
from idp.outbound.courier import AT_ONCE, Courier
from idp.outbound.letters import MailSenders, told_of
from idp.outbound.results import Failed, Failure, Outcome
from idp.realm.schema import Realm
from idp.realm.watching import Realms
from idp.store import letters
from idp.store.database import Database, Transaction
from idp.store.letters import StoredLetter
from idp.store.users import User
from idp.tokens.sealing import NotSealedHere, Sealer

if TYPE_CHECKING:
    from idp.outbound.mail import Mail

# Trying these again would not help, or might be a second letter.
_FINAL = (Failure.ADDRESS, Failure.UNKNOWN_OUTCOME)
_AT_ONCE_TO_ONE_SERVER = AT_ONCE // 2


class Postman(Courier[StoredLetter, tuple[str, str]]):
    """A letter has one Message-ID however often it is sent: two copies of it are one to most programs.

    Each is its own recipient, because a mail server takes several at once; that of one realm does not get them all,
    so that one that does not answer leaves room for those of the others.
    """

    waits = (60, 300, 1800, 2 * 3600, 6 * 3600, 12 * 3600)

    def __init__(self, *, database: Database, sealer: Sealer, realms: Realms, clock: Callable[[], int]) -> None:
        super().__init__("letters", database=database, clock=clock)
        self._sealer = sealer
        self._realms = realms
        self._senders = MailSenders()

    def keep(self, tx: Transaction, realm: Realm, user: User, mail: "Mail", *, kind: str, now: int) -> None:
        """Have it sent once `tx` is committed, by whichever process comes first, sooner or later."""
        letter_id = str(uuid.uuid4())
        words = {"to": mail.to, "subject": mail.subject, "text": mail.text}
        letters.add(
            tx,
            letter_id=letter_id,
            realm=realm.name,
            user_id=user.id,
            username=user.username,
            kind=kind,
            sealed=self._sealer.seal_json(words, _context(letter_id)),
            now=now,
        )
        tx.after_commit(self.wake)

    def due(self, tx: Transaction, *, now: int, busy: Collection[tuple[str, str]], limit: int) -> list[StoredLetter]:
        """The oldest for each mail server, as many as it may get besides."""
        under_way = Counter(realm for realm, _ in busy)
        full = [realm for realm, many in under_way.items() if many >= _AT_ONCE_TO_ONE_SERVER]
        found = []
        for letter in letters.due(tx, now=now, besides=full, limit=limit):
            if self.whom(letter) not in busy and under_way[letter.realm] < _AT_ONCE_TO_ONE_SERVER:
                under_way[letter.realm] += 1
                found.append(letter)
        return found

    def claim(self, tx: Transaction, item: StoredLetter, *, now: int, until: int) -> bool:
        """False when another process was first."""
        return letters.claim(tx, item.id, now=now, until=until)

    def whom(self, item: StoredLetter) -> tuple[str, str]:
        """The realm, and the letter itself."""
        return item.realm, item.id

    def remove(self, tx: Transaction, item: StoredLetter) -> None:
        """Sent, or given up."""
        letters.remove(tx, item.id)

    def carry(self, item: StoredLetter) -> None:
        """Hand it in."""
        outcome = self._send(item)
        event, told = told_of(outcome)
        is_over = True
        if isinstance(outcome, Failed):
            is_over = outcome.kind in _FINAL or self.is_last(item)
            told |= {"attempt": item.attempts + 1, "given_up": is_over}
        if is_over:
            self.take_out(item)
        emit(event, realm=item.realm, user_id=item.user_id, username=item.username, kind=item.kind, **told)

    def _send(self, item: StoredLetter) -> Outcome:
        from idp.outbound.mail import Mail

        realm = self._realms.get(item.realm)
        if realm is None or realm.mail is None:
            return Failed(Failure.CONFIGURATION)
        try:
            words = self._sealer.open_json(item.sealed, _context(item.id))
        except NotSealedHere:
            return Failed(Failure.CONFIGURATION)
        mail = Mail(**words, reference=item.id)
        return self._senders.of(realm.name, realm.mail).send(mail, now=item.written_at)


def _context(letter_id: str) -> str:
    return f"letter:{letter_id}"
