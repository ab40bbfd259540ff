"""JSON (RFC 8259) from strangers: read only where all of it can be stored in every database and written out again."""

import json
from typing import Any, NoReturn

_DEEPEST = 32


def parsed(text: str | bytes, *, deepest: int = _DEEPEST) -> Any:
    """The value; raises ValueError for what is no JSON, and for NaN, NUL, half a surrogate pair and deep nesting."""
    try:
        value = json.loads(text, parse_constant=_refuse)
        _check(value, deepest)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _check(value: Any, deeper: int) -> None:
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("a text with NUL")
        value.encode()
    elif isinstance(value, dict | list):
        if not deeper:
            raise ValueError("nested too deeply")
        for each in (*value, *value.values()) if isinstance(value, dict) else value:
            _check(each, deeper - 1)
    elif value in (float("inf"), float("-inf")):
        raise ValueError("a number that is none")
