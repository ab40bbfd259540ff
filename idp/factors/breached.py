"""Passwords known from breaches: a sorted file of digests, searched where it lies (NIST SP 800-63B-4 section 3.1.1.2).

Nothing is loaded: a look-up reads about twenty digests of the file, so that a list of gigabytes costs no memory.
SHA-1 is what the published lists have; the first eight bytes of it tell passwords apart well enough.
"""

import hashlib
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from idp.errors import SettingsError

# No realm allows shorter ones.
SHORTEST = 8
# As long as a digest, in front of them.
HEADER = b"breached"
WIDTH = len(HEADER)

_SHIPPED = Path(__file__).with_name("breached.bin")
_SHA1 = re.compile(r"([0-9A-Fa-f]{40})(?::([0-9]{1,18}))?")


@dataclass(frozen=True, slots=True)
class Breached:
    """The list that is shipped, and one that an operator brings; files, which are looked at when they are asked."""

    more: Path | None = None

    def has(self, password: str) -> bool:
        """Whether the password is listed as it is, in its plain form, or in lower case; raises SettingsError."""
        plain = unicodedata.normalize("NFKC", password)
        digests = {_digest(spelling) for spelling in (password, plain, plain.casefold())}
        return _has(_SHIPPED, digests) or (self.more is not None and _has(self.more, digests))


def _has(file: Path, digests: set[bytes]) -> bool:
    try:
        with file.open("rb", buffering=0) as opened:
            listed = _Digests(opened)
            return any(listed.has(digest) for digest in digests)
    except OSError as error:
        raise SettingsError(f"no list of breached passwords: {file}: {error.strerror}") from None
    except ValueError:
        raise SettingsError(f"{file} is no list of breached passwords: `idp breached` makes one") from None


class _Digests:
    """The digests of an open file, as the sequence that `bisect` searches."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        size = file.seek(0, 2)
        # A list of another form has nothing in it that could be found: it would let everything pass.
        if size < 2 * WIDTH or size % WIDTH or self._at(0) != HEADER:
            raise ValueError

    def __len__(self) -> int:
        return self._file.seek(0, 2) // WIDTH - 1

    def __getitem__(self, index: int) -> bytes:
        return self._at(index + 1)

    def has(self, digest: bytes) -> bool:
        index = bisect_left(self, digest)
        return index < len(self) and self[index] == digest

    def _at(self, index: int) -> bytes:
        self._file.seek(index * WIDTH)
        return self._file.read(WIDTH)


def of_passwords(passwords: Iterable[str]) -> Iterator[bytes]:
    """The digests of passwords in clear, in order; those too short for any realm are left out."""
    plain = {unicodedata.normalize("NFKC", password).casefold() for password in passwords}
    yield from sorted({_digest(password) for password in plain if len(password) >= SHORTEST})


def of_hashes(lines: Iterable[str], *, seen: int) -> Iterator[bytes]:
    """The digests of `SHA1:COUNT` lines in order of the hash, counted at least `seen` times; raises ValueError."""
    last = written = b""
    for number, line in enumerate(lines, 1):
        found = _SHA1.fullmatch(line.strip())
        if found is None:
            raise ValueError(f"line {number} is not a SHA-1 in hexadecimal, a colon and a count")
        digest = bytes.fromhex(found[1])[:WIDTH]
        if digest < last:
            raise ValueError(f"line {number} is not in order: sort the lines first")
        last = digest
        if digest != written and int(found[2] or seen) >= seen:
            yield digest
            written = digest


def _digest(password: str) -> bytes:
    return hashlib.sha1(password.encode(), usedforsecurity=False).digest()[:WIDTH]
