"""Connections to a PostgreSQL that may freeze: one that answers nothing is given up instead of waited for."""

from typing import Any

from psycopg import Connection, OperationalError
from psycopg.pq import TransactionStatus

# Seconds. The server gives a statement up half a second sooner, if it still can.
_PATIENCE = 5.5


class AnsweringConnection(Connection[Any]):
    """Raises OperationalError when nothing comes back in time, and is closed then."""

    def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        """Run a step of the protocol to its end."""
        try:
            return super().wait(gen, *args, **options | {"timeout": _PATIENCE})
        except OperationalError:
            # Nobody would know which question a later answer belongs to.
            if self.info.transaction_status == TransactionStatus.ACTIVE:
                self.close()
            raise
