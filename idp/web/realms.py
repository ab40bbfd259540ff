"""Finds the realm of a request, and turns what goes wrong in a handler into an answer."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from idp.errors import Overloaded
from idp.events.catalogue import Event
from idp.events.log import emit, origin, request_id
from idp.realm.schema import Realm
from idp.realm.watching import Realms
from idp.settings import Settings
from idp.store.database import is_unavailable, reason
from idp.web.pages import Pages
from idp.web.threads import Endpoint, Threads

_RETRY_AFTER = "2"


@dataclass(frozen=True, slots=True)
class InRealm:
    """Where and when a request is handled."""

    realm: Realm
    issuer: str
    settings: Settings
    now: int


Handler = Callable[[Request, InRealm], Response]


def wants_page(request: Request) -> bool:
    """Whether it comes from somebody who reads, and not from a program."""
    return "text/html" in request.headers.get("accept", "")


class Handling:
    """Wraps handlers."""

    def __init__(
        self, *, realms: Realms, settings: Settings, pages: Pages, threads: Threads, clock: Callable[[], int]
    ) -> None:
        self._realms = realms
        self._settings = settings
        self._pages = pages
        self._threads = threads
        self._clock = clock

    def in_realm(self, handler: Handler) -> Endpoint:
        """A handler for the routes below `/realms/{realm}`. The realm stays the same for the whole request."""

        def handle(request: Request) -> Response:
            realm = self._realms.get(request.path_params["realm"])
            if realm is None:
                return self.refuse(request, 404, "page.not-found")
            at = InRealm(realm, self._settings.issuer(realm.name), self._settings, self._clock())
            return self._guarded(request, realm, lambda: handler(request, at))

        return Endpoint(self._threads, handle)

    def anywhere(self, handler: Callable[[Request], Response]) -> Endpoint:
        """A handler for the other routes."""
        return Endpoint(self._threads, lambda request: self._guarded(request, None, lambda: handler(request)))

    def refuse(self, request: Request, status: int, page: str, realm: Realm | None = None) -> Response:
        """A page for people, JSON for programs."""
        if wants_page(request):
            return self._pages.error(request, realm, page, status=status)
        error = "temporarily_unavailable" if status == 503 else "server_error" if status == 500 else "invalid_request"
        description = self._pages.message(None, "en", f"{page}.title")
        return JSONResponse({"error": error, "error_description": description, "request_id": request_id.get()}, status)

    def _guarded(self, request: Request, realm: Realm | None, handle: Callable[[], Response]) -> Response:
        try:
            return handle()
        except (Overloaded, PoolTimeout) as error:
            return self._unavailable(request, realm, error)
        except DBAPIError as error:
            if is_unavailable(error):
                return self._unavailable(request, realm, error)
            return self._bug(request, realm, error)
        except HTTPException:
            raise
        except Exception as error:  # noqa: BLE001  # the last resort: a page instead of a stack trace
            return self._bug(request, realm, error)

    def _unavailable(self, request: Request, realm: Realm | None, error: Exception) -> Response:
        emit(Event.UNAVAILABLE, reason=reason(error))
        response = self.refuse(request, 503, "page.unavailable", realm)
        response.headers["Retry-After"] = _RETRY_AFTER
        return response

    def _bug(self, request: Request, realm: Realm | None, error: Exception) -> Response:
        emit(Event.BUG, **origin(error))
        return self.refuse(request, 500, "page.bug", realm)
