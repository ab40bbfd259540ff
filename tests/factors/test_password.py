"""Verifying a password is as much work whatever hash is stored, so that its time does not tell who has an old one."""

import time

import pytest
from argon2 import PasswordHasher

from idp.factors.password import MEMORY_KIB, PARALLELISM, TIME_COST, Passwords, rest_of_work

PASSWORD = "words that were chosen long ago"
TODAY = TIME_COST * MEMORY_KIB

pytestmark = pytest.mark.attack


def stored(passes: int, kib: int) -> str:
    return f"$argon2id$v=19$m={kib},t={passes},p={PARALLELISM}$c29tZXNhbHQ$bm90IHJlYWxseSBhIGhhc2g"


@pytest.mark.parametrize(
    ("passes", "kib"), [(2, MEMORY_KIB), (3, 4096), (1, 8), (4, MEMORY_KIB), (TIME_COST, MEMORY_KIB - 100)]
)
def test_what_a_cheaper_hash_saves_is_spent_besides_it(passes: int, kib: int) -> None:
    more_passes, more_kib = rest_of_work(stored(passes, kib)) or (0, 0)

    assert more_kib <= MEMORY_KIB
    assert passes * kib + more_passes * more_kib == pytest.approx(TODAY, abs=more_passes)


@pytest.mark.parametrize(("passes", "kib"), [(TIME_COST, MEMORY_KIB), (3, 65536)])
def test_a_hash_of_today_or_a_dearer_one_is_all_the_work(passes: int, kib: int) -> None:
    assert rest_of_work(stored(passes, kib)) is None


def test_what_is_no_hash_of_ours_is_answered_like_a_name_that_nobody_has() -> None:
    assert rest_of_work("{SSHA}c29tZXRoaW5nIGVsc2U=") == (TIME_COST, MEMORY_KIB)


@pytest.mark.parametrize(("typed", "is_right"), [(PASSWORD, True), ("a guess", False)])
def test_the_rest_is_spent_on_right_and_wrong_passwords(typed: str, is_right: bool) -> None:
    """In processor time: without the rest, it would be less than a hundredth."""
    passwords, cheapest = Passwords(), PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)

    assert passwords.verify(cheapest, typed) is is_right
    assert _work(passwords, cheapest, typed) > _work(passwords, None, typed) / 4


def _work(passwords: Passwords, stored: str | None, typed: str) -> float:
    def once() -> float:
        began = time.process_time()
        passwords.verify(stored, typed)
        return time.process_time() - began

    return min(once() for _ in range(3))
