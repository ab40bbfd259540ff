"""What the server's core can do at best: `python -m tests.bench.limits NAME SECONDS [URL]`, on that core alone.

A name such as `rs256+rs256` is one operation after another. `commit` waits for the disk, so some
threads do it at once.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import get_ident

from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from idp.factors.password import MEMORY_KIB, PARALLELISM, TIME_COST
from tests.bench.cores import pinned

_AT_ONCE = 8  # as many as the load has connections


@dataclass(frozen=True, slots=True)
class Limit:
    """Operations a second of wall time, and processor seconds that one takes."""

    per_second: float
    processor: float


def measured(name: str, seconds: float, database: str) -> Limit:
    """The limit, measured now by a process of its own; `commit` is one of that database."""
    command = pinned(sys.executable, "-m", "tests.bench.limits", name, str(seconds), database)
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return Limit(**json.loads(done.stdout))


def _argon2(_: str) -> Callable[[], object]:
    hasher = PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM)
    hashed = hasher.hash("a password of the benchmark")
    return lambda: hasher.verify(hashed, "a password of the benchmark")


def _rs256(_: str) -> Callable[[], object]:
    key, signed = generate_private_key(65537, 2048), b"x" * 600
    return lambda: key.sign(signed, PKCS1v15(), SHA256())


def _rs256_verify(_: str) -> Callable[[], object]:
    key, signed = generate_private_key(65537, 2048), b"x" * 600
    public, signature = key.public_key(), key.sign(signed, PKCS1v15(), SHA256())
    return lambda: public.verify(signature, signed, PKCS1v15(), SHA256())


def _es256_verify(_: str) -> Callable[[], object]:
    key, signed = ec.generate_private_key(ec.SECP256R1()), b"x" * 300
    public, signature = key.public_key(), key.sign(signed, ec.ECDSA(SHA256()))
    return lambda: public.verify(signature, signed, ec.ECDSA(SHA256()))


def _commit(url: str) -> Callable[[], object]:
    """The shortest transaction that the server has: a guess is counted."""
    from idp.store import guesses
    from idp.store.database import Database

    database = Database(url)

    def count() -> None:
        with database.write() as tx:
            guesses.count(tx, f"a guess of thread {get_ident()}", now=0, wait=lambda _: 0)

    return count


_OPERATIONS = {
    "argon2": _argon2,
    "rs256": _rs256,
    "rs256-verify": _rs256_verify,
    "es256-verify": _es256_verify,
    "commit": _commit,
}


def _repeated(operation: Callable[[], object], until: float) -> int:
    count = 0
    while time.perf_counter() < until:
        operation()
        count += 1
    return count


def main(name: str, seconds: float, database: str = "") -> None:
    """Print the limit as JSON."""
    operations = [_OPERATIONS[one](database) for one in name.split("+")]

    def operation() -> None:
        for one in operations:
            one()

    at_once = _AT_ONCE if "commit" in name else 1
    with ThreadPoolExecutor(at_once) as threads:
        list(threads.map(lambda _: operation(), range(at_once)))
        wall, processor = time.perf_counter(), time.process_time()
        count = sum(threads.map(lambda _: _repeated(operation, wall + seconds), range(at_once)))
        spent, used = time.perf_counter() - wall, time.process_time() - processor
    print(json.dumps({"per_second": count / spent, "processor": used / count}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), *sys.argv[3:])
