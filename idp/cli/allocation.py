"""How the C library hands out memory to the threads of a server, where it is glibc; elsewhere nothing is changed."""

import ctypes

_M_ARENA_MAX = -8  # <malloc.h>
_libc = ctypes.CDLL(None)


def share_one_arena() -> None:
    """Let all threads allocate from one place; to be called before there are any.

    With one each, every thread keeps the most that it ever used. Their waiting for each other costs nothing: the
    interpreter lets one of them run at a time.
    """
    if hasattr(_libc, "mallopt"):
        _libc.mallopt(_M_ARENA_MAX, 1)


def give_back() -> None:
    """Return to the system what was used for reading and compiling, and will not be needed again."""
    if hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(0)
