"""How often something may happen, counted in the database: the count holds over processes and restarts."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import case, delete, or_, select

from idp.store.database import Transaction
from idp.store.tables import limits
from idp.store.upsert import insert_into


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """At most `limit` times in `window` seconds. `subject`: what is counted; a number stands in it only as its MAC."""

    subject: str
    limit: int
    window: int

    @property
    def kind(self) -> str:
        """What was counted, without whose: `sms-pause`."""
        return self.subject.partition(":")[0]


def pause_subject(channel: str, user_id: str, mac: str) -> str:
    """One count for what a person gets at one address. With a limit of 1, of many requests at once one sends.

    `channel`: sms or mail. `mac`: `Sealer.mac` of the number or address: a plain digest is guessed at once.
    """
    return f"{channel}-pause:{user_id}:{mac}"


def address_subject(channel: str, realm: str, mac: str) -> str:
    """One count for a number or mail address, whoever asks for the messages."""
    return f"{channel}-address:{realm}:{mac}"


def person_subject(channel: str, user_id: str) -> str:
    """One count for what is sent to a person, to whatever address."""
    return f"{channel}-person:{user_id}"


def network_subject(channel: str, realm: str, network: str) -> str:
    """One count for the network that people ask from."""
    return f"{channel}-network:{realm}:{network}"


def block_subject(realm: str, mac: str) -> str:
    """One count for a block of numbers, by the MAC of what they share."""
    return f"sms-block:{realm}:{mac}"


def country_subject(realm: str, country: str) -> str:
    """One count for the numbers of a country."""
    return f"sms-country:{realm}:{country}"


def realm_subject(channel: str, realm: str) -> str:
    """One count for all messages of a realm."""
    return f"{channel}-realm:{realm}"


def take(tx: Transaction, subject: str, *, limit: int, window: int, now: int) -> int | None:
    """Count one: how many are counted now, or None, and nothing counted, where that would be more than `limit`.

    A window begins with the first that is counted in it and ends `window` seconds later. What is taken stays taken when
    the message then fails.
    """
    if limit < 1:
        return None
    over = limits.c.expires_at <= now
    first = insert_into(limits, tx.connection.dialect.name)
    statement = first.values(subject=subject, taken=1, expires_at=now + window)
    taken: int | None = tx.execute(
        statement.on_conflict_do_update(
            index_elements=[limits.c.subject],
            set_={
                "taken": case((over, 1), else_=limits.c.taken + 1),
                "expires_at": case((over, now + window), else_=limits.c.expires_at),
            },
            where=or_(over, limits.c.taken < limit),
        ).returning(limits.c.taken)
    ).scalar_one_or_none()
    return taken


def take_all(tx: Transaction, wanted: Iterable[Limit], *, now: int) -> Limit | None:
    """Count one of each, or none: None when all are counted, else the limit that stands in the way.

    Call it once in a transaction: subjects are taken in one order, so that two transactions never wait for each other.
    """
    together = tx.connection.begin_nested()
    for one in sorted(wanted, key=lambda w: w.subject):
        if take(tx, one.subject, limit=one.limit, window=one.window, now=now) is None:
            together.rollback()
            return one
    together.commit()
    return None


def seconds_left(tx: Transaction, subject: str, now: int) -> int:
    """Seconds until the window of the subject ends; 0 without one."""
    until = tx.execute(select(limits.c.expires_at).where(limits.c.subject == subject)).scalar_one_or_none()
    return max(0, (until or 0) - now)


def remove_expired(tx: Transaction, now: int) -> None:
    """Take out windows that have ended."""
    tx.execute(delete(limits).where(limits.c.expires_at <= now))
