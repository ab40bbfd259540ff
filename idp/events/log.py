"""Events as JSON log lines and as Prometheus metrics, each with the identifier of the request that caused it."""

import json
import logging
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache
from typing import Any

from prometheus_client import Counter, Histogram

from idp.events.catalogue import Event

request_id: ContextVar[str] = ContextVar("request_id", default="")
remote_address: ContextVar[str] = ContextVar("remote_address", default="")

_LEVELS = logging.getLevelNamesMapping()
# What any stranger could make the server say, of requests that are answered as if they had not asked for WebSocket.
_ABOUT_WEBSOCKET = ("Unsupported upgrade request.", "No supported WebSocket library")
_log = logging.getLogger("idp.audit")
_json = json.JSONEncoder(ensure_ascii=True, default=str)
_events = Counter("idp_events", "Audit events by name and realm.", ("event", "realm"))
_requests = Histogram(
    "idp_http_request_seconds",
    "Time to answer a request, by route and status class.",
    ("route", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)


@cache
def _counted(event: str, realm: str) -> Counter:
    return _events.labels(event, realm)


def _begin_to_count(realm: str) -> None:
    """What somebody may watch is there at 0: a series that begins with 1 has no increase that Prometheus could see."""
    for kind in (event.value for event in Event):
        if kind.level in ("warning", "error"):
            for name in (realm, ""):
                _counted(kind.name, name)


@cache
def _timed(route: str, status_class: int) -> Histogram:
    return _requests.labels(route, f"{status_class}xx")


def emit(event: Event, **fields: Any) -> None:
    """Log the event and count it. A field that the catalogue does not name is a bug, not a log line."""
    kind = event.value
    if unknown := fields.keys() - set(kind.fields):
        raise TypeError(f"{kind.name} has no field {', '.join(sorted(unknown))}")
    if event is Event.REQUEST:
        _timed(fields["route"], fields["status"] // 100).observe(fields["milliseconds"] / 1000)
    else:
        _counted(kind.name, fields.get("realm") or "").inc()
    if event is Event.REALM_LOADED:
        _begin_to_count(fields["realm"])
    level = _LEVELS[kind.level.upper()]
    if _log.isEnabledFor(level):
        _log.log(level, kind.name, extra={"fields": {k: v for k, v in fields.items() if v is not None}})


def origin(error: BaseException) -> dict[str, Any]:
    """Its type and where it came from, as `error` and `trace`: its text may hold what a person typed."""
    frames = traceback.extract_tb(error.__traceback__)
    return {"error": type(error).__name__, "trace": [f"{f.filename}:{f.lineno} {f.name}" for f in frames]}


class JsonLines(logging.Formatter):
    """One line of JSON a record; control characters are escaped by JSON, so that nobody writes a second line."""

    def format(self, record: logging.LogRecord) -> str:
        """Time in UTC, level, event or message, request, fields."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        fields = getattr(record, "fields", None)
        line["event" if fields is not None else "message"] = record.getMessage()
        if fields is None:
            line["logger"] = record.name
        if identifier := request_id.get():
            line["request_id"] = identifier
        if address := remote_address.get():
            line["address"] = address
        if record.exc_info and record.exc_info[1]:
            line |= origin(record.exc_info[1])
        return _json.encode(line | (fields or {}))


def configure(level: str = "INFO") -> None:
    """Every logger of the process writes JSON lines to standard error; those that log bearer values stay quiet."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # Of a record only its time, level, name and text are written: the rest need not be found out for each.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001  # the way that the documentation of logging names
    # Authlib logs tokens at DEBUG; SQLAlchemy and httpx log parameters and URLs.
    for name in ("authlib", "sqlalchemy", "httpx", "httpcore", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], name != "uvicorn.access"
    logging.getLogger("uvicorn.error").addFilter(_is_worth_a_line)


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(_ABOUT_WEBSOCKET)
