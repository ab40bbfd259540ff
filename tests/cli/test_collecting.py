"""The interpreter looks for garbage again once a command is put together, whatever became of it."""

import gc

import pytest

from idp.cli.collecting import undisturbed


def test_it_collects_again_afterwards() -> None:
    with undisturbed():
        assert not gc.isenabled()

    assert gc.isenabled()


def test_it_collects_again_after_a_failure() -> None:
    with pytest.raises(LookupError), undisturbed():
        raise LookupError

    assert gc.isenabled()
