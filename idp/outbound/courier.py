"""Carries what a durable outbox holds, after the fact and beside all requests."""

import threading
from collections.abc import Callable, Collection, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Generic, Protocol, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from idp.errors import Overloaded
from idp.events.catalogue import Event
from idp.events.log import emit, origin
from idp.store.database import Database, Transaction, reason

AT_ONCE = 8
_LOOK_EVERY = 0.5
_AFTER_TROUBLE = 5.0
_LOOK_AT = 200


class Attempted(Protocol):
    """What an outbox holds; `attempts` were in vain."""

    @property
    def attempts(self) -> int: ...


Item = TypeVar("Item", bound=Attempted)
Whom = TypeVar("Whom", bound=Hashable)


class Courier(Generic[Item, Whom]):
    """One at a time to each recipient, and a few recipients at once: who is slow keeps nobody else waiting.

    An item is claimed by moving it to its next attempt: what a killed process had begun is tried again then. `waits`:
    seconds until that, after each attempt; the last one was in vain.
    """

    waits: tuple[int, ...]

    def __init__(self, name: str, *, database: Database, clock: Callable[[], int]) -> None:
        self.database = database
        self.clock = clock
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix=name)
        self._busy: set[Whom] = set()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"{name}-outbox", daemon=True)

    def due(self, tx: Transaction, *, now: int, busy: Collection[Whom], limit: int) -> list[Item]:
        """Some that are to be carried now, one for each recipient; none for those who are busy."""
        raise NotImplementedError

    def claim(self, tx: Transaction, item: Item, *, now: int, until: int) -> bool:
        """Make it this process's until then; false when another one was first."""
        raise NotImplementedError

    def whom(self, item: Item) -> Whom:
        """Its recipient."""
        raise NotImplementedError

    def carry(self, item: Item) -> None:
        """Try it once, and `take_out` what has arrived or is given up. May be slow."""
        raise NotImplementedError

    def remove(self, tx: Transaction, item: Item) -> None:
        """Have it in the outbox no more."""
        raise NotImplementedError

    def start(self) -> None:
        """Look into the outbox in a thread of its own, until `stop`."""
        self._thread.start()

    def wake(self) -> None:
        """Something is due now."""
        self._wake.set()

    def stop(self) -> None:
        """What is under way may end; what is not goes on in another process, or after the next start."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()
        self._pool.shutdown(cancel_futures=True)

    def take_out(self, item: Item) -> None:
        """It has arrived, or is given up."""
        with self.database.write() as tx:
            self.remove(tx, item)

    def is_last(self, item: Item) -> bool:
        """Whether it is not tried again after this attempt."""
        return item.attempts + 1 >= len(self.waits)

    def _watch(self) -> None:
        while not self._stopping.is_set():
            try:
                self._look()
            except (SQLAlchemyError, Overloaded) as error:
                emit(Event.UNAVAILABLE, reason=reason(error))
                self._stopping.wait(_AFTER_TROUBLE)
            except Exception as error:  # noqa: BLE001  # a thread that dies tells nobody anything any more
                emit(Event.BUG, **origin(error))
                self._stopping.wait(_AFTER_TROUBLE)
            self._wake.wait(_LOOK_EVERY)
            self._wake.clear()

    def _look(self) -> None:
        free = AT_ONCE - len(self._busy)
        if free <= 0:
            return
        now = self.clock()
        with self.database.read() as tx:
            found = self.due(tx, now=now, busy=list(self._busy), limit=_LOOK_AT)
        for item in found[:free]:
            until = now + self.waits[min(item.attempts, len(self.waits) - 1)]
            with self.database.write() as tx:
                is_mine = self.claim(tx, item, now=now, until=until)
            if is_mine:
                whom = self.whom(item)
                self._busy.add(whom)
                self._pool.submit(self._attempt, item).add_done_callback(partial(self._ready, whom))

    def _attempt(self, item: Item) -> None:
        try:
            self.carry(item)
        except Exception:
            # Nobody knows why, so that it may be for ever.
            if self.is_last(item):
                self.take_out(item)
            raise

    def _ready(self, whom: Whom, done: "Future[None]") -> None:
        self._busy.discard(whom)
        if not done.cancelled() and (error := done.exception()):
            emit(Event.BUG, **origin(error))
        self._wake.set()
