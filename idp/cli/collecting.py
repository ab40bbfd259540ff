"""When the interpreter looks for garbage: not among what a command is put together from, which stays."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def undisturbed() -> Iterator[None]:
    """While modules are imported and a server is made: nearly all that is made then is kept, and it is a lot."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def keep() -> None:
    """What there is now is not looked through again: one look at all of it would hold every request up."""
    gc.freeze()
