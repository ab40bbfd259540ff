"""Codes that are sent, by text message or by mail: six digits, made here, used once, gone soon."""

import hmac
import secrets
from dataclasses import dataclass, field

from idp.factors.answers import Answer, ConsumeChallenge, Proven, Wrong

DIGITS = 6


@dataclass(frozen=True, slots=True)
class SentCode:
    """A code that was sent for a credential, good until `expires_at` (seconds since the epoch).

    `code` is empty where the provider made it. `message_id`: by which it is known how the message fared.
    """

    factor: str
    credential_id: str
    code: str = field(repr=False)
    expires_at: int
    message_id: str


def new_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def verify(sent: SentCode | None, code: str, *, now: int) -> Answer:
    """Whether it is the code of the newest message; an older one is dead, and so is one that has expired."""
    digits = "".join(code.split())
    if sent is None or not sent.code or now >= sent.expires_at:
        return Wrong("error.code-expired")
    if not hmac.compare_digest(digits.encode(), sent.code.encode()):
        return Wrong("error.sent-code")
    return Proven(sent.credential_id, ConsumeChallenge())
