"""Recovery codes: 128 random bits each, so that a plain hash keeps them safe and one update uses one up."""

import secrets
from base64 import b32encode

from idp.factors.answers import Answer, ConsumeRecoveryCode, Proven, Wrong
from idp.tokens.bearer import digest

_BYTES = 16
_LETTERS = 26
_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def new_codes(count: int) -> tuple[str, ...]:
    """Codes to be shown once, in groups that are easy to type."""
    return tuple(_grouped(b32encode(secrets.token_bytes(_BYTES)).decode().rstrip("=")) for _ in range(count))


def stored(code: str, *, user_id: str) -> bytes:
    """What the database keeps of a code: nobody else's code has the same digest."""
    return digest(f"{user_id}:{_plain(code)}")


def verify(code: str, *, user_id: str) -> Answer:
    """Whether it can be a code at all; using it up tells whether it is one of this person."""
    plain = _plain(code)
    if len(plain) != _LETTERS or not _ALPHABET.issuperset(plain):
        return Wrong("error.recovery-code")
    return Proven("recovery-codes", ConsumeRecoveryCode(stored(plain, user_id=user_id)))


def _plain(code: str) -> str:
    return "".join(code.split()).replace("-", "").upper()


def _grouped(code: str) -> str:
    """Fives, and the last letter with the last group: alone it would be overlooked."""
    return "-".join((code[:5], code[5:10], code[10:15], code[15:20], code[20:])).lower()
