"""The databases that tests are given: fresh, prepared, on the engine chosen."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tests.databases import Databases

ENGINE = os.environ.get("IDP_TEST_DATABASE", "sqlite")


def connect(url: str) -> Connection:
    return create_engine(url, poolclass=NullPool).connect()


def plant(url: str) -> None:
    with connect(url) as connection:
        connection.execute(text("CREATE TABLE tree (name text)"))
        connection.execute(text("INSERT INTO tree VALUES ('oak')"))
        connection.commit()


def trees(url: str) -> list[str]:
    with connect(url) as connection:
        return [row.name for row in connection.execute(text("SELECT name FROM tree"))]


@pytest.fixture
def forest(tmp_path: Path) -> Iterator[Databases]:
    made = Databases(ENGINE, tmp_path, prepare=plant)
    yield made
    made.close()


def test_a_fresh_database_is_as_it_was_prepared(forest: Databases) -> None:
    assert trees(forest.fresh()) == ["oak"]


def test_what_one_test_writes_the_next_does_not_see(forest: Databases) -> None:
    first, second = forest.fresh(), forest.fresh()
    with connect(first) as connection:
        connection.execute(text("DELETE FROM tree"))
        connection.commit()
    assert trees(second) == ["oak"]
    assert trees(forest.fresh()) == ["oak"]


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO tree VALUES ('elm')",
        "DELETE FROM tree",
        "CREATE TABLE shrub (name text)",
        "ALTER TABLE tree ADD COLUMN height integer",
        "DROP TABLE tree",
        "CREATE INDEX by_name ON tree (name)",
    ],
)
def test_after_whatever_a_test_did_the_next_one_gets_what_was_prepared(forest: Databases, change: str) -> None:
    before = forest.fresh()
    with connect(before) as connection:
        connection.execute(text(change))
        connection.commit()
    forest.drop(before)
    with connect(forest.fresh()) as connection:
        assert inspect(connection).get_table_names() == ["tree"]
        assert [column["name"] for column in inspect(connection).get_columns("tree")] == ["name"]
        assert inspect(connection).get_indexes("tree") == []
        assert [row.name for row in connection.execute(text("SELECT name FROM tree"))] == ["oak"]


def test_an_empty_database_has_no_tables(forest: Databases) -> None:
    with connect(forest.empty()) as connection:
        assert inspect(connection).get_table_names() == []


def test_it_is_prepared_once(tmp_path: Path) -> None:
    prepared: list[str] = []
    made = Databases(ENGINE, tmp_path, prepare=prepared.append)
    made.fresh()
    made.fresh()
    made.close()
    assert len(prepared) == 1


def test_preparing_with_the_write_ahead_log_loses_nothing(tmp_path: Path) -> None:
    def plant_with_log(url: str) -> None:
        with connect(url) as connection:
            connection.execute(text("PRAGMA journal_mode=WAL"))
        plant(url)

    made = Databases("sqlite", tmp_path, prepare=plant_with_log)
    assert trees(made.fresh()) == ["oak"]
    made.close()


def test_a_dropped_database_is_gone_though_somebody_is_connected(forest: Databases) -> None:
    url = forest.fresh()
    connection = connect(url)
    connection.execute(text("SELECT 1"))
    forest.drop(url)
    connection.invalidate()
    connection.close()
    with pytest.raises(OperationalError):
        trees(url)


def test_closing_leaves_no_file(tmp_path: Path) -> None:
    made = Databases("sqlite", tmp_path, prepare=plant)
    made.fresh()
    made.close()
    assert list(tmp_path.iterdir()) == []


def test_an_engine_nobody_knows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        Databases("oracle", tmp_path, prepare=plant)
