"""The sockets of the server, bound before anything else is done, so that a port in use is told in a sentence."""

import errno
import socket

from idp.errors import SettingsError

_BACKLOG = 2048


def sockets(host: str, port: int) -> list[socket.socket]:
    """One for each address of the host; who connects already waits for the first answer. Raises SettingsError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError):
        raise SettingsError(f"--host {host!r} is no address and no name of one") from None
    bound: list[socket.socket] = []
    for family, kind, protocol, _, address in dict.fromkeys(found):
        listener = socket.socket(family, kind, protocol)
        bound.append(listener)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # `::` is every address of both kinds; a name that has both kinds gets a socket for each.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host != "::")
        try:
            listener.bind(address)
            listener.listen(_BACKLOG)
        except OSError as error:
            for other in bound:
                other.close()
            raise SettingsError(_why(error, host, port)) from None
    return bound


def _why(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} of {host} is in use: another server runs there; stop it, or choose another --port"
        case errno.EACCES:
            return f"port {port} of {host} is not allowed to this user: choose a --port above 1023"
        case errno.EADDRNOTAVAIL:
            return f"--host {host!r} is not an address of this machine"
    return f"port {port} of {host} cannot be used: {error.strerror}"
