"""The applications that have access to an account."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from idp.account.account import Account, Change, Done, Result
from idp.events.catalogue import Event
from idp.outbound.notices import Notice
from idp.store import consents, grants
from idp.store.database import Transaction


@dataclass(frozen=True, slots=True)
class Application:
    """A client with grants that are alive, or that may have one without asking; since when in seconds since the epoch.

    `scopes` and `details` (RFC 9396): of all of them.
    """

    client_id: str
    name: str
    scopes: tuple[str, ...]
    since: int
    details: tuple[Mapping[str, Any], ...] = ()


def applications(tx: Transaction, account: Account) -> tuple[Application, ...]:
    """One for each client. A grant that rests on a factor which was removed is dead."""
    realm, person, user_id = account.realm, account.person, account.known.user.id
    alive = grants.alive_of(tx, realm.name, user_id=user_id, now=account.now)
    has = [
        *(
            (g.client_id, g.scope.split(), g.asked.authorization_details, g.created_at)
            for g in alive
            if all(map(person.still_has, g.proofs))
        ),
        *((c.client_id, c.scopes, c.details, c.given_at) for c in consents.listed(tx, user_id)),
    ]
    found: dict[str, Application] = {}
    for client_id, scopes, details, since in has:
        if (client := realm.client(client_id)) is not None:
            before = found.get(client_id, Application(client_id, client.name, (), since))
            found[client_id] = replace(
                before,
                scopes=tuple(dict.fromkeys((*before.scopes, *scopes))),
                since=min(before.since, since),
                details=(*before.details, *(d for d in details if d not in before.details)),
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
