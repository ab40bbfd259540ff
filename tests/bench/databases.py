"""The databases that are measured: SQLite in a file, and a PostgreSQL of the benchmark's own that does sync to disk."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.databases import Files, Server
from tests.postgresql import Cluster

ENGINES = ("sqlite", "postgresql")


@contextmanager
def opened(engine: str, folder: Path) -> Iterator[Callable[[], str]]:
    """Makes new, empty databases while it is open, and gives their URLs."""
    cluster = Cluster(fsync="on", full_page_writes="on") if engine == "postgresql" else None
    databases = Server(cluster.url) if cluster else Files(folder)

    def new() -> str:
        name = f"bench_{secrets.token_hex(4)}"
        databases.create(name)
        return databases.url(name)

    try:
        yield new
    finally:
        databases.close()
        if cluster:
            cluster.close()
