"""`idp migrate`, and that the tables it makes are those that the program uses."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from idp.store import migrations
from idp.store.database import Database
from idp.store.tables import metadata
from tests.cli.conftest import Command
from tests.operations.serving import IDP, environment, free_port


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    opened = Database(empty_database_url)
    yield opened
    opened.close()


def test_an_empty_database_is_brought_up_to_date_and_then_left_alone(idp: Command, empty_database_url: str) -> None:
    first, second = (idp("migrate", "--database", empty_database_url) for _ in range(2))
    assert (first.status, first.out) == (0, f"the database is at revision {migrations.HEAD}\n")
    assert (second.status, second.out) == (0, f"the database is at revision {migrations.HEAD} already\n")


def test_two_at_once_migrate_once(empty_database_url: str, database: Database) -> None:
    words = [*IDP, "migrate", "--database", empty_database_url]
    both = [subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, stderr=sys.stderr) for _ in range(2)]
    for process in both:
        process.communicate(timeout=30)
    assert [process.returncode for process in both] == [0, 0]
    assert migrations.revision(database) == migrations.HEAD


def test_the_migrations_make_the_tables_of_the_program(database: Database) -> None:
    migrations.migrate(database)
    with database.read() as tx:
        context = MigrationContext.configure(tx.connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_newest_revision_is_the_one_that_servers_ask_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations.__path__[0]))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [migrations.HEAD]
    assert {s.revision for s in scripts.walk_revisions()} - {migrations.HEAD} == set(migrations._OLDER)


def test_a_database_of_a_later_version_is_left_alone(idp: Command, empty_database_url: str, database: Database) -> None:
    migrations.migrate(database)
    with database.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for command in (("migrate",), ("user", "list", "--realm", "demo"), ("serve", "--dev", "--port", str(free_port()))):
        done = idp(*command, "--database", empty_database_url)
        assert done.status == 1
        told = "idp: the database is at revision 9999 of a later version: run that version, or a newer one\n"
        assert done.err == told
    assert migrations.revision(database) == "9999"


def test_nothing_is_left_of_a_migration_that_failed(idp: Command, empty_database_url: str, database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("CREATE TABLE users (id INTEGER)"))
    done = idp("migrate", "--database", empty_database_url)
    assert done.status == 1
    assert done.err.startswith("idp: the database cannot be used: ")
    assert migrations.revision(database) is None
    with database.write() as tx:
        tx.execute(text("DROP TABLE users"))
    assert idp("migrate", "--database", empty_database_url).status == 0
