"""The only place that puts the parts together."""

import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette

from idp.account.following import Following
from idp.account.forgotten import ForgottenPasswords
from idp.account.password import NewPasswords
from idp.account.way_back import WaysBack
from idp.errors import Overloaded, SettingsError
from idp.events.catalogue import Event
from idp.events.log import emit
from idp.factors.breached import Breached
from idp.factors.password import Passwords
from idp.login.dispatcher import SignIns
from idp.login.handles import Handles
from idp.login.registry import Steps
from idp.login.seeding import seed_users
from idp.oauth.backchannel_logout import Messenger
from idp.oauth.keyrings import KeyRings
from idp.oauth.provider import Provider
from idp.oauth.registration import Registration
from idp.outbound.codes import Codes
from idp.outbound.fetch import Fetcher
from idp.outbound.key_sets import KeySets
from idp.outbound.letters import Letters
from idp.outbound.postman import Postman
from idp.outbound.queue import Outbox
from idp.realm.mode import Mode
from idp.realm.schema import Realm
from idp.realm.watching import FileStatus, Realms
from idp.settings import NOT_THIS_SECRET_KEY, Settings, checked_database
from idp.store import grants, registered_clients
from idp.store.database import Database, reason
from idp.store.expiry import remove_expired
from idp.store.migrations import ensure_migrated
from idp.tokens.sealing import NotSealedHere, Sealer
from idp.web.account import AccountEndpoints, Entrance
from idp.web.account_changes import ChangeEndpoints
from idp.web.callbacks import CallbackEndpoints
from idp.web.cookies import CookieJar
from idp.web.device import DeviceEndpoints
from idp.web.health import HealthEndpoints
from idp.web.intake import Intake
from idp.web.links import LinkEndpoints
from idp.web.logout import LogoutEndpoints
from idp.web.metadata import MetadataEndpoints
from idp.web.pages import Pages
from idp.web.realms import Handling
from idp.web.registration import RegistrationEndpoints
from idp.web.routes import routes
from idp.web.session_status import SessionStatusEndpoints
from idp.web.sign_in import SignInEndpoints
from idp.web.themes import Themes, built_in
from idp.web.threads import Threads
from idp.web.tokens import TokenEndpoints

# Besides those that may be waiting for a password, so that a crowd at the door holds nothing else up.
_THREADS = 14
_SWEEP_EVERY = 600.0
_EVENTS = {
    "realm_loaded": Event.REALM_LOADED,
    "realm_rejected": Event.REALM_REJECTED,
    "realm_removed": Event.REALM_REMOVED,
}


def system_clock() -> int:
    """Seconds since the epoch."""
    return int(time.time())


def create_app(
    settings: Settings,
    *,
    clock: Callable[[], int] = system_clock,
    environ: Mapping[str, str] | None = None,
    themes: Themes | None = None,
) -> Starlette:
    """The ASGI application. Raises SettingsError or RealmFileError when it could not serve as it should.

    `themes`: those that another application of the process has read and compiled from the same folders.
    """
    checked_database(settings.database)
    database = Database(settings.database)
    try:
        ensure_migrated(database)
        return _put_together(
            settings,
            database,
            clock=clock,
            environ=os.environ if environ is None else environ,
            themes=themes or Themes(*settings.themes, built_in(), strict=settings.dev),
        )
    except BaseException:
        database.close()
        raise


def _put_together(
    settings: Settings,
    database: Database,
    *,
    clock: Callable[[], int],
    environ: Mapping[str, str],
    themes: Themes,
) -> Starlette:
    sealer = Sealer(settings.secret_keys)
    passwords = Passwords()
    breached = Breached(settings.breached_passwords)
    breached.has("")  # a list that cannot be read is told now, and not to whoever chooses a password
    new_passwords = NewPasswords(passwords, breached)
    keyrings = KeyRings(database, sealer, clock)
    mode = Mode.DEVELOPMENT if settings.dev else Mode.PRODUCTION
    fetcher = Fetcher(reachable=settings.reachable_networks, anywhere=settings.dev)
    registration = Registration(database, fetcher, mode=mode, issuer=settings.issuer)
    realms = Realms(settings.config, mode=mode, environ=environ, themes=themes.names)
    # One for each kind of provider, so that a slow mail server keeps no text message waiting.
    postman = Postman(database=database, sealer=sealer, realms=realms, clock=clock)
    letters = Letters(themes.phrase, Outbox("mail"), keep=postman.keep)
    codes = Codes(database=database, sealer=sealer, letters=letters, carrier=Outbox("sms"), settings=settings)

    def prepare(realm: Realm) -> None:
        letters.prepare(realm)
        codes.prepare(realm)
        keyrings.of(realm)
        realm.look_up_registered(registration.finder(realm), registration.page_finder(realm))
        _end_grants_of_gone_clients(database, realm, clock())
        if settings.dev:
            seed_users(database, sealer, passwords, realm, clock())

    realms.before_swap(prepare)
    realms.subscribe(_log_realm)
    _take_up(realms)
    cookies = CookieJar(settings)
    pages = Pages(themes, settings, cookies)
    threads = Threads(passwords.most + _THREADS)
    handling = Handling(realms=realms, settings=settings, pages=pages, threads=threads, clock=clock)
    key_sets = KeySets(fetcher.get, clock)
    provider = Provider(
        issuer=settings.issuer,
        keyrings=keyrings,
        sealer=sealer,
        database=database,
        key_sets=key_sets,
    )
    steps = Steps(passwords=passwords, sealer=sealer, codes=codes, letters=letters, public_url=settings.public_url)
    messenger = Messenger(
        database=database,
        realms=realms,
        keyrings=keyrings,
        fetcher=fetcher,
        key_sets=key_sets,
        issuer=settings.issuer,
        clock=clock,
    )
    sign_ins = SignIns(database, sealer, steps=steps, letters=letters, issue=provider.issue)
    sign_in = SignInEndpoints(provider=provider, sign_ins=sign_ins, pages=pages, cookies=cookies)
    entrance = Entrance(sign_ins=sign_ins, sign_in=sign_in, pages=pages, cookies=cookies, sealer=sealer)
    ways_back = WaysBack(sealer)
    forgotten = ForgottenPasswords(
        database=database,
        codes=codes,
        carrier=Outbox("links", threads=2),
        handles=Handles(sealer),
        ways_back=ways_back,
        issuer=settings.issuer,
    )
    table = routes(
        handling=handling,
        sign_in=sign_in,
        device=DeviceEndpoints(database=database, sealer=sealer, sign_in=sign_in, pages=pages, cookies=cookies),
        tokens=TokenEndpoints(database, provider),
        metadata=MetadataEndpoints(keyrings),
        logout=LogoutEndpoints(database=database, provider=provider, sealer=sealer, pages=pages, cookies=cookies),
        account=AccountEndpoints(entrance, database=database, sealer=sealer),
        changes=ChangeEndpoints(
            entrance, database=database, sealer=sealer, letters=letters, new_passwords=new_passwords
        ),
        links=LinkEndpoints(
            forgotten=forgotten,
            following=Following(database=database, letters=letters, new_passwords=new_passwords),
            ways_back=ways_back,
            pages=pages,
            cookies=cookies,
        ),
        callbacks=CallbackEndpoints(database),
        registration=RegistrationEndpoints(registration),
        session_status=SessionStatusEndpoints(pages, cookies),
        health=HealthEndpoints(database, realms),
        themes=themes,
    )

    stopping = threading.Event()
    sweeper = threading.Thread(target=_sweep, args=(database, realms, clock, stopping), daemon=True)
    app = Starlette(
        routes=table,
        lifespan=_living(
            starting=(realms.start, sweeper.start, messenger.start, postman.start),
            stopping=(
                stopping.set,
                realms.stop,
                sweeper.join,
                messenger.stop,
                postman.stop,
                fetcher.close,
                threads.close,
                forgotten.stop,
                codes.stop,
                letters.stop,
                database.close,
            ),
        ),
    )
    # In place of Starlette's two layers for what goes wrong: handlers and intake see to that.
    app.middleware_stack = Intake(app.router, settings=settings, refuse=handling.refuse, table=table)
    # It would redirect by the Host header, and with a 307, which posts a password on.
    app.router.redirect_slashes = False
    app.state.close = database.close
    app.state.realms = realms
    return app


def _take_up(realms: Realms) -> None:
    try:
        realms.load()
    except NotSealedHere:
        raise SettingsError(NOT_THIS_SECRET_KEY) from None


def _living(
    *, starting: Iterable[Callable[[], object]], stopping: Iterable[Callable[[], object]]
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """What runs beside the requests, in the order of its beginning and of its end."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        for start in starting:
            start()
        try:
            yield
        finally:
            for stop in stopping:
                stop()

    return lifespan


def _log_realm(change: str, status: FileStatus, _: Realm | None) -> None:
    problems = {"problems": list(status.problems)} if change == "realm_rejected" else {}
    emit(_EVENTS[change], realm=status.realm, path=status.path, **problems)


def _end_grants_of_gone_clients(database: Database, realm: Realm, now: int) -> None:
    """A client that is removed or disabled and comes back later finds none of its grants alive."""
    with database.write() as tx:
        client_ids = {*realm.enabled_clients, *registered_clients.enabled_ids(tx, realm.name)}
        if ended := grants.end_of_other_clients(tx, realm.name, client_ids=client_ids, now=now):
            tx.emit(Event.GRANTS_ENDED, realm=realm.name, count=ended)


def _sweep(database: Database, realms: Realms, clock: Callable[[], int], stopping: threading.Event) -> None:
    # A realm whose file is away may come back: what is kept for it is kept as long as before.
    seen = {realm.name: realm for realm in realms.all()}
    while not stopping.wait(_SWEEP_EVERY):
        seen |= {realm.name: realm for realm in realms.all()}
        every = seen.values()
        longest = max((lasts for r in every for lasts in (r.tokens.refresh_max, r.sessions.idle)), default=0)
        session = max((r.sessions.max for r in every), default=0)
        trust = max((rule.trusted_browser or 0 for r in every for rule in r.second_factor.rules), default=0)
        try:
            with database.write() as tx:
                remove_expired(tx, now=clock(), longest=longest, longest_session=session, longest_trust=trust)
        except (SQLAlchemyError, Overloaded) as error:
            emit(Event.UNAVAILABLE, reason=reason(error))
