"""What operators' machines ask: is it alive, can it serve, what has it done."""

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from idp.realm.watching import Realms
from idp.store.database import Database


class HealthEndpoints:
    """Liveness looks at nothing else; readiness at the database and the realm files."""

    def __init__(
        self, database: Database, realms: Realms, registry: Callable[[], CollectorRegistry] | None = None
    ) -> None:
        self._database = database
        self._realms = realms
        self._registry = registry or (lambda: REGISTRY)

    def live(self, request: Request) -> Response:
        """200 while the process answers."""
        return JSONResponse({"status": "up"})

    def ready(self, request: Request) -> Response:
        """200 while it can sign people in. A broken realm file is told here; the old one goes on serving."""
        reachable = self._database.is_reachable()
        files = [
            {"file": s.path, "realm": s.realm, "loaded_at": s.loaded_at, "problems": list(s.problems)}
            for s in self._realms.status()
        ]
        broken = any(f["problems"] for f in files)
        status = "down" if not reachable else "degraded" if broken else "up"
        body = {"status": status, "database": "up" if reachable else "down", "realms": files}
        return JSONResponse(body, 200 if reachable else 503)

    def metrics(self, request: Request) -> Response:
        """Prometheus."""
        return Response(generate_latest(self._registry()), media_type=CONTENT_TYPE_LATEST)
