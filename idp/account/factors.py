"""Second factors renamed and removed by their owner."""

from collections.abc import Mapping
from dataclasses import dataclass

from idp.account.account import Account, Change, Done, Result
from idp.account.security import Left, OwnFactor, left, own
from idp.events.catalogue import Event
from idp.login.enrolment import LONGEST_LABEL, label_of
from idp.login.steps import Message
from idp.outbound.notices import Notice
from idp.policy.losing import portals_after, rule_that_needs
from idp.store import factors
from idp.store.database import Transaction
from idp.store.people import StoredFactor


@dataclass(frozen=True, slots=True)
class Removal:
    """What is removed, the rule that does not let it go, and what is reachable after it."""

    factor: OwnFactor
    needed_by: str | None
    after: tuple[Left, ...]


class Rename(Change):
    """A name that tells one device from the other."""

    page, section = "account/rename.html", "security"
    kept = ("label",)

    def shown(self, tx: Transaction, account: Account, of: str) -> OwnFactor | None:
        """The factor with the name that it has."""
        stored = _find(account, of)
        return own(account, stored) if stored else None

    def apply(self, tx: Transaction, account: Account, of: str, form: Mapping[str, str]) -> Result | None:
        """The new name."""
        stored, label = _find(account, of), label_of(form)
        if stored is None:
            return None
        if len(label) > LONGEST_LABEL:
            return Message("error.too-long")
        factors.rename(tx, account.known.user.id, credential_id=of, label=label)
        tx.emit(Event.FACTOR_RENAMED, **account.who, factor=stored.factor, credential_id=of)
        self.tell(tx, account, Notice.FACTOR_RENAMED, factor=stored.factor, label=label)
        return Done("account.done-renamed")


class Remove(Change):
    """With everything that rests on it, unless it is the last one that a rule takes."""

    page, section = "account/remove.html", "security"

    def credential(self, of: str) -> str:
        """This one."""
        return of

    def shown(self, tx: Transaction, account: Account, of: str) -> Removal | None:
        """What it will do."""
        stored = _find(account, of)
        if stored is None:
            return None
        realm, person, now = account.realm, account.person, account.now
        needed = rule_that_needs(realm, person, of, now)
        return Removal(own(account, stored), needed, left(portals_after(realm, person, of, now)))

    def apply(self, tx: Transaction, account: Account, of: str, form: Mapping[str, str]) -> Result | None:
        """Sessions and grants that rest on it end by themselves: its proofs no longer count."""
        stored = _find(account, of)
        if stored is None:
            return None
        if rule_that_needs(account.realm, account.person, of, account.now):
            return Message("error.factor-needed")
        factors.remove(tx, account.known.user.id, credential_id=of)
        tx.emit(Event.FACTOR_REMOVED, **account.who, factor=stored.factor, credential_id=of, by="owner")
        self.tell(tx, account, Notice.FACTOR_REMOVED, factor=stored.factor, label=stored.label)
        return Done("account.done-removed")


def _find(account: Account, credential_id: str) -> StoredFactor | None:
    """A factor of this person that the realm has."""
    mine = (f for f in account.known.factors if f.factor in account.realm.second_factors)
    return next((f for f in mine if f.id == credential_id), None)
