"""The issuer's public keys, found through its discovery document and kept (OpenID Connect Discovery 1.0, RFC 7517)."""

import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from idp.resource_server.refused import KeysUnavailable

if TYPE_CHECKING:
    import httpx

PublicKey = RSAKey | ECKey | OKPKey

TIMEOUT = 3.0  # seconds, for each of the two documents
MAX_DOCUMENT = 262_144  # bytes
MAX_KEYS = 100
KEEP = 300  # seconds after which the keys are fetched again, so that a withdrawn one is gone
KEEP_WITHOUT_ISSUER = 3600  # seconds for which they are used where the issuer does not answer
PAUSE = 30  # seconds between fetches for a kid that is not there: anybody can make one up
PAUSE_AFTER_FAILURE = 2
MIN_RSA_BITS = 2048

_KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}


@dataclass(frozen=True, slots=True)
class _Fetched:
    """The keys by their kid, and when they were fetched, in seconds since the epoch."""

    keys: dict[str, tuple[PublicKey, ...]]
    at: int

    def age(self, now: int) -> int:
        """A clock that was set back makes them old, not young."""
        return now - self.at if now >= self.at else KEEP_WITHOUT_ISSUER + 1


class IssuerKeys:
    """The keys of one issuer. Usable from several threads; one of them fetches, the others go on with what there is."""

    def __init__(self, *, issuer: str, http: "httpx.Client | None" = None) -> None:
        """`issuer` is https, or http on this machine: keys that travel in clear are anybody's. Raises ValueError."""
        if not _is_private_channel(issuer):
            raise ValueError("the issuer is an https URL, or http on localhost")
        self._issuer = issuer
        self._http = http
        self._fetching = threading.Lock()
        self._fetched: _Fetched | None = None
        self._tried_at: int | None = None
        self._failure = ""

    def find(self, *, kid: str, algorithm: str, now: int) -> PublicKey | None:
        """The key of that kid which may verify that algorithm, or None. Raises KeysUnavailable."""
        fetched = self._fetched
        if fetched is None or fetched.age(now) > KEEP:
            fetched = self._refresh(known=fetched, now=now)
        key = _choose(fetched.keys.get(kid, ()), algorithm)
        if key is None:
            fetched = self._refresh(known=fetched, now=now)
            key = _choose(fetched.keys.get(kid, ()), algorithm)
        return key

    def _refresh(self, *, known: _Fetched | None, now: int) -> _Fetched:
        """What the issuer publishes now, or `known` where it was asked a moment ago or does not answer."""
        usable = known if known is not None and known.age(now) <= KEEP_WITHOUT_ISSUER else None
        may_go_on = usable is not None and usable.age(now) > KEEP
        if not self._fetching.acquire(blocking=not may_go_on):
            assert usable is not None
            return usable
        try:
            if self._fetched is known and self._may_try(now):
                self._try(now)
            fetched = usable if self._fetched is known else self._fetched
        finally:
            self._fetching.release()
        if fetched is None:
            raise KeysUnavailable(self._failure)
        return fetched

    def _try(self, now: int) -> None:
        import httpx

        self._tried_at = now
        try:
            self._fetched = _Fetched(self._fetch(), now)
            self._failure = ""
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError, RecursionError) as failure:
            self._failure = f"{type(failure).__name__}: {failure}"

    def _may_try(self, now: int) -> bool:
        pause = PAUSE_AFTER_FAILURE if self._failure else PAUSE
        return self._tried_at is None or not 0 <= now - self._tried_at < pause

    def _fetch(self) -> dict[str, tuple[PublicKey, ...]]:
        if self._http is not None:
            return self._published(self._http)
        import httpx

        with httpx.Client(trust_env=False) as http:
            return self._published(http)

    def _published(self, http: "httpx.Client") -> dict[str, tuple[PublicKey, ...]]:
        discovery = _document(http, self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        if discovery.get("issuer") != self._issuer:
            raise ValueError("the discovery document names another issuer")
        jwks_uri = discovery.get("jwks_uri")
        if not isinstance(jwks_uri, str) or not _is_private_channel(jwks_uri):
            raise ValueError("the discovery document names no jwks_uri that may be used")
        entries = _document(http, jwks_uri).get("keys")
        if not isinstance(entries, list):
            raise TypeError("the JWKS has no keys")
        keys: dict[str, tuple[PublicKey, ...]] = {}
        for entry in entries[:MAX_KEYS]:
            if (key := _public_key(entry)) is not None:
                keys[entry["kid"]] = (*keys.get(entry["kid"], ()), key)
        return keys


def _is_private_channel(url: str) -> bool:
    parts = urlsplit(url)
    return (parts.scheme == "https" and bool(parts.hostname)) or (
        parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    )


def _document(http: "httpx.Client", url: str) -> dict[str, Any]:
    deadline = time.monotonic() + TIMEOUT
    content = bytearray()
    with http.stream(
        "GET", url, headers={"Accept": "application/json"}, timeout=TIMEOUT, follow_redirects=False
    ) as response:
        if response.status_code != 200:
            raise ValueError(f"{url} answered {response.status_code}")
        for part in response.iter_bytes():
            content += part
            if len(content) > MAX_DOCUMENT:
                raise ValueError(f"{url} answered more than {MAX_DOCUMENT} bytes")
            if time.monotonic() > deadline:
                raise ValueError(f"{url} took more than {TIMEOUT:.0f} s")
    document = json.loads(content)
    if not isinstance(document, dict):
        raise TypeError(f"{url} did not answer with a JSON object")
    return document


def _public_key(entry: object) -> PublicKey | None:
    """A signature key of the set, or None for what is something else: a key that is not understood is ignored."""
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str) or entry.get("use", "sig") != "sig":
        return None
    try:
        key = JWKRegistry.import_key(entry)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAKey):
        return key if key.raw_value.key_size >= MIN_RSA_BITS else None
    return key if isinstance(key, ECKey | OKPKey) else None


def _choose(candidates: tuple[PublicKey, ...], algorithm: str) -> PublicKey | None:
    key_type = _KEY_TYPES.get(algorithm[:2])
    for key in candidates:
        if key.key_type == key_type and key.get("alg", algorithm) == algorithm:
            return key
    return None
