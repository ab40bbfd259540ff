"""The only place that puts the parts together."""

import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from idp.errors import Overloaded, SettingsError
from idp.events.catalogue import Event
from idp.events.log import emit
from idp.factors.password import Passwords
from idp.login.dispatcher import SignIns
from idp.login.seeding import seed_users
from idp.oauth.keyrings import KeyRings
from idp.oauth.provider import Provider
from idp.realm.mode import Mode
from idp.realm.schema import Realm
from idp.realm.watching import FileStatus, Realms
from idp.settings import SECRET_KEY_VARIABLE, Settings, checked_database
from idp.store import grants
from idp.store.database import Database, reason
from idp.store.expiry import remove_expired
from idp.store.migrations import ensure_migrated
from idp.tokens.sealing import NotSealedHere, Sealer
from idp.web.cookies import CookieJar
from idp.web.health import HealthEndpoints
from idp.web.intake import Intake
from idp.web.logout import LogoutEndpoints
from idp.web.metadata import MetadataEndpoints
from idp.web.pages import Pages
from idp.web.realms import Handling
from idp.web.routes import routes
from idp.web.sign_in import SignInEndpoints
from idp.web.themes import Themes
from idp.web.threads import Threads
from idp.web.tokens import TokenEndpoints

# Besides those that may be waiting for a password, so that a crowd at the door holds nothing else up.
_THREADS = 14
_SWEEP_EVERY = 600.0
_STATUS_PAGES = {404: "page.not-found", 405: "page.method", 413: "page.too-large"}
_EVENTS = {
    "realm_loaded": Event.REALM_LOADED,
    "realm_rejected": Event.REALM_REJECTED,
    "realm_removed": Event.REALM_REMOVED,
}


def system_clock() -> int:
    """Seconds since the epoch."""
    return int(time.time())


def create_app(
    settings: Settings, *, clock: Callable[[], int] = system_clock, environ: Mapping[str, str] | None = None
) -> Starlette:
    """The ASGI application. Raises SettingsError or RealmFileError when it could not serve as it should."""
    checked_database(settings.database)
    database = Database(settings.database)
    try:
        ensure_migrated(database)
        return _put_together(settings, database, clock, os.environ if environ is None else environ)
    except BaseException:
        database.close()
        raise


def _put_together(
    settings: Settings, database: Database, clock: Callable[[], int], environ: Mapping[str, str]
) -> Starlette:
    sealer = Sealer(settings.secret_keys)
    passwords = Passwords()
    keyrings = KeyRings(database, sealer, clock)
    mode = Mode.DEVELOPMENT if settings.dev else Mode.PRODUCTION
    realms = Realms(settings.config, mode=mode, environ=environ)
    themes = Themes(*settings.themes, built_in("themes"), strict=settings.dev)

    def prepare(realm: Realm) -> None:
        if realm.theme not in themes.names:
            raise SettingsError(
                f"realm {realm.name!r} has the theme {realm.theme!r}; there are: {', '.join(themes.names)}"
            )
        keyrings.of(realm)
        _end_grants_of_gone_clients(database, realm, clock())
        if settings.dev:
            seed_users(database, sealer, passwords, realm, clock())

    realms.before_swap(prepare)
    realms.subscribe(_log_realm)
    try:
        realms.load()
    except NotSealedHere:
        raise SettingsError(
            f"{SECRET_KEY_VARIABLE} is not the key that this database was made with: set that one, "
            "or both, the new one first and separated by a comma"
        ) from None

    cookies = CookieJar(settings)
    pages = Pages(themes, settings, cookies)
    threads = Threads(passwords.most + _THREADS)
    handling = Handling(realms=realms, settings=settings, pages=pages, threads=threads, clock=clock)
    provider = Provider(issuer=settings.issuer, keyrings=keyrings, sealer=sealer)
    sign_ins = SignIns(database, sealer, passwords, provider.issue)
    table = routes(
        handling=handling,
        sign_in=SignInEndpoints(provider=provider, sign_ins=sign_ins, pages=pages, cookies=cookies),
        tokens=TokenEndpoints(database, provider),
        metadata=MetadataEndpoints(keyrings),
        logout=LogoutEndpoints(database=database, provider=provider, sealer=sealer, pages=pages, cookies=cookies),
        health=HealthEndpoints(database, realms),
        themes=themes,
    )

    async def refuse(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        response = handling.refuse(request, status, _STATUS_PAGES.get(status, "page.bad-request"))
        response.headers.update(getattr(error, "headers", None) or {})
        return response

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        stopping = threading.Event()
        sweeper = threading.Thread(target=_sweep, args=(database, realms, clock, stopping), daemon=True)
        realms.start()
        sweeper.start()
        try:
            yield
        finally:
            stopping.set()
            realms.stop()
            sweeper.join()
            threads.close()
            database.close()

    app = Starlette(
        routes=table,
        lifespan=lifespan,
        middleware=[Middleware(Intake, settings=settings, refuse=handling.refuse)],
        exception_handlers={HTTPException: refuse},
    )
    # It would redirect by the Host header, and with a 307, which posts a password on.
    app.router.redirect_slashes = False
    app.state.close = database.close
    app.state.realms = realms
    return app


def built_in(name: str) -> Path:
    """A folder that comes with the program: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / f"_{name}"
    return installed if installed.is_dir() else package.parent / name


def _log_realm(change: str, status: FileStatus, _: Realm | None) -> None:
    problems = {"problems": list(status.problems)} if change == "realm_rejected" else {}
    emit(_EVENTS[change], realm=status.realm, path=status.path, **problems)


def _end_grants_of_gone_clients(database: Database, realm: Realm, now: int) -> None:
    """A client that is removed or disabled and comes back later finds none of its grants alive."""
    with database.write() as tx:
        if ended := grants.end_of_other_clients(tx, realm.name, client_ids=realm.enabled_clients, now=now):
            tx.emit(Event.GRANTS_ENDED, realm=realm.name, count=ended)


def _sweep(database: Database, realms: Realms, clock: Callable[[], int], stopping: threading.Event) -> None:
    while not stopping.wait(_SWEEP_EVERY):
        longest = max((lasts for r in realms.all() for lasts in (r.tokens.refresh_max, r.sessions.idle)), default=0)
        try:
            with database.write() as tx:
                remove_expired(tx, now=clock(), longest=longest)
        except (SQLAlchemyError, Overloaded) as error:
            emit(Event.UNAVAILABLE, reason=reason(error))
