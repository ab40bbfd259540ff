"""`INSERT … ON CONFLICT`, which both databases have, and SQLAlchemy per dialect only."""

from typing import Any

from sqlalchemy import Table


def insert_into(table: Table, dialect: str) -> Any:
    """The statement of that dialect, with `on_conflict_do_nothing` and `on_conflict_do_update`."""
    # What is not used is not imported: PostgreSQL's brings all its types along.
    insert: Any
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert
    return insert(table)
