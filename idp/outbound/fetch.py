"""The one HTTP client for addresses that other people have chosen: no private networks, no redirects, 256 KiB."""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import SplitResult, urlencode, urlsplit

from idp.addresses import Network, ip_address

SECONDS = 3.0  # for the name, for the connection, and for all that is said
MAX_BYTES = 256 * 1024
_FORM = "application/x-www-form-urlencoded"
_LOOKING_UP = 8
# All of IPv6 that networks of the Internet have (RFC 4291 section 2.4). Beside it are a site's own, and ways of writing
# an IPv4 address, of which there are more inside: 6to4, Teredo. What they lead to is not what they look like.
_INTERNET6 = ipaddress.IPv6Network("2000::/3")
_DISGUISES = tuple(ipaddress.ip_network(n) for n in ("2002::/16", "2001::/32"))

Resolve = Callable[[str, int], list[str]]


class Unreachable(Exception):
    """Nothing came back. Whoever chose the address is not told why: it would map the network for them."""

    def __init__(self) -> None:
        super().__init__("the address could not be fetched")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, of any status; the body is at most 256 KiB."""

    status: int
    body: bytes


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as the machine finds them."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Fetcher:
    """Safe to use from many threads. `reachable`: networks that may be reached although they are not public.

    `anywhere` is for development: every address may be reached, by http too.
    """

    def __init__(
        self, *, reachable: tuple[Network, ...] = (), anywhere: bool = False, resolve: Resolve = resolve
    ) -> None:
        self._reachable = reachable
        self._anywhere = anywhere
        self._resolve = resolve
        self._resolvers = ThreadPoolExecutor(_LOOKING_UP, thread_name_prefix="lookup")

    def get(self, url: str) -> Answer:
        """GET; raises Unreachable."""
        return self._send("GET", url, None, {"Accept": "application/json"})

    def post(self, url: str, form: Mapping[str, str]) -> Answer:
        """POST of a form; raises Unreachable."""
        return self._send("POST", url, urlencode(form).encode(), {"Content-Type": _FORM})

    def close(self) -> None:
        """Wait for nobody."""
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    def _send(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        try:
            parts = _checked(url)
            address, port = self._address(parts)
            with self._connected(parts, address, port) as connection:
                target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                # Unpacked here, a small answer could fill the memory.
                connection.request(method, target, body, {**headers, "Accept-Encoding": "identity"})
                response = connection.getresponse()
                content = response.read(MAX_BYTES + 1)
                if response.length:
                    # The library takes what has come when the other side goes away in the middle.
                    raise Unreachable
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            raise Unreachable from None
        if len(content) > MAX_BYTES or response.headers.get("Content-Encoding", "identity") != "identity":
            raise Unreachable
        return Answer(response.status, content)

    def _address(self, parts: SplitResult) -> tuple[str, int]:
        """The one address that is connected to, so that the name cannot become another one after it was looked at."""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        looking = self._resolvers.submit(self._resolve, parts.hostname or "", port)
        try:
            found = looking.result(SECONDS)
        finally:
            looking.cancel()  # what has not begun is for nobody any more
        if not found or not all(self._may_reach(address, parts.scheme) for address in found):
            raise ValueError
        return found[0], port

    def _may_reach(self, text: str, scheme: str) -> bool:
        if self._anywhere:
            return True
        address = ip_address(text.partition("%")[0])
        if any(address in network for network in self._reachable):
            return True
        is_public = address.is_global and not address.is_multicast and (address.version == 4 or address in _INTERNET6)
        return is_public and scheme == "https" and not any(address in network for network in _DISGUISES)

    @contextmanager
    def _connected(self, parts: SplitResult, address: str, port: int) -> Iterator[http.client.HTTPConnection]:
        plain = socket.create_connection((address, port), SECONDS)
        open_socket = plain
        if parts.scheme == "https":
            open_socket = self._tls.wrap_socket(plain, server_hostname=parts.hostname, do_handshake_on_connect=False)
        # A time-out of the socket begins anew with every byte: this one ends the whole exchange.
        is_over = threading.Event()
        end = threading.Timer(SECONDS, _shut, [open_socket, is_over])
        end.daemon = True
        end.start()
        connection = http.client.HTTPConnection(parts.netloc)
        connection.sock = open_socket
        try:
            if isinstance(open_socket, ssl.SSLSocket):
                open_socket.do_handshake()
            yield connection
        finally:
            end.cancel()
            connection.close()
        if is_over.is_set():
            raise Unreachable

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()


def _checked(url: str) -> SplitResult:
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise ValueError
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.port == 0:
        raise ValueError
    return parts


def _shut(open_socket: socket.socket, is_over: threading.Event) -> None:
    """Whoever reads from it sees the end; TLS objects must not be touched by another thread."""
    is_over.set()
    with suppress(OSError):
        socket.socket.shutdown(open_socket, socket.SHUT_RDWR)
