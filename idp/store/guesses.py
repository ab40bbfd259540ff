"""Guesses of secrets, counted before they are evaluated, in a transaction of their own."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, delete, func, select, update

from idp.store.database import Transaction
from idp.store.tables import guesses
from idp.store.upsert import insert_into


def second_factor_subject(user_id: str | ColumnElement[str]) -> Any:
    """One count for a person over all second factors."""
    return "second-factor:" + user_id


def _factor_subject(user_id: str, factor: str) -> str:
    return f"{second_factor_subject(user_id)}:{factor}"


def password_subject(who: str, where: str) -> str:
    """One count for a person (or an unknown name) from one network, named in one way (by name or by address)."""
    return f"password:{who}:{where}"


def secret_subject(client: str, network: str) -> str:
    """One count for the secret of a client (or of an unknown one) from one network. `client`: a MAC of its name."""
    return f"client-secret:{client}:{network}"


def device_subject(realm: str, network: str) -> str:
    """One count for a network over the codes of all devices of a realm (RFC 8628 section 5.1)."""
    return f"device:{realm}:{network}"


def count(tx: Transaction, subject: str, *, now: int, wait: Callable[[int], int]) -> int | None:
    """Count a guess: how many are counted now, or None when it must not be evaluated because it has to wait.

    The update skips a row that is blocked, so that of many guesses at once no more than allowed are evaluated.
    """
    counted = tx.execute(_counting(tx.connection.dialect.name), {"of": subject, "now": now}).scalar_one_or_none()
    if counted is None:
        return None
    if seconds := wait(counted):
        tx.execute(_BLOCK, {"of": subject, "until": now + seconds})
    return int(counted)


def count_second_factor(
    tx: Transaction, user_id: str, factor: str, *, now: int, wait: Callable[[int], int]
) -> int | None:
    """`count` for a person over all second factors, which remembers how many were guesses at this one."""
    counted = count(tx, second_factor_subject(user_id), now=now, wait=wait)
    if counted is not None:
        tx.execute(_counting(tx.connection.dialect.name), {"of": _factor_subject(user_id, factor), "now": now})
    return counted


def forgive_second_factor(tx: Transaction, user_id: str, factor: str) -> None:
    """After a right answer: the guesses at this factor are forgotten and the wait is over, those at others stay.

    Else whoever holds one factor of somebody could guess another for ever, with a right answer after every few.
    """
    subject, of_factor = second_factor_subject(user_id), _factor_subject(user_id, factor)
    # In the order in which guesses are counted: two transactions never wait for each other.
    tx.execute(_LOCK, {"of": subject})
    guessed = tx.execute(_TAKE_OUT, {"of": of_factor}).scalar_one_or_none() or 0
    tx.execute(_FORGIVE, {"of": subject, "guessed": guessed})
    tx.execute(_REMOVE_EMPTY, {"of": subject})


def clear_second_factors(tx: Transaction, user_id: str) -> bool:
    """Those of all second factors of a person. Whether there was one."""
    subject = second_factor_subject(user_id)
    tx.execute(_LOCK, {"of": subject})
    tx.execute(delete(guesses).where(guesses.c.subject.startswith(f"{subject}:")))
    return clear(tx, subject)


def blocked_for(tx: Transaction, subject: str, now: int) -> int:
    """Seconds until the next guess is evaluated."""
    until = tx.execute(_BLOCKED_UNTIL, {"of": subject}).scalar_one_or_none()
    return max(0, (until or 0) - now)


@dataclass(frozen=True, slots=True)
class Waits:
    """Until when the next guess waits (seconds since the epoch), None where none does.

    `passwords`: from that network, of all that have guessed, which waits for longest.
    """

    second_factors: int | None
    passwords: int | None


def waits(tx: Transaction, user_id: str, now: int) -> Waits:
    """The waits of a person that are not over."""

    def latest(which: ColumnElement[bool]) -> int | None:
        until = select(func.max(guesses.c.blocked_until)).where(which, guesses.c.blocked_until > now)
        return tx.execute(until).scalar_one_or_none()

    codes = latest(guesses.c.subject == second_factor_subject(user_id))
    return Waits(codes, latest(guesses.c.subject.startswith(f"password:{user_id}:")))


def clear(tx: Transaction, subject: str) -> bool:
    """After a right answer, or a reset by an administrator. Whether there was one."""
    return tx.execute(_CLEAR, {"of": subject}).rowcount == 1


def clear_passwords(tx: Transaction, user_id: str) -> int:
    """Those of a person's password, from wherever; how many places they came from."""
    return tx.execute(delete(guesses).where(guesses.c.subject.startswith(f"password:{user_id}:"))).rowcount


def uncount_second_factor(tx: Transaction, user_id: str, factor: str, *, counted: int) -> None:
    """The guess of that number was none: its wait is over, unless somebody has guessed since."""
    subject = second_factor_subject(user_id)
    tx.execute(_LOCK, {"of": subject})
    # A right answer in between has forgiven it with the others.
    if tx.execute(_UNCOUNT, {"of": _factor_subject(user_id, factor)}).rowcount == 1:
        tx.execute(_UNCOUNT_AND_GO_ON, {"of": subject, "counted": counted})


def uncount(tx: Transaction, subject: str) -> None:
    """The guess that was counted last turned out right."""
    tx.execute(_UNCOUNT, {"of": subject})


@cache
def _counting(dialect: str) -> Any:
    first = insert_into(guesses, dialect).values(
        subject=bindparam("of"), wrong=1, blocked_until=0, last_at=bindparam("now")
    )
    return first.on_conflict_do_update(
        index_elements=[guesses.c.subject],
        set_={"wrong": guesses.c.wrong + 1, "last_at": bindparam("now")},
        where=guesses.c.blocked_until <= bindparam("now"),
    ).returning(guesses.c.wrong)


_of_subject = guesses.c.subject == bindparam("of")
_BLOCK = update(guesses).where(_of_subject).values(blocked_until=bindparam("until"))
_BLOCKED_UNTIL = select(guesses.c.blocked_until).where(_of_subject)
_UNCOUNT = update(guesses).where(_of_subject, guesses.c.wrong > 0).values(wrong=guesses.c.wrong - 1)
_UNCOUNT_AND_GO_ON = _UNCOUNT.values(
    blocked_until=case((guesses.c.wrong == bindparam("counted"), 0), else_=guesses.c.blocked_until)
)
_CLEAR = delete(guesses).where(_of_subject)
_LOCK = select(guesses.c.wrong).where(_of_subject).with_for_update()
_TAKE_OUT = delete(guesses).where(_of_subject).returning(guesses.c.wrong)
_FORGIVE = update(guesses).where(_of_subject).values(wrong=guesses.c.wrong - bindparam("guessed"), blocked_until=0)
_REMOVE_EMPTY = delete(guesses).where(_of_subject, guesses.c.wrong <= 0)
