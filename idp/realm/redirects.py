"""Which redirect URIs a client may register (RFC 9700 section 2.1, RFC 8252 section 7, OpenID Connect Registration)."""

import re
from urllib.parse import SplitResult, parse_qsl, urlsplit

from idp.settings import LOOPBACK_NAMES

# A browser runs or opens these itself: the response would end in a script or on the person's disk.
DANGEROUS = frozenset({"javascript", "data", "vbscript", "blob", "file", "about", "filesystem", "view-source"})
RESPONSE_PARAMETERS = ("code", "state", "iss", "error")
MAX_PARAMETERS = 50
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
CLEAR_TEXT = "use https (http is for this machine, and for development)"
ALLOWED = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*")  # RFC 3986 appendix A


def weakness(uri: str, *, public: bool) -> str | None:
    """Why a URI may not be registered, as the rest of a sentence; None when it may."""
    scheme = match[1].lower() if (match := SCHEME.match(uri)) else ""
    if "*" in uri:
        return "has a wildcard: write every address out, they are compared character by character"
    if not ALLOWED.fullmatch(uri):
        return "has a character that no URI may have"
    if not scheme:
        return "is not absolute: it begins with https://"
    if scheme in DANGEROUS:
        return f"has the scheme '{scheme}', which can run a script or open a file: use https"
    if "#" in uri:
        return "has a fragment (#): remove it"
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return "has a host or a port that cannot be"
    if scheme in ("http", "https"):
        return _web_weakness(uri, parts)
    if "." not in scheme:
        return f"has the scheme '{scheme}': use https, or a reversed domain name such as com.example.app"
    if not public:
        return f"has the private scheme '{scheme}', which is for applications without a secret: use https"
    return _query_weakness(uri.partition("?")[2])


def fetched_weakness(uri: str) -> str | None:
    """Why the server, or a frame, may not fetch from there: a private scheme leads nowhere."""
    scheme = SCHEME.match(uri)
    if scheme and scheme[1].lower() not in ("http", "https"):
        return f"has the scheme '{scheme[1].lower()}': use https"
    return weakness(uri, public=False)


def is_clear_text(uri: str) -> bool:
    """Whether codes sent there cross a network unencrypted: http to anything but this very machine."""
    return uri.lower().startswith("http:") and urlsplit(uri).hostname not in LOOPBACK_NAMES


def _web_weakness(uri: str, parts: SplitResult) -> str | None:
    host = parts.hostname
    if not host or parts.port == 0 or not uri[len(parts.scheme) :].startswith("://"):
        return "has no host: it begins as https://portal.example.com/ does"
    if "@" in parts.netloc:
        return "has a user name (@) in it: remove it"
    # It goes into Content-Security-Policy, where `;` and `,` would begin something else.
    if not HOST.fullmatch(host):
        return "has a host that cannot be"
    return _query_weakness(parts.query)


def _query_weakness(query: str) -> str | None:
    if query.count("&") >= MAX_PARAMETERS:
        return f"has more than {MAX_PARAMETERS} parameters"
    names = {name for name, _ in parse_qsl(query, keep_blank_values=True)}
    taken = next((name for name in RESPONSE_PARAMETERS if name in names), None)
    return f"has the parameter '{taken}', which belongs to the server's answer: remove it" if taken else None
