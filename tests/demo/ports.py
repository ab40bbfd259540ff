"""Four ports in a row, as `idp demo` wants them."""

import secrets
import socket

from idp.demo.realm_file import Ports


def free_ports() -> Ports:
    """Such as nobody has at the moment; by chance, because other tests may be looking too."""
    for _ in range(100):
        base = 20_000 + secrets.randbelow(10_000)
        try:
            for listening in [socket.create_server(("127.0.0.1", base + offset)) for offset in range(4)]:
                listening.close()
        except OSError:
            continue
        return Ports(base)
    raise AssertionError("no free ports")
