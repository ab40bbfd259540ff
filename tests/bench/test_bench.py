"""The benchmark still runs; what it measures is never asserted, how it compares is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench.__main__ import measure
from tests.bench.comparison import compared
from tests.bench.figures import Figure, Options, sentence
from tests.bench.subjects import NAMES
from tests.databases import Databases

TINY = Options(seconds=0.05, rounds=1, logins=2, users=30, pairs=2, people=30, ready=10, bombs=1)


@pytest.fixture
def new_database(databases: Databases) -> Callable[[], str]:
    return databases.empty


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_can_be_measured_and_printed(name: str, new_database: Callable[[], str], tmp_path: Path) -> None:
    found: list[Figure] = []

    measure(tmp_path, new_database, TINY, names=[name], tell=found.append)

    assert found
    assert all(sentence(figure) for figure in found)


def test_times_that_are_alike_are_not_told_apart() -> None:
    times = [float(n * 7 % 100) for n in range(1000)]
    found = compared(times, times[::-1])

    assert found["told_apart"] == 0.5
    assert found["p"] == 1.0
    assert found["interval"][0] <= 0 <= found["interval"][1]


def test_a_small_difference_is_found_among_large_ones() -> None:
    times = [float(n * 7 % 100) for n in range(1000)]
    found = compared(times, [time + 8 for time in times[::-1]])

    assert found["told_apart"] > 0.55
    assert found["p"] < 0.001
