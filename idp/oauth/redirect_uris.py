"""Redirect URIs are compared as strings; a native client's loopback address may come with any port (RFC 8252 7.3)."""

import re
from collections.abc import Iterable

_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\])(/[^?#]*)?")


def is_registered(uri: str, registered: Iterable[str]) -> bool:
    """Whether the very string is registered, or the loopback address without its port is."""
    return any(uri == known or _is_with_port(uri, known) for known in registered)


def _is_with_port(uri: str, known: str) -> bool:
    match = _LOOPBACK.fullmatch(known)
    if match is None:
        return False
    host, path = match[1], match[2] or ""
    port = re.fullmatch(rf"http://{re.escape(host)}:([1-9][0-9]{{0,4}}){re.escape(path)}", uri)
    return port is not None and int(port[1]) <= 65535
