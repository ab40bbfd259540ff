"""Passwords: argon2id in a bounded pool, because memory times concurrency is what an attacker would exhaust."""

import os
import threading
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from idp.errors import Overloaded

# 7 MiB, 5 passes: the figures that Keycloak uses, so that costs compare.
TIME_COST = 5
MEMORY_KIB = 7168
PARALLELISM = 1
MAX_BYTES = 1024
_LEAST_KIB = 8  # RFC 9106 section 3.1: eight for each lane
_WAITING = 24
_PATIENCE = 5.0

Result = TypeVar("Result")


class Passwords:
    """Hashes and verifies; as many at once as there are cores, a few more waiting, the rest is told to come back.

    `most`: how many threads may be in here.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM)
        slots = len(os.sched_getaffinity(0))
        self.most = slots + _WAITING
        # A thread keeps the memory that it has hashed with, so no other threads do: 7 MiB for each of many is too much.
        self._hashing = ThreadPoolExecutor(slots, thread_name_prefix="argon2")
        self._admitted = threading.BoundedSemaphore(self.most)
        # What an unknown name is verified against, so that the answer takes as long as for a known one: no password's
        # hash. To hash one here would cost a start as much as a sign-in, and keep its memory.
        salt, digest = (b64encode(os.urandom(size)).rstrip(b"=").decode() for size in (16, 32))
        self._nobody = f"$argon2id$v=19$m={MEMORY_KIB},t={TIME_COST},p={PARALLELISM}${salt}${digest}"

    def hash(self, password: str) -> str:
        """The hash to store; raises Overloaded."""
        return self._run(lambda: self._hasher.hash(canonical(password)))

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is the password. As much work when nothing is stored, or a cheaper hash; raises Overloaded."""
        right = self._run(lambda: self._verify(stored or self._nobody, canonical(password)))
        return right and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made under other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _verify(self, stored: str, password: str) -> bool:
        right = True
        try:
            self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            right = False
        if rest := rest_of_work(stored):
            passes, kib = rest
            PasswordHasher(time_cost=passes, memory_cost=kib, parallelism=PARALLELISM).hash(password)
        return right

    def _run(self, work: Callable[[], Result]) -> Result:
        if not self._admitted.acquire(blocking=False):
            raise Overloaded("too many passwords are being verified")
        try:
            under_way = self._hashing.submit(work)
            try:
                return under_way.result(_PATIENCE)
            except TimeoutError:
                if under_way.cancel():
                    raise Overloaded("too many passwords are being verified") from None
                return under_way.result()
        finally:
            self._admitted.release()


def rest_of_work(stored: str) -> tuple[int, int] | None:
    """Passes and KiB that verifying a stored hash saves against one of today; None where it saves nothing.

    Argon2 writes its memory once a pass, so its time goes with their product.
    """
    try:
        made = extract_parameters(stored)
        done = made.time_cost * made.memory_cost
    except InvalidHashError:
        done = 0
    saved = TIME_COST * MEMORY_KIB - done
    if saved < _LEAST_KIB:
        return None
    passes = -(-saved // MEMORY_KIB)
    return passes, max(saved // passes, _LEAST_KIB)


def canonical(password: str) -> str:
    """What is counted and hashed, so that one password is one on every keyboard (RFC 8265 section 4.2.2).

    Composed characters, and any blank as a space; case and width stay, and nothing is cut off.
    """
    spaced = "".join(" " if unicodedata.category(character) == "Zs" else character for character in password)
    return unicodedata.normalize("NFC", spaced)


def is_too_long(password: str) -> bool:
    """Longer than anybody types, so not worth hashing."""
    return len(password) > MAX_BYTES or len(password.encode()) > MAX_BYTES
