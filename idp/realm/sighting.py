"""Whether a file has other contents than when it was last seen, whichever way it was replaced."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from idp.realm.document import read_bounded

# A file written in place twice within one tick of the file system's clock looks the same; older stamps are reliable.
RELIABLE_AFTER_NS = 2_000_000_000
ATTEMPTS = 5

Stamp = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A file as it was read: what `stat` said, whether that alone proves sameness, the digest of its contents."""

    stamp: Stamp
    reliable: bool
    digest: bytes

    def still_holds(self, path: Path) -> bool:
        """Whether the file need not be read; OSError when it is gone."""
        return self.reliable and self.stamp == _stamp(path)


def sight(path: Path, *, pause: Callable[[], object] | None = None) -> tuple[Sighting, bytes] | None:
    """Read a file; with `pause`, until two readings agree, or None while somebody is still writing.

    OSError when it is not there or cannot be read.
    """
    sighting, data = _read(path)
    if pause is None:
        return sighting, data
    for _ in range(ATTEMPTS):
        pause()
        again, data = _read(path)
        if again.digest == sighting.digest:
            return again, data
        sighting = again
    return None


def _read(path: Path) -> tuple[Sighting, bytes]:
    stamp, now = _stamp(path), time.time_ns()
    data = read_bounded(path)
    reliable = max(stamp[0], stamp[1]) < now - RELIABLE_AFTER_NS
    return Sighting(stamp, reliable, hashlib.blake2b(data, digest_size=16).digest()), data


def _stamp(path: Path) -> Stamp:
    status = path.stat()
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev
