"""What a parser may answer: by its own errors, which the wire can carry, and by nothing else."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from idp.errors import OAuth2Error

# RFC 6749 sections 4.1.2.1 and 5.2.
_DESCRIPTION = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*")


@contextmanager
def refusing(*errors: type[Exception]) -> Iterator[None]:
    """These errors are an answer; any other goes through, and is found."""
    try:
        yield
    except errors as error:
        if isinstance(error, OAuth2Error):
            check_error(error)


def refused(error: type[Exception], read: Callable[[str], object], written: str) -> None:
    """This and nothing else is the answer."""
    try:
        read(written)
    except error:
        return
    raise AssertionError("accepted, and nobody has made it")


def check_error(error: OAuth2Error) -> None:
    """What every protocol error must be to be sent."""
    assert _DESCRIPTION.fullmatch(error.get_error_description() or ""), "the description cannot be sent"
    assert 400 <= error.status_code < 500
    for name, value in error.get_headers():
        assert f"{name}{value}".isprintable(), "a header would be split"


def text(data: bytes) -> str:
    """As a parameter reaches a parser: valid text without NUL (the intake has seen to that)."""
    return data.decode("utf-8", "replace").replace("\0", "")


def halves(data: bytes) -> tuple[bytes, bytes]:
    """The first line, and all that is below it."""
    first, _, rest = data.partition(b"\n")
    return first, rest
