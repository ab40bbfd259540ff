"""What the process is told at its start: where things are, which secret it has, whom it trusts."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from idp.addresses import Network, ip_network
from idp.errors import SettingsError

SECRET_KEY_VARIABLE = "IDP_SECRET_KEY"
DEVELOPMENT_SECRET_KEY = base64.b64encode(b"published key, development only!").decode()
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
DEFAULT_DATABASE = "sqlite:///idp.db"

_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_KEY_LENGTH = 32
_MAKE = "Make one with: python3 -c 'import base64,os;print(base64.b64encode(os.urandom(32)).decode())'"
# The widest private networks: 10.0.0.0/8 and fc00::/7.
_WIDEST = {4: 8, 6: 7}


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
    reachable_networks: tuple[Network, ...] = ()
    themes: tuple[Path, ...] = ()
    dev: bool = False
    breached_passwords: Path | None = None
    secret_keys: tuple[bytes, ...] = field(repr=False)

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the server over TLS, so that cookies can be Secure."""
        return self.public_url.startswith("https://")

    @cached_property
    def hosts(self) -> frozenset[str]:
        """The Host values that requests may carry; a loopback public URL goes by each of its names."""
        parts = urlsplit(self.public_url)
        names = LOOPBACK_NAMES if parts.hostname in LOOPBACK_NAMES else (parts.hostname or "",)
        authorities = {f"[{n}]" if ":" in n else n for n in names}
        if parts.port:
            authorities = {f"{a}:{parts.port}" for a in authorities}
        return frozenset(authorities | set(self.allowed_hosts))

    def issuer(self, realm: str) -> str:
        """That of a realm."""
        return issuer(self.public_url, realm)


def issuer(public_url: str, realm: str) -> str:
    """The issuer identifier of a realm (OpenID Connect Discovery section 3)."""
    return f"{public_url}/realms/{realm}"


def checked_public_url(url: str, *, dev: bool) -> str:
    """An origin with an optional path, as browsers write it; http for loopback only, unless in development.

    Scheme and host in lower case, no default port, no slash at the end. Raises SettingsError.
    """
    scheme, authority, hostname, path = _parts(url)
    if scheme == "http" and hostname not in LOOPBACK_NAMES and not dev:
        raise SettingsError(
            f"--public-url {url!r} is http: passwords would cross the network in clear. "
            "Use an https URL (a proxy in front ends TLS), or --dev for a test"
        )
    return f"{scheme}://{authority}{path.rstrip('/')}"


def _parts(url: str) -> tuple[str, str, str, str]:
    """Scheme, authority, host name and path."""
    try:
        parts = urlsplit(url)
        hostname, port = parts.hostname or "", parts.port
    except ValueError:
        parts, hostname, port = urlsplit(""), "", None
    wrong = parts.query or parts.fragment or "@" in parts.netloc or not url.isascii() or not url.isprintable()
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(hostname) or wrong or " " in url:
        # Without the value: somebody may have put a password into it.
        raise SettingsError("--public-url must be a URL such as https://login.example.com, and nothing more")
    authority = f"[{hostname}]" if ":" in hostname else hostname
    if port is not None and port != {"http": 80, "https": 443}[parts.scheme]:
        authority += f":{port}"
    return parts.scheme, authority, hostname, parts.path


def checked_database(url: str) -> URL:
    """The address of a database that the server can use. Raises SettingsError, which never repeats the password."""
    examples = "sqlite:///idp.db or postgresql+psycopg://user@host/name"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError(f"--database is not a URL such as {examples}") from None
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        if parsed.database in (None, "", ":memory:"):
            raise SettingsError("--database names no file: a database in memory is lost with its connection")
        return parsed
    if parsed.drivername == "postgresql+psycopg":
        return parsed
    meant = " Did you mean postgresql+psycopg://…?" if parsed.drivername.startswith("postgres") else ""
    raise SettingsError(f"--database begins with {parsed.drivername}://; it must be such as {examples}.{meant}")


# What opens nothing was sealed by another key.
NOT_THIS_SECRET_KEY = (
    f"{SECRET_KEY_VARIABLE} is not the key that this database was made with: set that one, "
    "or both, the new one first and separated by a comma"
)


def secret_keys(environ: Mapping[str, str], *, dev: bool) -> tuple[bytes, ...]:
    """The keys of `IDP_SECRET_KEY`: base64 of 32 random bytes, several separated by commas while one is replaced."""
    text = environ.get(SECRET_KEY_VARIABLE, "").strip()
    if not text:
        if dev:
            return (base64.b64decode(DEVELOPMENT_SECRET_KEY),)
        raise SettingsError(
            f"{SECRET_KEY_VARIABLE} is not set: it encrypts the second factors and signing keys in the database. "
            f"A database that there is needs the one that it was made with. {_MAKE}"
        )
    return tuple(_secret_key(part.strip(), dev=dev) for part in text.split(","))


def _secret_key(text: str, *, dev: bool) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_LENGTH:
        raise SettingsError(f"{SECRET_KEY_VARIABLE} must be base64 of exactly {_KEY_LENGTH} bytes. {_MAKE}")
    if key == base64.b64decode(DEVELOPMENT_SECRET_KEY) and not dev:
        raise SettingsError(f"{SECRET_KEY_VARIABLE} is the published development key. {_MAKE}")
    if len(set(key)) < _KEY_LENGTH // 2:
        # 32 random bytes have fewer different ones once in 10^16 keys.
        raise SettingsError(f"{SECRET_KEY_VARIABLE} is not random. {_MAKE}")
    return key


def reachable_networks(values: list[str]) -> tuple[Network, ...]:
    """The networks that addresses of clients may lead into although they are private."""
    return tuple(_network(value, "--reachable-network") for value in values)


def trusted_networks(values: list[str]) -> tuple[Network, ...]:
    """The proxies whose `X-Forwarded-For` counts; more of the Internet than anybody owns is refused."""
    networks = []
    for value in values:
        network = _network(value, "--trusted-proxy")
        if network.prefixlen < _WIDEST[network.version]:
            raise SettingsError(f"--trusted-proxy {value!r} trusts everybody: name the proxy's own network")
        networks.append(network)
    return tuple(networks)


def _network(value: str, option: str) -> Network:
    try:
        return ip_network(value)
    except ValueError as error:
        raise SettingsError(f"{option} {value!r} is not a network such as 10.0.0.0/8: {error}") from None
