"""Browsers that their owners trusted: the digest of a cookie each, good for as long as the rule that it waives says.

A row is of one person. It is dead when the password changes (`epoch`), and removed with any change of the factors.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from idp.policy.proofs import Proof, newest
from idp.store import proofs as proofs_json
from idp.store.database import Transaction
from idp.store.tables import grants, trusted_browsers, users
from idp.tokens.bearer import digest


@dataclass(frozen=True, slots=True)
class TrustedBrowser:
    """A browser, when it was trusted and last used (seconds since the epoch), and what it calls itself.

    `proofs`: the second factors that it was trusted by, each at the time when it last was.
    """

    id: str
    proofs: tuple[Proof, ...]
    trusted_at: int
    used_at: int
    agent: str


_of_person = (
    select(trusted_browsers)
    .join(users)
    .where(trusted_browsers.c.user_id == bindparam("of_user"), trusted_browsers.c.epoch == users.c.epoch)
)
_FIND = _of_person.where(trusted_browsers.c.digest == bindparam("of"))
_BY_ID = _of_person.where(trusted_browsers.c.id == bindparam("of"))


def find(tx: Transaction, user_id: str, *, secret: str) -> TrustedBrowser | None:
    """The browser of that cookie, if this person trusted it."""
    return _as_browser(tx.execute(_FIND, {"of_user": user_id, "of": digest(secret)}).first())


def by_id(tx: Transaction, user_id: str, *, browser_id: str) -> TrustedBrowser | None:
    """The browser whose trust a grant rests on, while the trust lasts."""
    return _as_browser(tx.execute(_BY_ID, {"of_user": user_id, "of": browser_id}).first())


def listed(tx: Transaction, user_id: str) -> list[TrustedBrowser]:
    """All of a person, the newest first."""
    rows = tx.execute(_of_person.order_by(trusted_browsers.c.trusted_at.desc()), {"of_user": user_id})
    return [browser for row in rows if (browser := _as_browser(row))]


def trust(tx: Transaction, user_id: str, *, epoch: int, secret: str, agent: str, by: Iterable[Proof], now: int) -> None:
    """From now on `by` these proofs, and anew where it was trusted before: what rests on it goes on resting on it."""
    before = find(tx, user_id, secret=secret)
    proofs = newest((*(before.proofs if before else ()), *(Proof(p.factor, now) for p in by)))
    of_cookie = (trusted_browsers.c.user_id == user_id, trusted_browsers.c.digest == digest(secret))
    values = {"epoch": epoch, "agent": agent, "proofs": proofs_json.dump(proofs), "trusted_at": now, "used_at": now}
    if tx.execute(update(trusted_browsers).where(*of_cookie).values(values)).rowcount == 1:
        return
    new = {"id": str(uuid.uuid4()), "user_id": user_id, "digest": digest(secret)}
    tx.execute(insert(trusted_browsers).values(values | new))


def change_cookie(tx: Transaction, *, old: str, new: str) -> None:
    """The browser got another secret, which all who trusted it go on by."""
    tx.execute(update(trusted_browsers).where(trusted_browsers.c.digest == digest(old)).values(digest=digest(new)))


def touch(tx: Transaction, browser_id: str, now: int) -> None:
    """Its trust waived a rule."""
    tx.execute(update(trusted_browsers).where(trusted_browsers.c.id == browser_id).values(used_at=now))


def forget(tx: Transaction, user_id: str, *, browser_id: str, now: int) -> bool:
    """One of them, and the grants that rest on it; false when it is not this person's."""
    where = (trusted_browsers.c.id == browser_id, trusted_browsers.c.user_id == user_id)
    if tx.execute(delete(trusted_browsers).where(*where)).rowcount != 1:
        return False
    rests_on = (grants.c.trusted_browser_id == browser_id, grants.c.ended_at.is_(None))
    tx.execute(update(grants).where(*rests_on).values(ended_at=now))
    return True


def forget_all(tx: Transaction, user_id: str) -> None:
    """After a change of the factors."""
    tx.execute(delete(trusted_browsers).where(trusted_browsers.c.user_id == user_id))


def _as_browser(row: Any) -> TrustedBrowser | None:
    return (
        None
        if row is None
        else TrustedBrowser(row.id, proofs_json.load(row.proofs), row.trusted_at, row.used_at, row.agent)
    )
