"""Guesses of second factors, counted together for a person."""

import pytest

from idp.policy.lockout import second_factor_wait
from idp.store import guesses
from idp.store.database import Database

NOW = 1_800_000_000
PERSON = "of nobody else"


def guess(database: Database, factor: str = "sms") -> int | None:
    with database.write() as tx:
        return guesses.count_second_factor(tx, PERSON, factor, now=NOW, wait=second_factor_wait)


def was_none(database: Database, counted: int | None) -> None:
    assert counted is not None
    with database.write() as tx:
        guesses.uncount_second_factor(tx, PERSON, "sms", counted=counted)


def test_what_was_no_guess_waits_for_nothing(database: Database) -> None:
    guess(database, "totp")
    guess(database, "totp")
    third = guess(database)
    assert guess(database) is None

    was_none(database, third)

    assert guess(database) == 3


@pytest.mark.attack
def test_what_was_no_guess_lifts_the_wait_of_no_other(database: Database) -> None:
    first = guess(database)
    assert (guess(database), guess(database), guess(database)) == (2, 3, None)

    was_none(database, first)

    assert guess(database) is None


def test_what_a_right_answer_has_forgiven_is_not_taken_off_again(database: Database) -> None:
    guess(database, "totp")
    first = guess(database)
    with database.write() as tx:
        guesses.forgive_second_factor(tx, PERSON, "sms")

    was_none(database, first)

    assert guess(database) == 2
