"""Times in the JWTs of others (RFC 7519 section 2, NumericDate): a clock that is finer than a second says so."""

from math import floor, isfinite
from typing import Any


def seconds(value: Any) -> int | None:
    """The whole seconds; None for what is no number."""
    if type(value) is float and isfinite(value):
        return floor(value)
    return value if type(value) is int else None
