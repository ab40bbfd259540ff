"""Every input that was kept is answered, by every target, at once."""

import time

import pytest

from tests.fuzz.corpus import CORPUS, inputs_of
from tests.fuzz.targets import TARGETS

_MOST_FILES, _MOST_BYTES = 300, 300_000
_SLOW = 1.0  # seconds of the processor


@pytest.mark.attack
@pytest.mark.parametrize("name", TARGETS, ids=str)
def test_what_was_found_once_is_answered(name: str) -> None:
    TARGETS[name](b"")  # whatever is made once
    for path in inputs_of(name):
        began = time.thread_time()
        TARGETS[name](path.read_bytes())
        assert time.thread_time() - began < _SLOW, path.name


def test_every_target_has_a_corpus_and_every_corpus_a_target() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    assert all(inputs_of(name) for name in TARGETS)


def test_the_corpus_stays_small() -> None:
    sizes = [path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()]

    assert len(sizes) < _MOST_FILES
    assert sum(sizes) < _MOST_BYTES
