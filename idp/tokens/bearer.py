"""Bearer values: random, handed out once, stored only as their SHA-256."""

import hashlib
import secrets


def new_bearer() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def digest(value: str) -> bytes:
    """What the database keeps of a bearer value: 32 bytes that cannot be presented."""
    return hashlib.sha256(value.encode()).digest()
