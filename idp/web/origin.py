"""Whether a form was posted by a page of another site. The token in the form is the other half of the defence."""

from starlette.requests import Request

from idp.settings import Settings


def is_foreign(request: Request, settings: Settings) -> bool:
    """By what the browser says of itself; one that says nothing is judged by the token alone.

    `Origin: null` is what a browser sends from our own pages, because of their Referrer-Policy.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("origin", "null")
    scheme = settings.public_url.partition("://")[0]
    return origin != "null" and origin.lower() not in {f"{scheme}://{host}" for host in settings.hosts}
