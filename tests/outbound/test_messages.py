"""Messages and the reports on them: only forward, each once."""

import itertools
from collections.abc import Iterator

import pytest
from sqlalchemy import inspect, select

from idp.store import messages
from idp.store.database import Database
from idp.store.messages import Message
from idp.store.tables import metadata, users
from tests.clock import START

SID = "SM" + "a" * 32


@pytest.fixture
def database(shared_database_url: str) -> Iterator[Database]:
    made = Database(shared_database_url)
    with made.write() as tx:
        messages.remove_before(tx, START * 2)
        user_id = tx.execute(select(users.c.id).where(users.c.realm == "demo")).scalars().first()
        assert user_id
        messages.add(
            tx, message_id="m-1", realm="demo", user_id=user_id, credential_id="c-1", kind="sign-in", now=START
        )
    yield made
    made.close()


def now_(database: Database, message_id: str = "m-1") -> tuple[str, str | None, str | None]:
    with database.read() as tx:
        found = messages.get(tx, message_id)
    assert found is not None
    return found.status, found.failure, found.provider_id


def hand_over(database: Database, provider_id: str | None = SID) -> None:
    with database.write() as tx:
        messages.handed_over(tx, "m-1", provider_id=provider_id)


def report(
    database: Database,
    status: str,
    *,
    failure: str | None = None,
    provider_id: str = SID,
    reference: str | None = "m-1",
    realm: str = "demo",
) -> Message | None:
    with database.write() as tx:
        return messages.report(
            tx, realm=realm, provider_id=provider_id, reference=reference, status=status, failure=failure
        )


def test_a_message_is_followed_to_its_end(database: Database) -> None:
    hand_over(database)
    assert now_(database) == ("accepted", None, SID)
    for status in ("queued", "sending", "sent", "delivered"):
        news = report(database, status)
        assert news is not None
        assert (news.status, news.id, news.credential_id) == (status, "m-1", "c-1")


def test_a_report_that_comes_twice_is_news_once(database: Database) -> None:
    hand_over(database)
    assert [report(database, "sent") is not None for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("order", list(itertools.permutations(("queued", "sent", "delivered"))), ids=" ".join)
def test_reports_out_of_order_end_the_same(database: Database, order: tuple[str, ...]) -> None:
    hand_over(database)
    for status in order:
        report(database, status)
    assert now_(database)[0] == "delivered"


def test_the_first_end_that_is_reported_stays(database: Database) -> None:
    hand_over(database)
    report(database, "undelivered", failure="number")
    assert report(database, "delivered") is None
    assert now_(database) == ("undelivered", "number", SID)


def test_a_report_that_overtakes_the_answer_finds_its_message(database: Database) -> None:
    assert report(database, "sent") is not None
    hand_over(database)
    assert now_(database) == ("sent", None, SID)


def test_a_message_whose_fate_was_unknown_is_told_of_later(database: Database) -> None:
    with database.write() as tx:
        messages.not_handed_over(tx, "m-1", failure="unknown_outcome", is_certain=False)
    assert now_(database) == ("unknown", "unknown_outcome", None)
    assert report(database, "delivered") is not None
    assert now_(database) == ("delivered", None, SID)


def test_a_message_that_was_not_sent_says_why(database: Database) -> None:
    with database.write() as tx:
        messages.not_handed_over(tx, "m-1", failure="credentials", is_certain=True)
    assert now_(database) == ("failed", "credentials", None)


def test_a_provider_that_does_not_name_messages_is_followed_by_ours(database: Database) -> None:
    hand_over(database, None)
    assert now_(database) == ("accepted", None, None)


@pytest.mark.attack
@pytest.mark.parametrize(
    "strange",
    [
        {"realm": "other"},
        {"provider_id": "SM" + "b" * 32},
        {"provider_id": "SM" + "b" * 32, "reference": None},
        {"provider_id": "SM" + "b" * 32, "reference": "m-2"},
    ],
    ids=["another realm", "another message", "no reference", "another reference"],
)
def test_a_report_on_something_else_changes_nothing(database: Database, strange: dict[str, str]) -> None:
    hand_over(database)
    assert report(database, "failed", **strange) is None
    assert now_(database) == ("accepted", None, SID)


@pytest.mark.parametrize("status", ["", "received", "DELIVERED", "new status"])
def test_a_status_that_nobody_knows_changes_nothing(database: Database, status: str) -> None:
    hand_over(database)
    assert report(database, status) is None
    assert now_(database)[0] == "accepted"


def test_old_messages_are_taken_out(database: Database) -> None:
    with database.write() as tx:
        messages.remove_before(tx, START)
        assert messages.get(tx, "m-1") is not None
        messages.remove_before(tx, START + 1)
        assert messages.get(tx, "m-1") is None


def test_no_column_is_there_for_number_address_or_code(database: Database) -> None:
    with database.read() as tx:
        columns = {column["name"] for column in inspect(tx.connection).get_columns("messages")}
    expected = {"id", "realm", "user_id", "credential_id", "kind", "provider_id", "status", "rank", "failure"}
    assert columns == expected | {"created_at"}


@pytest.mark.parametrize("table", ["limits", "messages"])
def test_the_migration_makes_what_the_tables_say(database: Database, table: str) -> None:
    with database.read() as tx:
        there = {c["name"]: bool(c["nullable"]) for c in inspect(tx.connection).get_columns(table)}
        indexes = {tuple(i["column_names"]) for i in inspect(tx.connection).get_indexes(table) if not i["unique"]}
    said = metadata.tables[table]
    assert there == {c.name: bool(c.nullable) for c in said.columns}
    assert indexes == {tuple(c.name for c in index.columns) for index in said.indexes}
