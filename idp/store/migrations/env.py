"""Alembic's entry: works on the connection that it is given."""

from alembic import context

from idp.store.tables import metadata

# Two servers that start at the same time must not both migrate.
_LOCK = 0x1D9

connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
