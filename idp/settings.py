"""What the process is told at its start: where things are, which secret it has, whom it trusts."""

import base64
import binascii
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from idp.errors import SettingsError

SECRET_KEY_VARIABLE = "IDP_SECRET_KEY"
DEVELOPMENT_SECRET_KEY = base64.b64encode(b"published key, development only!").decode()
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
DEFAULT_DATABASE = "sqlite:///idp.db"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one server. `secret_keys`: the first encrypts, every one decrypts (32 bytes each)."""

    config: Path
    database: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = "http://localhost:8080"
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    themes: tuple[Path, ...] = ()
    dev: bool = False
    secret_keys: tuple[bytes, ...] = field(repr=False)

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the server over TLS, so that cookies can be Secure."""
        return self.public_url.startswith("https://")

    @property
    def hosts(self) -> frozenset[str]:
        """The Host values that requests may carry; a loopback public URL goes by each of its names."""
        parts = urlsplit(self.public_url)
        names = LOOPBACK_NAMES if parts.hostname in LOOPBACK_NAMES else (parts.hostname or "",)
        authorities = {f"[{n}]" if ":" in n else n for n in names}
        if parts.port:
            authorities = {f"{a}:{parts.port}" for a in authorities}
        return frozenset(authorities | set(self.allowed_hosts))

    def issuer(self, realm: str) -> str:
        """The issuer identifier of a realm (OpenID Connect Discovery section 3)."""
        return f"{self.public_url}/realms/{realm}"


def checked_public_url(url: str, *, dev: bool) -> str:
    """An origin with an optional path, without a trailing slash; http only for loopback unless in development."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise SettingsError(f"--public-url {url!r} is not a URL such as https://login.example.com")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_NAMES and not dev:
        raise SettingsError(
            f"--public-url {url!r} is http: passwords would cross the network in clear. "
            "Use an https URL (a proxy in front ends TLS), or --dev for a test"
        )
    return url.rstrip("/")


def secret_keys(environ: Mapping[str, str], *, dev: bool) -> tuple[bytes, ...]:
    """The keys of `IDP_SECRET_KEY`: base64 of 32 random bytes, several separated by commas while one is replaced."""
    text = environ.get(SECRET_KEY_VARIABLE, "").strip()
    if not text:
        if dev:
            return (base64.b64decode(DEVELOPMENT_SECRET_KEY),)
        raise SettingsError(
            f"{SECRET_KEY_VARIABLE} is not set: it encrypts the second factors and signing keys in the database. "
            f"Make one with: python3 -c 'import base64,os;print(base64.b64encode(os.urandom(32)).decode())'"
        )
    keys = []
    for part in text.split(","):
        try:
            key = base64.b64decode(part.strip(), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != 32:
            raise SettingsError(f"{SECRET_KEY_VARIABLE} must be base64 of exactly 32 bytes")
        if part.strip() == DEVELOPMENT_SECRET_KEY and not dev:
            raise SettingsError(f"{SECRET_KEY_VARIABLE} is the published development key: make one of your own")
        keys.append(key)
    return tuple(keys)


def trusted_networks(values: list[str]) -> tuple[Network, ...]:
    """The proxies whose `X-Forwarded-For` counts; the whole Internet is refused."""
    networks = []
    for value in values:
        try:
            network = ipaddress.ip_network(value)
        except ValueError as error:
            raise SettingsError(f"--trusted-proxy {value!r} is not a network such as 10.0.0.0/8: {error}") from None
        if network.prefixlen == 0:
            raise SettingsError(f"--trusted-proxy {value!r} trusts everybody: name the proxy's own network")
        networks.append(network)
    return tuple(networks)
