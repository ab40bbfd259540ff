"""The applications that have access to an account."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from idp.account.account import Account, Change, Done, Result
from idp.events.catalogue import Event
from idp.login.steps import Message
from idp.outbound.notices import Notice
from idp.store import consents, grants
from idp.store.database import Transaction


@dataclass(frozen=True, slots=True)
class Application:
    """A client with grants that are alive, or that may have one without asking; since when in seconds since the epoch.

    `scopes` and `details` (RFC 9396): of all of them. `asks`: it asks for consent, and so will for what was withdrawn.
    """

    client_id: str
    name: str
    scopes: tuple[str, ...]
    since: int
    details: tuple[Mapping[str, Any], ...] = ()
    asks: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """By which a form names the details."""
        return tuple(map(consents.key_of, self.details))


def applications(tx: Transaction, account: Account) -> tuple[Application, ...]:
    """One for each client. A grant that rests on a factor which was removed is dead."""
    realm, person, user_id = account.realm, account.person, account.known.user.id
    alive = grants.alive_of(tx, realm.name, user_id=user_id, now=account.now)
    has = [
        *(
            (g.client_id, g.scopes, g.asked.authorization_details, g.created_at)
            for g in alive
            if all(map(person.still_has, g.proofs))
        ),
        *((c.client_id, c.scopes, c.details, c.given_at) for c in consents.listed(tx, user_id)),
    ]
    found: dict[str, Application] = {}
    for client_id, scopes, details, since in has:
        if (client := realm.client(client_id)) is not None:
            before = found.get(client_id, Application(client_id, client.name, (), since, asks=client.require_consent))
            found[client_id] = replace(
                before,
                scopes=tuple(dict.fromkeys((*before.scopes, *scopes))),
                since=min(before.since, since),
                # For Python, 1 and true are equal, and people allowed one of them.
                details=(*before.details, *(d for d in details if consents.key_of(d) not in before.keys)),
            )
    return tuple(sorted(found.values(), key=lambda a: a.name.casefold()))


class Withdraw(Change):
    """What an application was allowed."""

    page, section = "account/withdraw.html", "applications"

    def shown(self, tx: Transaction, account: Account, of: str) -> Application | None:
        """Which."""
        return next((a for a in applications(tx, account) if a.client_id == of), None)

    def apply(self, tx: Transaction, account: Account, of: str, form: Mapping[str, str]) -> Result | None:
        """It is asked for again next time; every grant of it ends, and every token made from them."""
        found = self.shown(tx, account, of)
        if found is None:
            return None
        consents.withdraw(tx, user_id=account.known.user.id, client_id=of, now=account.now)
        tx.emit(Event.ACCESS_WITHDRAWN, **account.who, client_id=of)
        self.tell(tx, account, Notice.ACCESS_WITHDRAWN, client=found.name)
        return Done("account.done-withdrawn")


class WithdrawParts(Change):
    """Some of what an application was allowed: those that the form names."""

    page, section = "account/withdraw-parts.html", "applications"

    def shown(self, tx: Transaction, account: Account, of: str) -> Application | None:
        """Which. One that does not ask for consent would have it all again after the next sign-in."""
        return next((a for a in applications(tx, account) if a.client_id == of and a.asks), None)

    def apply(self, tx: Transaction, account: Account, of: str, form: Mapping[str, str]) -> Result | None:
        """They are asked for again next time; every grant that rests on one of them ends."""
        found = self.shown(tx, account, of)
        if found is None:
            return None
        scopes = [scope for scope in found.scopes if f"scope:{scope}" in form]
        details = [d for d, key in zip(found.details, found.keys, strict=True) if f"detail:{key}" in form]
        if not scopes and not details:
            return Message("error.nothing-chosen")
        who = {"user_id": account.known.user.id, "client_id": of}
        consents.withdraw_parts(tx, **who, scopes=scopes, details=details, now=account.now)
        tx.emit(
            Event.CONSENT_WITHDRAWN,
            **account.who,
            client_id=of,
            scope=" ".join(scopes) or None,
            types=[detail["type"] for detail in details] or None,
        )
        self.tell(tx, account, Notice.ACCESS_NARROWED, client=found.name)
        return Done("account.done-narrowed")
