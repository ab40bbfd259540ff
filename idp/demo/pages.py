"""The pages of the demo portals: Jinja2 templates, one style sheet, and the headers that browsers get with them."""

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
from starlette.responses import HTMLResponse

HERE = Path(__file__).parent
STATIC = HERE / "static"

_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(template: str, *, issuer: str, status: int = 200, **context: Any) -> HTMLResponse:
    """A rendered page, which may send forms to itself and, by a redirect, to the issuer, and loads nothing else."""
    parts = urlsplit(issuer)
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {parts.scheme}://{parts.netloc}"
    )
    return HTMLResponse(
        _templates.get_template(template).render(issuer=issuer, **context),
        status_code=status,
        headers={
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        },
    )


def ago(seconds: int) -> str:
    """A span of time in words, as rough as people say it: `just now`, `2 minutes ago`."""
    if seconds < 10:
        return "just now"
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def local_time(seconds: int) -> str:
    """A time in the zone of this machine, for people: `14:03:22`, with the date in front where it is another day."""
    moment = datetime.fromtimestamp(seconds).astimezone()
    today = datetime.now().astimezone().date()
    return f"{moment:%H:%M:%S}" if moment.date() == today else f"{moment:%d %b %Y, %H:%M:%S}"
