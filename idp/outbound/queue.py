"""A few workers with a bounded queue: a provider that takes its time slows nobody else down."""

import contextvars
import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from idp.outbound.results import Failed, Failure, Outcome

Work = Callable[[], Outcome]
Report = Callable[[Outcome], None]

_log = logging.getLogger(__name__)


class Carrier(Protocol):
    """Does the work of sending, and tells how it went."""

    def submit(self, work: Work, report: Report) -> bool: ...

    def stop(self) -> None: ...


class AtOnce:
    """For a command, which ends before a worker would begin: everything is done before `submit` returns."""

    def submit(self, work: Work, report: Report) -> bool:
        """True once it is done and reported."""
        report(work())
        return True

    def stop(self) -> None:
        """Nothing waits."""


@dataclass(frozen=True, slots=True)
class _Job:
    work: Work
    report: Report
    context: contextvars.Context  # the request's identifier, for the log lines of what it caused


class Outbox:
    """Carries what is submitted to one provider; give every provider its own, so that none waits for another.

    `threads`: how many at once; `waiting`: how many more may wait. Safe to use from many threads.
    """

    def __init__(self, name: str, *, threads: int = 4, waiting: int = 64) -> None:
        self._name = name
        self._waiting = waiting
        self._jobs: deque[_Job] = deque()
        self._closed = False
        self._changed = threading.Condition()
        self._most = threads
        self._threads: list[threading.Thread] = []

    def submit(self, work: Work, report: Report) -> bool:
        """Have it done soon; false when too much waits already.

        `report` is called exactly once, in a worker (or here, or in `stop`): with what `work` returned, with
        UNKNOWN_OUTCOME when that raised, with TRANSIENT when it was not begun. Whatever it raises is logged.
        """
        job = _Job(work, report, contextvars.copy_context())
        with self._changed:
            taken = not self._closed and len(self._jobs) < self._waiting
            if taken:
                self._jobs.append(job)
                self._changed.notify()
                self._grow()
        if not taken:
            self._tell(job, Failed(Failure.TRANSIENT))
        return taken

    def stop(self, timeout: float = 10.0) -> None:
        """Take nothing more, finish what is there for `timeout` seconds, report the rest as not sent."""
        deadline = time.monotonic() + timeout
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        while (job := self._next()) is not None:
            job.context.run(self._tell, job, Failed(Failure.TRANSIENT))

    def _grow(self) -> None:
        """One more worker, up to the most: a server that sends nothing has none."""
        if len(self._threads) < self._most:
            thread = threading.Thread(target=self._run, name=f"{self._name}-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            job.context.run(self._carry, job)

    def _next(self) -> _Job | None:
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closed)
            return self._jobs.popleft() if self._jobs else None

    def _carry(self, job: _Job) -> None:
        try:
            outcome = job.work()
        except Exception as error:  # noqa: BLE001 - a bug must not take the worker with it
            self._log_bug(error)
            outcome = Failed(Failure.UNKNOWN_OUTCOME)
        self._tell(job, outcome)

    def _tell(self, job: _Job, outcome: Outcome) -> None:
        try:
            job.report(outcome)
        except Exception as error:  # noqa: BLE001 - the same
            self._log_bug(error)

    def _log_bug(self, error: Exception) -> None:
        # Where, but not the text: it may name the number or the code.
        where = "".join(traceback.format_tb(error.__traceback__))
        _log.error("%s: %s\n%s", self._name, type(error).__name__, where)
