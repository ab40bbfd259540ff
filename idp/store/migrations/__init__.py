"""Migrations (Alembic). SQLite migrates itself at the start; a shared PostgreSQL is migrated by `idp migrate`."""

import threading
from pathlib import Path

from sqlalchemy import inspect, text

from idp.errors import SettingsError
from idp.store.database import Database

# The newest revision; a test holds it to what Alembic finds. Asking Alembic would cost every start its import.
HEAD = "0001"
_OLDER: tuple[str, ...] = ()
_MIGRATING = threading.Lock()


def ensure_migrated(database: Database) -> None:
    """Migrate SQLite; raise SettingsError for a PostgreSQL that `idp migrate` has not brought up to date."""
    found = revision(database)
    if found == HEAD:
        return
    if not database.is_sqlite and found in (None, *_OLDER):
        raise SettingsError("the database is not up to date: run `idp migrate --database …` first")
    migrate(database)


def revision(database: Database) -> str | None:
    """The revision that the database is at, or None for an empty one."""
    with database.read() as tx:
        if not inspect(tx.connection).has_table("alembic_version"):
            return None
        return tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def migrate(database: Database) -> None:
    """Bring the database to the newest revision; does nothing where it is. Raises SettingsError for a later one."""
    if (found := revision(database)) not in (None, *_OLDER, HEAD):
        raise SettingsError(f"the database is at revision {found} of a later version: run that version, or a newer one")
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with _MIGRATING, database.write() as tx:
        config.attributes["connection"] = tx.connection
        command.upgrade(config, HEAD)
