"""Secrets of the realm file: kept from being shown, compared in constant time."""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any

MIN_LENGTH = 16
VARIABLE = r"[A-Za-z_][A-Za-z0-9_]{0,199}"


def _schema(shortest: int) -> dict[str, Any]:
    text = {"type": "string", "minLength": shortest}
    reference = {
        "type": "object",
        "description": "The value of an environment variable; `default` is for development only.",
        "properties": {"env": {"type": "string", "pattern": f"^{VARIABLE}$"}, "default": text},
        "required": ["env"],
        "additionalProperties": False,
    }
    return {"anyOf": [text, reference]}


SECRET_SCHEMA = _schema(MIN_LENGTH)
FOREIGN_SECRET_SCHEMA = _schema(1)  # of an account elsewhere, whose owner says how long it is


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that does not show itself: `value` is read where it is used, `repr` and logs have nothing."""

    value: str = field(repr=False)

    def matches(self, presented: str) -> bool:
        """Compare in constant time, whatever the lengths."""
        return hmac.compare_digest(_digest(self.value), _digest(presented))


@dataclass(frozen=True, slots=True)
class StoredSecret(Secret):
    """The secret of a client that registered itself: only its SHA-256 is known, and its `value` is empty."""

    digest: bytes = field(default=b"", repr=False)

    def matches(self, presented: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.digest, _digest(presented))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
