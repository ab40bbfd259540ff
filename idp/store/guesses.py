"""Guesses of secrets, counted before they are evaluated, in a transaction of their own."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from idp.store.database import Transaction
from idp.store.tables import guesses


def second_factor_subject(user_id: str | ColumnElement[str]) -> Any:
    """One count for a person over all second factors."""
    return "second-factor:" + user_id


def password_subject(who: str, where: str) -> str:
    """One count for a person (or an unknown name) from one network or known browser."""
    return f"password:{who}:{where}"


def count(tx: Transaction, subject: str, *, now: int, wait: Callable[[int], int]) -> int | None:
    """Count a guess: how many are counted now, or None when it must not be evaluated because it has to wait.

    The update skips a row that is blocked, so that of many guesses at once no more than allowed are evaluated.
    """
    insert: Any = postgresql_insert if tx.connection.dialect.name == "postgresql" else sqlite_insert
    statement = insert(guesses).values(subject=subject, wrong=1, blocked_until=0, last_at=now)
    counted = tx.execute(
        statement.on_conflict_do_update(
            index_elements=[guesses.c.subject],
            set_={"wrong": guesses.c.wrong + 1, "last_at": now},
            where=guesses.c.blocked_until <= now,
        ).returning(guesses.c.wrong)
    ).scalar_one_or_none()
    if counted is None:
        return None
    if seconds := wait(counted):
        tx.execute(update(guesses).where(guesses.c.subject == subject).values(blocked_until=now + seconds))
    return int(counted)


def blocked_for(tx: Transaction, subject: str, now: int) -> int:
    """Seconds until the next guess is evaluated."""
    until = tx.execute(select(guesses.c.blocked_until).where(guesses.c.subject == subject)).scalar_one_or_none()
    return max(0, (until or 0) - now)


def clear(tx: Transaction, subject: str) -> None:
    """After a right answer, or a reset by an administrator."""
    tx.execute(delete(guesses).where(guesses.c.subject == subject))
