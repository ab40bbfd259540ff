"""The workers that carry messages: bounded, and out of everybody's way."""

import threading
import time

import pytest

from idp.events.log import request_id
from idp.outbound.queue import Outbox
from idp.outbound.results import Failed, Failure, Outcome, Sent
from tests.conftest import Log

PATIENCE = 20.0


class Reports:
    """What was reported, to be waited for."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self._changed = threading.Condition()

    def __call__(self, outcome: Outcome) -> None:
        with self._changed:
            self.outcomes.append(outcome)
            self._changed.notify_all()

    def after(self, count: int) -> list[Outcome]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.outcomes) >= count, PATIENCE)
            return list(self.outcomes)


class Provider:
    """Work that is begun and ends only when it is told to."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.release = threading.Event()

    def __call__(self) -> Outcome:
        self.begun.release()
        assert self.release.wait(PATIENCE)
        return Sent("slow")

    def wait(self) -> None:
        assert self.begun.acquire(timeout=PATIENCE)


def test_the_outcome_is_reported() -> None:
    outbox, reports = Outbox("test"), Reports()
    assert outbox.submit(lambda: Sent("1"), reports)
    assert reports.after(1) == [Sent("1")]
    outbox.stop()


def test_submitting_does_not_wait_for_the_provider() -> None:
    outbox, reports, provider = Outbox("test", threads=1), Reports(), Provider()
    begun = time.monotonic()
    assert outbox.submit(provider, reports)
    assert time.monotonic() - begun < 1
    provider.release.set()
    reports.after(1)
    outbox.stop()


def test_a_slow_message_does_not_hold_up_the_others() -> None:
    outbox, slow, fast, provider = Outbox("test", threads=2), Reports(), Reports(), Provider()
    outbox.submit(provider, slow)
    provider.wait()
    for n in range(20):
        assert outbox.submit(lambda n=n: Sent(str(n)), fast)  # type: ignore[misc]  # a default binds the number
        fast.after(n + 1)
    assert slow.outcomes == []
    provider.release.set()
    assert slow.after(1) == [Sent("slow")]
    outbox.stop()


@pytest.mark.attack
def test_when_too_many_wait_the_next_is_refused_at_once() -> None:
    outbox, reports, provider = Outbox("test", threads=1, waiting=3), Reports(), Provider()
    assert outbox.submit(provider, reports)
    provider.wait()
    assert [outbox.submit(lambda: Sent("x"), reports) for _ in range(5)] == [True, True, True, False, False]
    assert reports.outcomes == [Failed(Failure.TRANSIENT)] * 2
    provider.release.set()
    assert len(reports.after(6)) == 6
    assert outbox.submit(lambda: Sent("again"), reports)
    outbox.stop()
    assert len(reports.outcomes) == 7


def test_a_bug_does_not_take_the_worker_with_it(log: Log) -> None:
    outbox, reports = Outbox("test", threads=1), Reports()
    secret = "-".join(("+491701234567", "482913"))

    def broken() -> Outcome:
        raise RuntimeError(secret)

    outbox.submit(broken, reports)
    outbox.submit(lambda: Sent("2"), reports)
    assert reports.after(2) == [Failed(Failure.UNKNOWN_OUTCOME), Sent("2")]
    outbox.stop()
    said = "\n".join(log.lines)
    assert "RuntimeError" in said
    assert secret not in said


def test_a_bug_in_a_report_does_not_take_the_worker_with_it() -> None:
    outbox, reports = Outbox("test", threads=1), Reports()

    def broken(_: Outcome) -> None:
        raise RuntimeError

    outbox.submit(lambda: Sent("1"), broken)
    outbox.submit(lambda: Sent("2"), reports)
    assert reports.after(1) == [Sent("2")]
    outbox.stop()


def test_stopping_finishes_what_was_taken() -> None:
    outbox, reports = Outbox("test", threads=1), Reports()
    for n in range(10):
        outbox.submit(lambda n=n: Sent(str(n)), reports)  # type: ignore[misc]  # a default binds the number
    outbox.stop()
    assert reports.outcomes == [Sent(str(n)) for n in range(10)]


def test_what_was_not_begun_when_the_time_is_over_is_reported_as_not_sent() -> None:
    outbox, reports, rest, provider = Outbox("test", threads=1), Reports(), Reports(), Provider()
    outbox.submit(provider, reports)
    provider.wait()
    outbox.submit(lambda: Sent("never"), rest)
    outbox.stop(timeout=0.05)
    assert rest.outcomes == [Failed(Failure.TRANSIENT)]
    provider.release.set()
    assert reports.after(1) == [Sent("slow")]


def test_nothing_is_taken_after_the_stop() -> None:
    outbox, reports = Outbox("test"), Reports()
    outbox.stop()
    assert not outbox.submit(lambda: Sent("1"), reports)
    assert reports.outcomes == [Failed(Failure.TRANSIENT)]


def test_log_lines_of_a_message_name_the_request_that_caused_it() -> None:
    outbox, reports, seen = Outbox("test"), Reports(), []
    token = request_id.set("r-1")

    def work() -> Outcome:
        seen.append(request_id.get())
        return Sent("1")

    outbox.submit(work, reports)
    request_id.reset(token)
    reports.after(1)
    assert seen == ["r-1"]
    outbox.stop()


def test_sixty_four_at_once_are_each_reported_once() -> None:
    outbox, reports = Outbox("test", threads=4, waiting=1000), Reports()
    start = threading.Barrier(64)

    def submit(n: int) -> None:
        start.wait(PATIENCE)
        assert outbox.submit(lambda: Sent(str(n)), reports)

    threads = [threading.Thread(target=submit, args=(n,)) for n in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outbox.stop()
    ids = sorted(int(outcome.provider_id) for outcome in reports.outcomes if isinstance(outcome, Sent))
    assert ids == list(range(64))
