"""The static files of the themes; an address that carries the digest of the content may be kept for ever."""

from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from idp.web.themes import Themes


def resources(themes: Themes) -> Callable[[Request], Response]:
    """Looked up in a table of the files that exist, which no `..` can leave."""

    def handle(request: Request) -> Response:
        theme, path = request.path_params["theme"], request.path_params["path"]
        file = themes.static_files(theme).get(path) if theme in themes.names else None
        if file is None:
            raise HTTPException(404)
        response = FileResponse(file.path)
        is_current = dict(request.scope["idp.query"]).get("v") == file.version
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_current else "no-cache"
        return response

    return handle
