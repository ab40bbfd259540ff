"""Limits that hold over threads, processes and restarts."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import delete

from idp.outbound.quota import Asked, of_mail, of_sms
from idp.store import limits, tables
from idp.store.database import Database
from idp.store.limits import Limit
from tests.clock import START

AT_ONCE = 64


@pytest.fixture
def database(shared_database_url: str) -> Iterator[Database]:
    made = Database(shared_database_url)
    with made.write() as tx:
        tx.execute(delete(tables.limits))
    yield made
    made.close()


@pytest.fixture
def others(shared_database_url: str) -> Iterator[list[Database]]:
    """Two more processes on the same database, as far as the database can tell."""
    made = [Database(shared_database_url) for _ in range(2)]
    yield made
    for one in made:
        one.close()


def take(database: Database, subject: str = "s", *, limit: int = 3, window: int = 60, now: int = START) -> int | None:
    with database.write() as tx:
        return limits.take(tx, subject, limit=limit, window=window, now=now)


def take_all(database: Database, *wanted: Limit, now: int = START) -> Limit | None:
    with database.write() as tx:
        return limits.take_all(tx, wanted, now=now)


def at_once(work: Callable[[int], int | Limit | None]) -> list[int | Limit | None]:
    """What `work` gives in so many threads that begin together."""
    start = threading.Barrier(AT_ONCE)
    results: list[int | Limit | None] = []

    def run(n: int) -> None:
        start.wait(20)
        results.append(work(n))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == AT_ONCE
    return results


def test_no_more_than_the_limit_is_taken_in_a_window(database: Database) -> None:
    assert [take(database) for _ in range(5)] == [1, 2, 3, None, None]


def test_the_next_window_counts_anew(database: Database) -> None:
    for _ in range(5):
        take(database, now=START)
    assert take(database, now=START + 59) is None
    assert take(database, now=START + 60) == 1


def test_a_refusal_does_not_lengthen_the_window(database: Database) -> None:
    for second in range(60):
        take(database, now=START + second)
    assert take(database, now=START + 60) == 1


def test_subjects_are_counted_apart(database: Database) -> None:
    assert [take(database, f"s{n}", limit=1) for n in range(3)] == [1, 1, 1]


def test_a_pause_holds_from_the_message_on_and_not_from_a_boundary(database: Database) -> None:
    times = [START + 29, START + 31, START + 58, START + 59]
    assert [take(database, limit=1, window=30, now=now) for now in times] == [1, None, None, 1]


def test_the_time_that_is_left_can_be_told(database: Database) -> None:
    take(database, window=60, now=START)
    with database.read() as tx:
        left = [limits.seconds_left(tx, "s", START + n) for n in (0, 59, 60, 99)]
        assert (left, limits.seconds_left(tx, "other", START)) == ([60, 1, 0, 0], 0)


def test_a_limit_of_nothing_lets_nothing_through(database: Database) -> None:
    assert take(database, limit=0) is None


def test_a_lower_limit_holds_at_once(database: Database) -> None:
    for _ in range(3):
        take(database, limit=10)
    assert take(database, limit=3) is None


def test_the_count_survives_a_restart(database: Database, shared_database_url: str) -> None:
    take(database, limit=1)
    database.close()
    again = Database(shared_database_url)
    assert take(again, limit=1) is None
    again.close()


def test_several_limits_are_taken_together(database: Database) -> None:
    wanted = [Limit(subject=s, limit=2, window=60) for s in ("number", "person", "realm")]
    assert [take_all(database, *wanted) for _ in range(3)] == [None, None, wanted[0]]


def test_when_one_limit_stands_in_the_way_none_is_taken(database: Database) -> None:
    low = Limit(subject="m", limit=1, window=60)
    around = [Limit(subject=s, limit=9, window=60) for s in ("a", "z")]
    take_all(database, low)
    assert take_all(database, around[0], low, around[1]) == low
    assert [take(database, s, limit=9) for s in ("a", "z")] == [1, 1]


def test_what_else_the_transaction_did_stays_when_a_limit_stands_in_the_way(database: Database) -> None:
    full = Limit(subject="full", limit=0, window=60)
    with database.write() as tx:
        limits.take(tx, "before", limit=9, window=60, now=START)
        assert limits.take_all(tx, [Limit(subject="a", limit=9, window=60), full], now=START) == full
        limits.take(tx, "after", limit=9, window=60, now=START)
    assert [take(database, s, limit=9) for s in ("before", "a", "after")] == [2, 1, 2]


@pytest.mark.attack
def test_of_sixty_four_at_once_no_more_than_the_limit_pass(database: Database, others: list[Database]) -> None:
    doors = [database, *others]
    results = at_once(lambda n: take(doors[n % 3], limit=5))
    assert Counter(results) == {None: AT_ONCE - 5, 1: 1, 2: 1, 3: 1, 4: 1, 5: 1}


@pytest.mark.attack
def test_of_sixty_four_at_once_one_message_is_sent(database: Database, others: list[Database]) -> None:
    doors = [database, *others]
    results = at_once(lambda n: take(doors[n % 3], limits.pause_subject("sms", "u", "m"), limit=1, window=30))
    assert [r for r in results if r is not None] == [1]


@pytest.mark.attack
def test_sixty_four_at_once_over_several_limits_count_each_alike_and_do_not_wait_for_each_other(
    database: Database, others: list[Database]
) -> None:
    doors = [database, *others]
    wanted = [Limit(subject=s, limit=limit, window=60) for s, limit in (("a", 50), ("b", 7), ("c", 60))]
    results = at_once(lambda n: take_all(doors[n % 3], *(wanted if n % 2 else reversed(wanted))))
    assert Counter(results) == {None: 7, wanted[1]: AT_ONCE - 7}
    assert [take(database, s, limit=99) for s in ("a", "b", "c")] == [8, 8, 8]


@pytest.mark.attack
def test_a_new_window_lets_no_more_through_at_once_than_the_first(database: Database, others: list[Database]) -> None:
    doors = [database, *others]
    for _ in range(5):
        take(database, limit=5)
    results = at_once(lambda n: take(doors[n % 3], limit=5, now=START + 60))
    assert sorted(r for r in results if isinstance(r, int)) == [1, 2, 3, 4, 5]


def test_windows_that_have_ended_are_taken_out(database: Database) -> None:
    take(database, "old", now=START)
    take(database, "new", now=START + 30)
    with database.write() as tx:
        limits.remove_expired(tx, START + 60)
    with database.read() as tx:
        assert [limits.seconds_left(tx, s, START) for s in ("old", "new")] == [0, 90]


def test_every_subject_fits_however_long_its_parts(database: Database) -> None:
    realm, mac = "r" * 63, "m" * 22
    asked = Asked(
        realm=realm, user_id="u" * 64, network="2001:0db8:1234:5678:0000:0000:0000:0000/64", purpose="sign-in"
    )
    sms = of_sms(asked, e164="+491701234567", country="DE", daily_limit=500, mac=lambda _: mac)
    subjects = [limit.subject for limit in (*sms, *of_mail(asked, address="a@example.com", mac=lambda _: mac))]
    assert [take(database, subject) for subject in subjects] == [1] * len(subjects)
