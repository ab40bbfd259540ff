"""The whole demonstration in one process: the identity provider, two portals and an API, with accounts to try."""

import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idp.demo.api import api
from idp.demo.portal import Sibling, portal
from idp.demo.realm_file import DEFAULT_BASE, FILE, Ports, confidential_client, config_for, load_realm
from idp.demo.sites import Site, serve, stopped_by_signals
from idp.errors import SettingsError
from idp.factors.totp import PERIOD, code_at, key_uri
from idp.realm.schema import Realm, SeedUser
from idp.settings import Settings, secret_keys


@dataclass(frozen=True, kw_only=True)
class Commands:
    """How the person at the terminal calls this program, and the Python that it is installed in."""

    idp: str = "idp"
    python: str = "python"


def run(
    *,
    identity_provider: Callable[[Settings], Any],
    config: Path,
    ports: Ports | None = None,
    host: str = "127.0.0.1",
    database: str | None = None,
    commands: Commands | None = None,
    stop: threading.Event | None = None,
    say: Callable[[str], object] = print,
    show: Callable[[str], object] = lambda _: None,
    clock: Callable[[], float] = time.time,
) -> None:
    """Serve until Ctrl-C or SIGTERM, or until `stop` is set.

    `identity_provider` makes the server from its settings. Without `database` (a URL), there is one in a temporary
    file, gone at the end. `say` gets what to tell the person at the terminal, `show` a line with the codes of this
    moment, over and over. Raises SettingsError where something is missing.
    """
    ports = ports or Ports()
    with tempfile.TemporaryDirectory(prefix="idp-demo-") as scratch:
        directory = config_for(config, ports=ports, scratch=Path(scratch))
        realm = load_realm(directory)
        settings = Settings(
            config=directory,
            database=database or f"sqlite:///{scratch}/demo.db",
            host=host,
            port=ports.base,
            public_url=f"http://localhost:{ports.base}",
            dev=True,
            secret_keys=secret_keys({}, dev=True),
        )
        sites = demo_sites(identity_provider(settings), realm=realm, issuer=settings.issuer(realm.name), ports=ports)
        with nullcontext(stop) if stop else stopped_by_signals() as stopping:
            serve(
                sites,
                host=host,
                ready=lambda: say(
                    announcement(
                        realm,
                        ports=ports,
                        file=directory / FILE,
                        now=int(clock()),
                        commands=commands or Commands(),
                        database=settings.database,
                        is_kept=database is not None,
                    )
                ),
                meanwhile=lambda: show(codes_line(realm, now=int(clock()))),
                stop=stopping,
            )


def demo_sites(identity_provider: Any, *, realm: Realm, issuer: str, ports: Ports) -> list[Site]:
    """The four applications, connected to each other. Raises SettingsError where the realm lacks one of the portals."""
    first, first_secret = confidential_client(realm, "portal")
    second, second_secret = confidential_client(realm, "billing")
    urls = {"portal": f"http://localhost:{ports.portal}", "billing": f"http://localhost:{ports.billing}"}
    strong = tuple(name for name, level in realm.levels.items() if level.factors == 2)
    step_up = strong[0] if strong else list(realm.levels)[-1]
    portals = [
        portal(
            title=client.name,
            issuer=issuer,
            client_id=client.client_id,
            client_secret=secret,
            base_url=urls[client.client_id],
            sibling=Sibling(title=sibling.name, base_url=urls[sibling.client_id]),
            scope=client.scope,
            step_up_acr=step_up,
            accent=accent,
            post_logout=urls[client.client_id] + "/" in client.post_logout_redirect_uris,
        )
        for client, secret, sibling, accent in (
            (first, first_secret, second, "blue"),
            (second, second_secret, first, "violet"),
        )
    ]
    return [
        Site(name="the identity provider", port=ports.base, app=identity_provider),
        Site(name=f"the {first.name.lower()}", port=ports.portal, app=portals[0]),
        Site(name=f"the {second.name.lower()}", port=ports.billing, app=portals[1]),
        Site(
            name="the API",
            port=ports.api,
            app=api(issuer=issuer, audience=f"http://localhost:{ports.api}", acr_values=strong or (step_up,)),
        ),
    ]


def announcement(
    realm: Realm,
    *,
    ports: Ports,
    file: Path,
    now: int,
    commands: Commands,
    database: str,
    is_kept: bool = False,
) -> str:
    """Where to go, who there is, and what to try. `now` is in seconds since the epoch.

    The URL `database` is repeated where it holds no password.
    """
    first, second = (client.name if (client := realm.client(name)) else name for name in ("portal", "billing"))
    issuer = f"http://localhost:{ports.base}/realms/{realm.name}"
    options = f" --issuer {issuer} --api http://localhost:{ports.api}" if ports.base != DEFAULT_BASE else ""
    people = f" --config {file.parent} --database {database if database.startswith('sqlite:') else 'URL'}"
    more_codes = [
        line
        for user in realm.users
        if user.totp
        for line in (
            f"  {user.username}'s next codes:  {commands.idp} demo --code {user.username}",
            f"  or in an app:      {_totp_uri(realm, user)}",
        )
    ]
    lines = [
        "",
        "The demonstration is running. Its keys and passwords are published: use it for nothing else.",
        "",
        f"  {first:<20} http://localhost:{ports.portal}/   <- start here",
        f"  {second:<20} http://localhost:{ports.billing}/",
        f"  {'API':<20} http://localhost:{ports.api}/",
        f"  {'Security tab':<20} {issuer}/account",
        f"  {'Issuer':<20} {issuer}",
        "",
        f"  {'User':<20} {'Password':<30} Second factor",
        *(_account(user, now) for user in realm.users),
        "",
        *more_codes,
        "",
        "Try this:",
        "",
        f"  1. Sign in at the {first.lower()} as alice: the password will do.",
        f"  2. Open the {second.lower()} from there: it asks for a second factor, and she sets one up.",
        "  3. In a private window, sign in as ada: administrators are always asked for their code.",
        "  4. Move money through the API, from another terminal. It asks for a second factor by itself, unless one was",
        "     proven in the last five minutes:",
        f"       {commands.python} -m idp.demo.client{options}",
        f"  5. Change {file}: within two seconds it is taken up, or told here what is wrong.",
        "     Who is asked for what, and why:",
        f"       {commands.idp} explain{people} --realm {realm.name} --user alice --client billing",
        "",
        "Stop with Ctrl-C." if is_kept else "Stop with Ctrl-C. Nothing is kept.",
        "",
    ]
    return "\n".join(lines)


def codes_line(realm: Realm, *, now: int) -> str:
    """The codes of this moment and how long they are shown, in one line."""
    codes = [f"{user.username}'s code: {code_at(user.totp.secret, now)}" for user in realm.users if user.totp]
    return f"{', '.join(codes)}  (for {PERIOD - now % PERIOD} s) " if codes else ""


def current_code(realm: Realm, username: str, *, now: int) -> str:
    """The TOTP code that a demo account's authenticator app shows. Raises SettingsError for who has none."""
    for user in realm.users:
        if user.username == username and user.totp:
            return code_at(user.totp.secret, now)
    raise SettingsError(f"'{username}' is no demo account with an authenticator app")


def _account(user: SeedUser, now: int) -> str:
    has = f"{code_at(user.totp.secret, now)}, for {PERIOD - now % PERIOD} s" if user.totp else "none yet"
    return f"  {user.username:<20} {user.password:<30} {has}"


def _totp_uri(realm: Realm, user: SeedUser) -> str:
    issuer = realm.factors.totp.issuer if realm.factors.totp else None
    assert user.totp is not None
    return key_uri(user.totp.secret, issuer=issuer or realm.title, account=user.username)
