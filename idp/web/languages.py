"""Which of a realm's languages a person reads best (language ranges by RFC 4647)."""

import re
from collections.abc import Sequence

# What a browser may send is cut here, so that the work for a request does not grow with its headers.
_LONGEST_HEADER = 1024
_MOST_RANGES = 32


def negotiate(
    *, offered: Sequence[str], ui_locales: str | None, chosen: str | None, accept_language: str | None
) -> str:
    """The one of `offered` (the first is the default) that this person reads best.

    What they chose on a page comes first, then the request's `ui_locales` (OpenID Connect Core 3.1.2.1), then the
    browser's `Accept-Language` (RFC 9110, 12.5.4). Each may be anything that a stranger can send; nothing is kept.
    """
    wanted = [chosen or "", *(ui_locales or "")[:_LONGEST_HEADER].split()[:_MOST_RANGES]]
    for language_range in (*wanted, *_accepted(accept_language or "")):
        locale = _look_up(language_range, offered)
        if locale is not None:
            return locale
    return offered[0]


def _accepted(header: str) -> list[str]:
    """The ranges of an `Accept-Language` header, the best first and those of weight 0 left out."""
    weighted = []
    for part in header[:_LONGEST_HEADER].split(",")[:_MOST_RANGES]:
        language_range, _, parameter = part.partition(";")
        weight = parameter.strip().lower().removeprefix("q=") or "1"
        if re.fullmatch(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?", weight):
            weighted.append((float(weight), language_range.strip()))
    weighted.sort(key=lambda item: item[0], reverse=True)
    return [language_range for weight, language_range in weighted if weight > 0]


def _look_up(language_range: str, offered: Sequence[str]) -> str | None:
    """RFC 4647 section 3.4: `de-AT` finds `de`; and, besides, `de` finds `de-CH`, the better answer than English."""
    subtags = language_range[:64].lower().replace("_", "-").split("-")
    for length in range(len(subtags), 0, -1):
        prefix = "-".join(subtags[:length])
        for locale in offered:
            if locale.lower() == prefix:
                return locale
    return next((locale for locale in offered if locale.lower().split("-")[0] == subtags[0]), None)
