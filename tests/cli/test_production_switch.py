"""A server without `--dev` refuses what is for development only, says which, and how to mend it."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idp.settings import DEVELOPMENT_SECRET_KEY, checked_public_url
from tests.cli.conftest import Command
from tests.operations.conftest import plain_realm
from tests.operations.serving import free_port
from tests.running import write_realms

GOOD_KEY = base64.b64encode(bytes(range(7, 39))).decode()
LISTED = {"client_id": "portal", "redirect_uris": ["https://p.example/"]}

Serve = Callable[..., str]


@pytest.fixture
def refused(idp: Command, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Serve:
    """What a production server says when it does not start."""
    (tmp_path / "realm-config" / "demo.yaml").unlink(missing_ok=True)

    def serve(*arguments: str, key: str | None = GOOD_KEY, portal: str | None = "x" * 20, **realm: Any) -> str:
        write_realms(tmp_path / "realm-config", plain_realm(**realm))
        for name, value in (("IDP_SECRET_KEY", key), ("PORTAL_SECRET", portal)):
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        # The database was made with another key: even a server with nothing else wrong stops there.
        done = idp("serve", "--database", database_url, "--port", free_port(), *arguments)
        assert done.status == 1
        assert "Traceback" not in done.err
        return done.err

    return serve


def test_an_http_address_that_is_not_loopback(refused: Serve) -> None:
    assert "is http: passwords would cross the network in clear. Use an https URL" in refused(
        "--public-url", "http://login.example.com"
    )


@pytest.mark.parametrize(
    "url",
    [
        "login.example.com",
        "https://",
        "ftp://a.example",
        "https://a.example/?b",
        "https://a.example//b.example",
        "https://a.example:99999",
        "https://[1",
    ],
)
def test_an_address_that_is_none(refused: Serve, url: str) -> None:
    assert "--public-url must be a URL such as https://login.example.com" in refused("--public-url", url)


def test_a_password_in_the_address_is_not_repeated(refused: Serve) -> None:
    assert "hush" not in refused("--public-url", "https://user:hush@login.example.com")


def test_people_in_a_realm_file(refused: Serve) -> None:
    told = refused(users=[{"username": "a", "password": "correct horse battery staple"}])
    assert "'users' is for development only: remove it, and make people with `idp user add`" in told


def test_a_default_of_a_secret(refused: Serve) -> None:
    secret = {"env": "PORTAL_SECRET", "default": "sixteen characters"}
    told = refused(clients=[LISTED | {"client_secret": secret}])
    assert "a 'default' of a secret is for development only: remove it and set the environment variable" in told


def test_a_secret_that_the_environment_does_not_have(refused: Serve) -> None:
    told = refused(portal=None)
    assert "the environment variable PORTAL_SECRET is not set: set it before the server starts" in told


@pytest.mark.parametrize(
    ("key", "why"),
    [
        pytest.param(None, "IDP_SECRET_KEY is not set", id="missing"),
        pytest.param("", "IDP_SECRET_KEY is not set", id="empty"),
        pytest.param("c2hvcnQ=", "must be base64 of exactly 32 bytes", id="short"),
        pytest.param("not base64!", "must be base64 of exactly 32 bytes", id="malformed"),
        pytest.param(DEVELOPMENT_SECRET_KEY, "is the published development key", id="published"),
        pytest.param(f"{GOOD_KEY},{DEVELOPMENT_SECRET_KEY}", "is the published development key", id="one-published"),
        pytest.param(base64.b64encode(bytes(32)).decode(), "is not random", id="zeros"),
    ],
)
@pytest.mark.attack
def test_a_secret_key_that_protects_nothing(refused: Serve, key: str | None, why: str) -> None:
    told = refused(key=key)
    assert why in told
    assert "Make one with: python3 -c" in told
    assert not key or key not in told


@pytest.mark.attack
@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "2000::/3"])
def test_a_proxy_that_is_everybody(refused: Serve, network: str) -> None:
    assert "trusts everybody: name the proxy's own network" in refused("--trusted-proxy", network)


def test_a_proxy_that_is_no_network(refused: Serve) -> None:
    assert "--trusted-proxy '*' is not a network such as 10.0.0.0/8" in refused("--trusted-proxy", "*")


@pytest.mark.attack
def test_a_proxy_that_no_connection_comes_from(refused: Serve) -> None:
    """Or everybody would seem to be where the proxy is, inside of what a rule spares."""
    assert "IPv4 is written as such, here 10.0.0.5/32" in refused("--trusted-proxy", "::ffff:10.0.0.5")


def test_a_secret_key_that_the_database_was_not_made_with(refused: Serve) -> None:
    assert "IDP_SECRET_KEY is not the key that this database was made with" in refused()


def test_a_realm_file_with_a_misspelt_key(refused: Serve) -> None:
    told = refused(second_facter={})
    assert "demo.yaml:" in told
    assert "did you mean 'second_factor'?" in told


def test_a_directory_without_realm_files(idp: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = idp("serve", "--dev", "--config", tmp_path / "empty", "--port", free_port())
    assert (done.status, done.err) == (1, f"{tmp_path}/empty:1:1: no realm file (*.yaml) is in this directory\n")


def test_a_database_that_is_not_migrated(idp: Command, empty_database_url: str) -> None:
    migrates_itself = empty_database_url.startswith("sqlite")
    done = idp("user", "add", "x", "--realm", "demo", "--database", empty_database_url, given="a long password, this")
    assert done.status == (0 if migrates_itself else 1)
    told = "idp: the database is not up to date: run `idp migrate --database …` first\n"
    assert migrates_itself or done.err == told


@pytest.mark.parametrize("option", [("--port", "0"), ("--port", "65536"), ("--workers", "0"), ("--workers", "-1")])
def test_a_number_that_makes_no_sense(idp: Command, option: tuple[str, str]) -> None:
    done = idp("serve", *option)
    assert done.status == 2
    assert f"{option[1]!r} is not a" in done.err


def test_addresses_are_taken_as_browsers_write_them() -> None:
    assert checked_public_url("HTTPS://Login.Example.com:443/", dev=False) == "https://login.example.com"
    assert checked_public_url("https://a.example:8443/idp/", dev=False) == "https://a.example:8443/idp"
    assert checked_public_url("http://[::1]:8080", dev=False) == "http://[::1]:8080"
