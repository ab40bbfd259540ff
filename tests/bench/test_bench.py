"""The benchmark still runs; what it measures is never asserted."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench.__main__ import measure
from tests.bench.figures import NAMES, Figure, Options, sentence
from tests.databases import Databases

TINY = Options(seconds=0.05, rounds=1, logins=2, users=30, people=30)


@pytest.fixture
def new_database(databases: Databases) -> Callable[[], str]:
    return databases.empty


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_can_be_measured_and_printed(name: str, new_database: Callable[[], str], tmp_path: Path) -> None:
    found: list[Figure] = []

    measure(tmp_path, new_database, TINY, names=[name], tell=found.append)

    assert found
    assert all(sentence(figure) for figure in found)
