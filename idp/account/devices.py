"""Where somebody is signed in, and was lately."""

from collections.abc import Mapping
from dataclasses import dataclass

from idp.account.account import Account, Change, Done, Result
from idp.events.catalogue import Event
from idp.login.agents import Agent, named
from idp.outbound.notices import Notice
from idp.store import sessions
from idp.store.database import Transaction
from idp.store.sessions import SignedIn

_MOST_ALIVE = 100


@dataclass(frozen=True, slots=True)
class OwnSession:
    """A sign-in, from where and by what. Times are seconds since the epoch. `is_this`: the one that looks at it."""

    id: str
    agent: Agent
    address: str
    created_at: int
    used_at: int
    factors: tuple[str, ...]
    is_alive: bool
    is_this: bool


@dataclass(frozen=True, slots=True)
class Devices:
    """The sessions that are alive, this one first, and the newest sign-ins, ended ones too."""

    alive: tuple[OwnSession, ...]
    recent: tuple[OwnSession, ...]


def devices(tx: Transaction, account: Account) -> Devices:
    """All of it."""
    user_id, limits = account.known.user.id, account.realm.sessions
    alive = sessions.listed(tx, user_id, limits=limits, now=account.now, most=_MOST_ALIVE, is_alive=True)
    recent = sessions.listed(tx, user_id, limits=limits, now=account.now)
    mine = sorted((_own(account, s) for s in alive), key=lambda s: (not s.is_this, -s.used_at))
    return Devices(tuple(mine), tuple(_own(account, s) for s in recent))


def _own(account: Account, session: SignedIn) -> OwnSession:
    return OwnSession(
        id=session.id,
        agent=named(session.agent),
        address=session.address,
        created_at=session.created_at,
        used_at=session.used_at,
        factors=tuple(dict.fromkeys(p.factor for p in session.proofs)),
        is_alive=session.is_alive,
        is_this=session.id == account.session_id,
    )


class SignOut(Change):
    """One session, on another device. This one has a sign-out of its own."""

    page, section = "account/sign-out.html", "devices"

    def shown(self, tx: Transaction, account: Account, of: str) -> OwnSession | None:
        """Which."""
        return next((s for s in devices(tx, account).alive if s.id == of and not s.is_this), None)

    def apply(self, tx: Transaction, account: Account, of: str, form: Mapping[str, str]) -> Result | None:
        """Its grants end with it, but for those that outlive signing out."""
        found = self.shown(tx, account, of)
        if found is None or not sessions.end(tx, of, account.now):
            return None
        tx.emit(Event.SIGNED_OUT, **account.who, session_id=of, by="owner")
        self.tell(tx, account, Notice.SESSION_ENDED, browser=found.agent.words)
        return Done("account.done-signed-out")


class SignOutOthers(Change):
    """Every session but this one."""

    page, section = "account/sign-out-others.html", "devices"

    def shown(self, tx: Transaction, account: Account, of: str) -> int | None:
        """How many."""
        return len(devices(tx, account).alive) - 1 or None

    def apply(self, tx: Transaction, account: Account, of: str, form: Mapping[str, str]) -> Result | None:
        """Those idle too long, too: their grants may still be alive."""
        ended = sessions.end_all(tx, account.known.user.id, but=account.session_id, now=account.now)
        for session_id in ended:
            tx.emit(Event.SIGNED_OUT, **account.who, session_id=session_id, by="owner")
        if ended:
            self.tell(tx, account, Notice.OTHER_SESSIONS_ENDED)
        return Done("account.done-signed-out")
