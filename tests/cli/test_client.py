"""`idp client`: tokens by which clients register themselves, and what becomes of those clients."""

from collections.abc import Callable, Iterator

import pytest

from idp.store import registered_clients
from idp.store.database import Database
from tests.cli.conftest import Done

Command = Callable[..., Done]


@pytest.fixture
def client(idp: Command, database_url: str) -> Command:
    """`client("token", …)`, on the database of this test."""
    return lambda word, *words: idp("client", word, "--database", database_url, "--realm", "demo", *words)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


def test_a_token_is_printed_once_and_stored_as_its_digest(client: Command, database: Database) -> None:
    done = client("token", "--uses", "2", "--expires", "1h")

    assert done.status == 0
    with database.write() as tx:
        token = done.out.strip()
        used = [registered_clients.use_token(tx, "demo", token=token, now=0) for _ in range(3)]
    assert used == [True, True, False]


def test_clients_are_listed_shut_opened_and_removed(client: Command, database: Database) -> None:
    with database.write() as tx:
        registered_clients.add(
            tx,
            "demo",
            client_id="c1",
            registered={"client_name": "Guest"},
            secret=None,
            token="a registration token",
            now=0,
        )

    said = []
    for word in ("disable", "enable", "remove"):
        said.append(client("list").out)
        assert client(word, "c1").status == 0
    gone = client("disable", "c1")

    assert said == ["c1\tGuest\t\n", "c1\tGuest\tdisabled\n", "c1\tGuest\t\n"]
    assert (gone.status, client("list").out) == (1, "")
    assert "no registered client 'c1'" in gone.err


@pytest.mark.parametrize("words", [("--uses", "0"), ("--uses", "x"), ("--expires", "1"), ("--expires", "0d")])
def test_a_number_that_is_none_is_refused(client: Command, words: tuple[str, str]) -> None:
    assert client("token", *words).status == 2
