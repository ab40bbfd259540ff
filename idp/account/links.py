"""Links that people get by mail: each is good once, for its time, and for what it was made for."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from idp.events.catalogue import Event
from idp.outbound.codes import Addressed, Codes, Held
from idp.outbound.notices import Notice
from idp.realm.schema import Realm
from idp.store import links, people, users
from idp.store.database import Transaction
from idp.store.links import Link
from idp.store.people import Known
from idp.store.users import User
from idp.tokens.bearer import new_bearer

FOLLOW = "/login-actions/action-token"  # below the issuer

Purpose = Literal["reset", "invitation", "verify"]

LASTS: dict[Purpose, int] = {"reset": 1800, "invitation": 3 * 86400, "verify": 86400}
"""Seconds. Who was invited may be on holiday; who forgot their password sits and waits."""

LETTERS: dict[Purpose, Notice] = {
    "reset": Notice.PASSWORD_RESET,
    "invitation": Notice.INVITATION,
    "verify": Notice.VERIFY_ADDRESS,
}


@dataclass(frozen=True, slots=True)
class Found:
    """A link that is good, and whose it is."""

    link: Link
    known: Known

    @property
    def proves_address(self) -> bool:
        """Whether it was sent to the address that the person has now."""
        user, key = self.known.user, self.link.email_key
        return bool(key and user.email and users.identifier_key(user.email) == key)


def make(tx: Transaction, user: User, purpose: Purpose, *, issuer: str, is_mailed: bool, by: str, now: int) -> str:
    """The URL of a new link; the older one of the same purpose is dead. `issuer`: from the settings, as every URL.

    `is_mailed`: it goes to the address of the person and nowhere else, so that following it proves the address.
    """
    key = new_bearer()
    _keep(tx, user, purpose, key=key, is_mailed=is_mailed, by=by, now=now)
    return _url(issuer, key)


def send(
    tx: Transaction,
    codes: Codes,
    realm: Realm,
    to: Addressed,
    purpose: Purpose,
    *,
    issuer: str,
    by: str,
    now: int,
    came_from: str | None = None,
) -> Held | None:
    """A new link to the address of the person, once `tx` is committed; or why not, and then the older one stays good.

    It is limited, so anybody may ask for it.
    """
    key = new_bearer()
    held = codes.mail(tx, realm, to, LETTERS[purpose], now=now, link=_url(issuer, key), lifetime=LASTS[purpose])
    if held is None:
        _keep(tx, to.user, purpose, key=key, is_mailed=True, by=by, now=now, came_from=came_from)
    return held


def _url(issuer: str, key: str) -> str:
    return f"{issuer}{FOLLOW}?{urlencode({'key': key})}"


def _keep(
    tx: Transaction,
    user: User,
    purpose: Purpose,
    *,
    key: str,
    is_mailed: bool,
    by: str,
    now: int,
    came_from: str | None = None,
) -> None:
    links.put(
        tx,
        key=key,
        user_id=user.id,
        purpose=purpose,
        epoch=user.epoch,
        email_key=users.identifier_key(user.email) if is_mailed and user.email else None,
        came_from=came_from,
        expires_at=now + LASTS[purpose],
    )
    tx.emit(Event.LINK_MADE, realm=user.realm, user_id=user.id, username=user.username, purpose=purpose, by=by)


def look(tx: Transaction, realm: str, *, key: str, now: int) -> Found | None:
    """What a link is, and nothing changes: programs that look for viruses open every link of a letter."""
    return _found(tx, realm, links.find(tx, realm, key=key, now=now))


def use_up(tx: Transaction, realm: str, *, key: str, now: int) -> Found | None:
    """The link, used up; None where it is not good any more."""
    return _found(tx, realm, links.consume(tx, realm, key=key, now=now))


def _found(tx: Transaction, realm: str, link: Link | None) -> Found | None:
    known = people.by_id(tx, realm, link.user_id) if link else None
    if link is None or known is None:
        return None
    found = Found(link, known)
    # A link that would confirm an address is of no use for another one, nor one that was sent to it.
    return found if link.email_key is None or found.proves_address else None
