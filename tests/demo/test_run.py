import re
import socket
import threading
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from idp.demo.realm_file import Ports, config_for, find_config, load_realm
from idp.demo.run import Commands, announcement, codes_line, current_code, run
from idp.errors import SettingsError
from idp.settings import Settings
from tests.demo.ports import free_ports

CONFIG = Path(__file__).parents[2] / "realm-config"
NOW = 1_800_000_010
TEMPORARY = "sqlite:////tmp/demo.db"


def stand_in(settings: Settings) -> Starlette:
    """In the identity provider's place: it says what it was made with."""
    told = {"public_url": settings.public_url, "dev": settings.dev, "database": settings.database}
    return Starlette(routes=[Route("/", lambda _: JSONResponse(told))])


def assert_free(ports: Ports) -> None:
    for port in range(ports.base, ports.base + 4):
        socket.create_server(("127.0.0.1", port)).close()


class Running:
    """The demonstration in a thread, until the end of the block."""

    def __init__(self, ports: Ports) -> None:
        self.said = ""
        self._ports, self._stop, self._ready = ports, threading.Event(), threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Running":
        self._thread.start()
        assert self._ready.wait(30)
        if self._failure:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            run(identity_provider=stand_in, config=CONFIG, ports=self._ports, stop=self._stop, say=self._hear)
        except BaseException as failure:  # noqa: BLE001 - it is raised again where it is looked at
            self._failure = failure
            self._ready.set()

    def _hear(self, text: str) -> None:
        self.said = text
        self._ready.set()


def test_everything_answers_and_ends() -> None:
    ports = free_ports()
    with Running(ports) as demo, httpx.Client(trust_env=False) as http:
        provider = http.get(f"http://127.0.0.1:{ports.base}/").json()
        assert "Developer portal" in http.get(f"http://127.0.0.1:{ports.portal}/").text
        assert "Billing portal" in http.get(f"http://127.0.0.1:{ports.billing}/").text
        assert http.get(f"http://127.0.0.1:{ports.api}/balance").status_code == 401
        assert f"http://localhost:{ports.portal}/" in demo.said
    assert provider["public_url"] == f"http://localhost:{ports.base}"
    assert provider["dev"] is True
    assert not Path(provider["database"].removeprefix("sqlite:///")).parent.exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{ports.base}/", trust_env=False)


@pytest.mark.parametrize("offset", range(4))
def test_a_taken_port_is_named_and_nothing_starts(offset: int) -> None:
    ports = free_ports()
    with (
        socket.create_server(("127.0.0.1", ports.base + offset)),
        pytest.raises(SettingsError, match=rf"port {ports.base + offset}.*--port-base"),
        Running(ports),
    ):
        pass
    assert_free(ports)


def test_a_provider_that_does_not_start_ends_the_demonstration() -> None:
    async def failing(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "lifespan.startup.failed", "message": ""})

    ports = free_ports()
    with pytest.raises(SettingsError, match="the identity provider did not start"):
        run(identity_provider=lambda _: failing, config=CONFIG, ports=ports, stop=threading.Event())
    assert_free(ports)


def test_the_announcement_says_all_that_one_needs() -> None:
    realm = load_realm(CONFIG)
    said = announcement(realm, ports=Ports(), file=CONFIG, now=NOW, commands=Commands(), database=TEMPORARY)
    for url in (
        "http://localhost:8080/realms/demo/account",
        *(f"http://localhost:{port}/" for port in (8081, 8082, 8083)),
    ):
        assert url in said
    assert "alice" in said
    assert "correct horse battery staple" in said
    code = pyotp.TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").at(NOW)
    assert f"{code}, for 20 s" in said
    assert "idp demo --code ada" in said
    assert "otpauth://totp/Example:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example" in said
    assert "python -m idp.demo.client" in said


def test_what_is_kept_is_not_called_gone() -> None:
    options: dict[str, Any] = {"ports": Ports(), "file": CONFIG, "now": NOW, "commands": Commands()}
    realm = load_realm(CONFIG)
    assert "Nothing is kept" in announcement(realm, **options, database=TEMPORARY)
    assert "Nothing is kept" not in announcement(realm, **options, database=TEMPORARY, is_kept=True)
    server = "postgresql+psycopg://idp:hush-hush@db.example/idp"
    assert "hush-hush" not in announcement(realm, **options, database=server, is_kept=True)


def test_who_is_asked_for_what_can_be_asked_beside_the_demonstration() -> None:
    said = announcement(
        load_realm(CONFIG), ports=Ports(), file=CONFIG, now=NOW, commands=Commands(), database=TEMPORARY
    )
    assert f" --database {TEMPORARY} --realm demo --user alice --client billing" in said


def test_the_codes_of_the_moment_are_one_line() -> None:
    code = pyotp.TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").at(NOW)
    assert codes_line(load_realm(CONFIG), now=NOW) == f"ada's code: {code}  (for 20 s) "


def test_with_other_ports_the_client_is_told_so() -> None:
    said = announcement(
        load_realm(CONFIG),
        ports=Ports(9000),
        file=CONFIG,
        now=NOW,
        commands=Commands(python="/venv/bin/python"),
        database=TEMPORARY,
    )
    assert (
        "/venv/bin/python -m idp.demo.client --issuer http://localhost:9000/realms/demo --api http://localhost:9003"
        in said
    )


def test_other_ports_move_redirect_uris_and_audiences(tmp_path: Path) -> None:
    realm = load_realm(config_for(CONFIG, ports=Ports(9000), scratch=tmp_path))
    portal = realm.client("portal")
    assert portal is not None
    assert portal.redirect_uris == ("http://localhost:9001/callback",)
    assert realm.scopes["payments"].audience == ("http://localhost:9003",)
    assert not re.search(r":80[0-9]{2}", (tmp_path / "realm-config" / "demo.yaml").read_text())


def test_a_realm_file_that_is_no_text_is_told_with_other_ports_too(tmp_path: Path) -> None:
    (tmp_path / "demo.yaml").write_bytes(b"realm: d\xe4mo\n")
    with pytest.raises(SettingsError, match="not text in UTF-8"):
        load_realm(config_for(tmp_path, ports=Ports(9000), scratch=tmp_path))


def test_a_broken_realm_file_is_named_by_its_own_path_with_other_ports_too(tmp_path: Path) -> None:
    """The copy is gone when somebody wants to look."""
    (tmp_path / "demo.yaml").write_text("realm: demo\ncleints: []\n")
    with pytest.raises(SettingsError, match=re.escape(f"{tmp_path}/demo.yaml:2:1")):
        run(identity_provider=stand_in, config=tmp_path, ports=free_ports(), stop=threading.Event())


def test_with_the_usual_ports_the_file_itself_is_used(tmp_path: Path) -> None:
    assert config_for(CONFIG, ports=Ports(), scratch=tmp_path) == CONFIG
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_an_installed_package_is_never_edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.demo.realm_file._PACKAGED", CONFIG)
    copied = config_for(CONFIG, ports=Ports(), scratch=tmp_path)
    assert copied == tmp_path / "realm-config"
    assert (copied / "demo.yaml").read_text() == (CONFIG / "demo.yaml").read_text()


def test_the_realm_here_is_preferred_to_the_one_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (find_config() / "demo.yaml").is_file()
    (tmp_path / "realm-config").mkdir()
    (tmp_path / "realm-config" / "demo.yaml").write_text("realm: demo\n")
    assert find_config().resolve() == tmp_path / "realm-config"


def test_a_realm_without_the_portals_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo.yaml").write_text("realm: demo\n")
    with pytest.raises(SettingsError, match="portal"):
        run(identity_provider=stand_in, config=tmp_path, ports=free_ports(), stop=threading.Event())


def test_a_broken_realm_file_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "demo.yaml").write_text("realm: demo\ncleints: []\n")
    with pytest.raises(SettingsError, match=r"demo\.yaml:2:1"):
        load_realm(tmp_path)


def test_the_code_of_an_account_with_an_app_is_told() -> None:
    realm = load_realm(CONFIG)
    assert current_code(realm, "ada", now=NOW) == pyotp.TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").at(NOW)
    for username in ("alice", "nobody"):
        with pytest.raises(SettingsError, match=username):
            current_code(realm, username, now=NOW)
