"""Secrets of the realm file: kept from being shown, compared in constant time."""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any

MIN_LENGTH = 16
VARIABLE = r"[A-Za-z_][A-Za-z0-9_]{0,199}"

SECRET_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "minLength": MIN_LENGTH},
        {
            "type": "object",
            "description": "The value of an environment variable; `default` is for development only.",
            "properties": {
                "env": {"type": "string", "pattern": f"^{VARIABLE}$"},
                "default": {"type": "string", "minLength": MIN_LENGTH},
            },
            "required": ["env"],
            "additionalProperties": False,
        },
    ]
}


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that does not show itself: `value` is read where it is used, `repr` and logs have nothing."""

    value: str = field(repr=False)

    def matches(self, presented: str) -> bool:
        """Compare in constant time, whatever the lengths."""
        return hmac.compare_digest(_digest(self.value), _digest(presented))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
