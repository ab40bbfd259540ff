"""Wrong client secrets, counted and slowed per client and network.

A right secret costs no statement: who must wait is in the database, and what it says of them is remembered here until
then. A process that does not know evaluates one wrong secret, and is told.
"""

from idp.errors import TooManyGuessesError
from idp.policy.lockout import secret_wait
from idp.store import guesses
from idp.store.database import Database
from idp.tokens.sealing import Sealer

_MOST_REMEMBERED = 10_000


class SecretGuesses:
    """Safe to use from many threads."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._until: dict[str, int] = {}

    def subject(self, realm: str, client_id: str, network: str) -> str:
        """What is counted together. A client that there is not is counted like one that there is."""
        return guesses.secret_subject(self._sealer.mac("client secret", f"{realm}:{client_id}"), network)

    def refuse(self, subject: str, now: int) -> None:
        """Raises TooManyGuessesError before a secret is looked at, right or wrong."""
        if (left := self._until.get(subject, 0) - now) > 0:
            raise TooManyGuessesError(left)

    def count(self, subject: str, now: int) -> None:
        """A wrong one. Raises TooManyGuessesError where another process knew that it had to wait."""
        with self._database.write() as tx:
            counted = guesses.count(tx, subject, now=now, wait=secret_wait)
            left = guesses.blocked_for(tx, subject, now)
        if left:
            if len(self._until) >= _MOST_REMEMBERED:
                self._until.clear()
            self._until[subject] = now + left
        if counted is None:
            raise TooManyGuessesError(left)
