"""What is wrong with a new password: its length, or that it is easily guessed (NIST SP 800-63B-4 section 3.1.1.2)."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from idp.factors.breached import SHORTEST, Breached
from idp.factors.password import MAX_BYTES, canonical, is_too_long

# Of UTF-8: as many characters as fit whatever they are.
_ALWAYS_FITS = MAX_BYTES // 4
_SHORTEST_NAME = 3


@dataclass(frozen=True, slots=True)
class Unacceptable:
    """Why a new password is refused: the key of what the person is told, and the values of it."""

    message: str
    values: dict[str, int] = field(default_factory=dict)


def fault(password: str, *, shortest: int, names: Iterable[str], breached: Breached) -> Unacceptable | None:
    """The first fault, or None. `shortest` in characters; `names` that anybody would try for this person.

    What is repeated or named adds nothing to what has to be guessed: without that, there must be enough left.
    """
    if is_too_long(password):
        return Unacceptable("error.password-long", {"characters": _ALWAYS_FITS})
    password = canonical(password)
    if len(password) < shortest:
        return Unacceptable("error.password-short", {"characters": shortest})
    # Capitals hide a repetition from nobody who guesses.
    pieces = (_once(password), _once(password.casefold()))
    if any(map(breached.has, (password, *pieces))):
        return Unacceptable("error.password-breached")
    if min(map(len, pieces)) < SHORTEST:
        return Unacceptable("error.password-repeats")
    if _is_little_but(names, password):
        return Unacceptable("error.password-name")
    return None


def _once(password: str) -> str:
    """The piece whose repetition, the last of them perhaps cut short, is the password; else the password."""
    return next(password[:size] for size in range(1, len(password) + 1) if password.startswith(password[size:]))


def _is_little_but(names: Iterable[str], password: str) -> bool:
    words = {word for name in names for word in re.split(r"[\W_]+", _folded(name)) if len(word) >= _SHORTEST_NAME}
    either = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    rest, found = re.subn(either, "", _folded(password)) if either else (password, 0)
    return found > 0 and len(rest) < SHORTEST


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
