"""What operators' machines ask: is it alive, can it serve, what has it done."""

import os
from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from idp.events.catalogue import Event
from idp.events.log import emit
from idp.realm.watching import Realms
from idp.store.database import Database
from idp.store.readiness import trouble

_SHARED_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"


class HealthEndpoints:
    """Liveness looks at nothing else; readiness at the database and the realm files."""

    def __init__(
        self, database: Database, realms: Realms, registry: Callable[[], CollectorRegistry] | None = None
    ) -> None:
        self._database = database
        self._realms = realms
        self._registry = registry or of_all_processes

    async def live(self, request: Request) -> Response:
        """200 while the process answers; the one handler without a thread, as all may be waiting for the database."""
        return JSONResponse({"status": "up"})

    def ready(self, request: Request) -> Response:
        """200 while it can sign people in somewhere. A broken realm file is told here; the old one goes on serving."""
        why_not = trouble(self._database)
        if why_not:
            emit(Event.UNAVAILABLE, reason=why_not)
        files = [
            {"file": s.path, "realm": s.realm, "loaded_at": s.loaded_at, "problems": list(s.problems)}
            for s in self._realms.status()
        ]
        broken = any(f["problems"] for f in files)
        is_down = bool(why_not) or not self._realms.all()
        status = "down" if is_down else "degraded" if broken else "up"
        body = {"status": status, "database": "down" if why_not else "up", "realms": files}
        return JSONResponse(body, 503 if is_down else 200)

    def metrics(self, request: Request) -> Response:
        """Prometheus."""
        return Response(generate_latest(self._registry()), media_type=CONTENT_TYPE_LATEST)


def of_all_processes() -> CollectorRegistry:
    """The sums over the processes of `idp serve --workers`, or what this one process has counted."""
    directory = os.environ.get(_SHARED_DIRECTORY)
    if not directory:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]
    return registry
