"""Which core the server has for itself, and which one the load and the database share."""

import os

_CORES = sorted(os.sched_getaffinity(0))
SERVER = _CORES[0]
LOAD = _CORES[-1]


def pinned(*command: str) -> list[str]:
    """The command, on the server's core."""
    return ["taskset", "--cpu-list", str(SERVER), *command]


def stay_away() -> None:
    """Keep this process and what it starts off the server's core."""
    os.sched_setaffinity(0, {LOAD})
