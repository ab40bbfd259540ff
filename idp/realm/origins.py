"""Origins of pages (RFC 6454)."""

from urllib.parse import urlsplit


def origin_of(uri: str) -> str | None:
    """The origin of a page, as browsers write it (section 6.2); None for what is no page."""
    parts = urlsplit(uri)
    if parts.scheme not in ("https", "http"):
        return None
    default = {"https": 443, "http": 80}[parts.scheme]
    port = "" if parts.port in (None, default) else f":{parts.port}"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{port}"
