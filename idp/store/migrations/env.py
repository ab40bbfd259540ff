"""Alembic's entry: works on the connection that it is given."""

from alembic import context

from idp.store.tables import metadata

# Two that migrate at the same time do so one after the other.
_LOCK = 0x1D9

connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    # A large table takes longer than any request may. A lock is waited for as long as a request waits: behind a
    # change of a table that waits for a lock, every server waits too.
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    connection.exec_driver_sql("SET LOCAL lock_timeout = '4s'")
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
