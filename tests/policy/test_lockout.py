"""How long the next guess waits."""

import pytest

from idp.policy.lockout import SECOND_FACTOR_SHUT_AT, password_wait, second_factor_wait

HOUR = 3600


@pytest.mark.parametrize(
    ("wrong", "seconds"),
    [
        (0, 0),
        (1, 0),
        (2, 0),
        (3, 60),
        (4, 120),
        (5, 240),
        (6, 480),
        (7, 960),
        (8, 1920),
        (9, HOUR),
        (10, HOUR),
        (99, HOUR),
    ],
)
def test_second_factor_guesses_wait_from_the_third_on_a_minute_doubling_to_an_hour(wrong: int, seconds: int) -> None:
    assert second_factor_wait(wrong) == seconds


def test_second_factors_are_shut_at_a_hundred_wrong_guesses() -> None:
    assert SECOND_FACTOR_SHUT_AT == 100


def test_a_hundred_guesses_take_days() -> None:
    assert sum(second_factor_wait(wrong) for wrong in range(1, SECOND_FACTOR_SHUT_AT)) > 3 * 24 * HOUR


@pytest.mark.parametrize(
    ("wrong", "seconds"),
    [(0, 0), (5, 0), (6, 1), (7, 2), (8, 4), (15, 512), (16, 900), (17, 900), (10**6, 900)],
)
def test_passwords_are_slowed_from_the_sixth_on_and_never_longer_than_a_quarter_of_an_hour(
    wrong: int, seconds: int
) -> None:
    assert password_wait(wrong) == seconds


@pytest.mark.parametrize("wait", [second_factor_wait, password_wait])
def test_one_guess_more_never_waits_less(wait: object) -> None:
    assert callable(wait)
    waits = [wait(wrong) for wrong in range(200)]
    assert waits == sorted(waits)
