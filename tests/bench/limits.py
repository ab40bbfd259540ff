"""What the server's core can do at best: `python -m tests.bench.limits argon2|rs256 SECONDS`, on that core alone."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from idp.factors.password import MEMORY_KIB, PARALLELISM, TIME_COST
from tests.bench.cores import pinned


@dataclass(frozen=True, slots=True)
class Limit:
    """Operations a second of wall time, and processor seconds that one takes."""

    per_second: float
    processor: float


def measured(name: str, seconds: float) -> Limit:
    """The limit, measured now by a process of its own."""
    command = pinned(sys.executable, "-m", "tests.bench.limits", name, str(seconds))
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return Limit(**json.loads(done.stdout))


def _argon2() -> Callable[[], object]:
    hasher = PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM)
    hashed = hasher.hash("a password of the benchmark")
    return lambda: hasher.verify(hashed, "a password of the benchmark")


def _rs256() -> Callable[[], object]:
    key, signed = generate_private_key(65537, 2048), b"x" * 600
    return lambda: key.sign(signed, PKCS1v15(), SHA256())


def main(name: str, seconds: float) -> None:
    """Print the limit as JSON."""
    operation = {"argon2": _argon2, "rs256": _rs256}[name]()
    operation()
    count, wall, processor = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < seconds:
        operation()
        count += 1
    spent, used = time.perf_counter() - wall, time.process_time() - processor
    print(json.dumps({"per_second": count / spent, "processor": used / count}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
