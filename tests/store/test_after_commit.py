"""What a transaction leaves for after its commit."""

import pytest
from sqlalchemy import insert, select

from idp.errors import InvalidGrantError
from idp.store.database import Database
from idp.store.tables import revoked_tokens


def add(database: Database, seen: list[list[str]], error: Exception | None = None) -> None:
    """One row, and a look from outside once it is committed."""

    def look() -> None:
        # It needs a writer of its own: the first one's must have been given back.
        with database.write() as tx:
            seen.append(list(tx.execute(select(revoked_tokens.c.jti)).scalars()))

    with database.write() as tx:
        tx.execute(insert(revoked_tokens).values(jti="a", expires_at=1))
        tx.after_commit(look)
        assert seen == []
        if error is not None:
            raise error


def test_it_is_called_once_the_transaction_is_committed(database: Database) -> None:
    seen: list[list[str]] = []
    add(database, seen)
    assert seen == [["a"]]


def test_it_is_called_when_a_protocol_error_commits(database: Database) -> None:
    seen: list[list[str]] = []
    with pytest.raises(InvalidGrantError):
        add(database, seen, InvalidGrantError())
    assert seen == [["a"]]


def test_it_is_not_called_when_a_bug_rolls_back(database: Database) -> None:
    seen: list[list[str]] = []
    with pytest.raises(ZeroDivisionError):
        add(database, seen, ZeroDivisionError())
    assert seen == []
