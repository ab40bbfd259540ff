"""Mail addresses: what people type is one that mail can go to, or is refused."""

import re
import unicodedata

# One address of RFC 5321, without quoting, routes, groups and comments.
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"]{1,64}@[^\s@<>()\[\]\\,;:\"]{1,190}")
# Control characters, surrogates, and the line and paragraph separators, which some programs take for an end of line.
_BREAKING = ("Cc", "Cs", "Zl", "Zp")


def is_address(text: str) -> bool:
    """Whether mail can go there."""
    return _ADDRESS.fullmatch(text) is not None and not breaks_line(text)


def breaks_line(text: str) -> bool:
    """Whether some program might see the end of a header in it."""
    return any(unicodedata.category(character) in _BREAKING for character in text)
