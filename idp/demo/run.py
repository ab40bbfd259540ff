"""The whole demonstration in one process: the identity provider, two portals and an API, with accounts to try."""

import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp

from idp.demo.api import api
from idp.demo.portal import Sibling, portal
from idp.demo.realm_file import FILE, Ports, confidential_client, config_for, load_realm
from idp.demo.sites import Site, serve, stopped_by_signals
from idp.errors import SettingsError
from idp.realm.schema import Realm, SeedUser
from idp.settings import Settings, secret_keys

PERIOD = 30  # seconds that a TOTP code is shown for


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
    clock: Callable[[], float] = time.time,
) -> None:
    """Serve until Ctrl-C or SIGTERM, or until `stop` is set.

    `identity_provider` makes the server from its settings. Without `database` (a URL), there is one in a temporary
    file, gone at the end. `say` gets what to tell the person at the terminal. Raises SettingsError where something is
    missing.
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
                    )
                ),
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


def announcement(realm: Realm, *, ports: Ports, file: Path, now: int, commands: Commands) -> str:
    """Where to go, who there is, and what to try. `now` is in seconds since the epoch."""
    first, second = realm.client("portal"), realm.client("billing")
    names = (first.name if first else "Portal", second.name if second else "Billing")
    issuer = f"http://localhost:{ports.base}/realms/{realm.name}"
    moved = ports.base != Ports().base
    client = f"{commands.python} -m idp.demo.client" + (
        f" --issuer {issuer} --api http://localhost:{ports.api}" if moved else ""
    )
    more_codes = [
        line
        for user in realm.users
        if user.totp
        for line in (
            f"  The next code for {user.username}:   {commands.idp} demo --code {user.username}",
            f"  Or take {user.username} into an app:  {_totp_uri(realm, user)}",
        )
    ]
    lines = [
        "",
        "The demonstration is running. Do not use it for anything else: its keys and passwords are published.",
        "",
        f"  {names[0]:<20} http://localhost:{ports.portal}/",
        f"  {names[1]:<20} http://localhost:{ports.billing}/",
        f"  {'API':<20} http://localhost:{ports.api}/",
        f"  {'Identity provider':<20} {issuer}",
        "",
        "Accounts",
        "",
        *(line for user in realm.users for line in _account(user, now)),
        "",
        *more_codes,
        "",
        "The API asks for a second factor when money moves. In another terminal:",
        "",
        f"  {client}",
        "",
        f"Change {file} and see: the server takes it up within two seconds.",
        "Stop with Ctrl-C.",
        "",
    ]
    return "\n".join(lines)


def current_code(realm: Realm, username: str, *, now: int) -> str:
    """The TOTP code that a demo account's authenticator app shows. Raises SettingsError for who has none."""
    for user in realm.users:
        if user.username == username and user.totp:
            return pyotp.TOTP(user.totp.secret).at(now)
    raise SettingsError(f"'{username}' is no demo account with an authenticator app")


def _account(user: SeedUser, now: int) -> list[str]:
    has = "no second factor yet: it is set up where one is asked for"
    if user.totp:
        code = pyotp.TOTP(user.totp.secret).at(now)
        has = f"authenticator app: {code}, for {PERIOD - now % PERIOD} s"
    return [f"  {user.username:<8} password: {user.password}", f"  {'':<8} {has}"]


def _totp_uri(realm: Realm, user: SeedUser) -> str:
    issuer = realm.factors.totp.issuer if realm.factors.totp else None
    assert user.totp is not None
    return pyotp.TOTP(user.totp.secret).provisioning_uri(name=user.username, issuer_name=issuer or realm.title)
