"""Redirect URIs are compared as strings; a native client's loopback address may come with any port (RFC 8252 7.3)."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

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


def with_query(uri: str, parameters: Mapping[str, str]) -> str:
    """The registered URI, which may have a query of its own, with these parameters added (RFC 6749 section 3.1.2)."""
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(parameters)}" if parameters else uri
