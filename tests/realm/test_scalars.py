"""Unquoted words mean what the core schema of YAML 1.2 says."""

import pytest

from idp.realm.scalars import Scalar, resolve

VALUES: dict[str, Scalar] = {
    "true": True, "False": False, "null": None, "~": None, "": None, "5": 5, "-5": -5, "007": 7, "0o17": 15, "0x1F": 31,
    "1.5": 1.5, "1e3": 1000.0, ".5": 0.5, "-.inf": float("-inf"),
}  # fmt: skip
TEXTS = (
    "yes",
    "no",
    "on",
    "off",
    "y",
    "tRue",
    "1:30",
    "190:20:30",
    "2027-01-01",
    "1_000",
    "0b1",
    "0o8",
    "10.0.0.0/8",
    "5m",
    "9" * 5000,
)


@pytest.mark.parametrize(("text", "value"), VALUES.items(), ids=[repr(text) for text in VALUES])
def test_a_word_is_resolved(text: str, value: Scalar) -> None:
    assert (resolve(text), type(resolve(text))) == (value, type(value))


@pytest.mark.parametrize("text", TEXTS, ids=[text[:20] for text in TEXTS])
def test_a_word_stays_text(text: str) -> None:
    assert resolve(text) == text
