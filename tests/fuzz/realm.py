"""The realm whose parsers are fuzzed: clients of every kind, their keys, and a database that keeps nothing."""

import atexit
import base64
import json
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from joserfc import jws
from joserfc.jwk import ECKey

from idp.oauth.keyrings import KeyRings
from idp.oauth.provider import Provider
from idp.outbound.fetch import Fetcher, Unreachable
from idp.outbound.key_sets import KeySets
from idp.realm.loading import Mode, examine
from idp.realm.schema import Realm
from idp.settings import Settings, issuer, secret_keys, trusted_networks
from idp.store.database import Database
from idp.store.migrations import migrate
from idp.tokens.keys import KeyRing
from idp.tokens.sealing import Sealer
from tests.clock import START
from tests.protocol.forge import encoded
from tests.running import demo_realm

NOW = START
PUBLIC_URL = "https://login.example.com"
ISSUER = issuer(PUBLIC_URL, "demo")
KEY = ECKey.generate_key("P-256", parameters={"kid": "c", "use": "sig", "alg": "ES256"})
JWK = json.dumps(KEY.as_dict(private=False)).encode()
BACK = "https://rp.example/cb"
_GRANTS = ["authorization_code", "refresh_token", "client_credentials"]
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# Whose word the realm takes for who somebody is, at the client `web`.
TRUSTED = "https://hr.example"
_CLIENTS: tuple[dict[str, Any], ...] = (
    {
        "client_id": "web",
        "client_secret": {"env": "WEB", "default": "web-secret-for-demos-only-0123456789"},
        "redirect_uris": [BACK, "https://rp.example/cb?tenant=1"],
        "post_logout_redirect_uris": ["https://rp.example/bye"],
        "grant_types": [*_GRANTS, _DEVICE, _EXCHANGE, BEARER],
        "scope": "openid profile email phone address offline_access payments",
        "authorization_details_types": ["payment"],
    },
    {
        "client_id": "signer",
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [KEY.as_dict(private=False)]},
        "redirect_uris": [BACK],
        "grant_types": _GRANTS,
        "scope": "openid payments",
        "authorization_details_types": ["payment"],
    },
    {
        "client_id": "native",
        "token_endpoint_auth_method": "none",
        "redirect_uris": ["http://127.0.0.1/cb", "http://[::1]/cb", "com.example.app:/cb"],
        "grant_types": ["authorization_code", "refresh_token", _DEVICE],
        "scope": "openid",
    },
)
_SMS = {
    "sender": "twilio",
    "account_sid": {"env": "SID", "default": "AC" + "0" * 32},
    "auth_token": {"env": "TOKEN", "default": "0123456789abcdef0123456789abcdef"},
    "from": "+15005550006",
    "countries": ["US", "DE"],
}
# One rule of each kind that could stumble over what it is given.
_PAYMENT = {
    "properties": {
        "amount": {"anyOf": [{"type": "string", "pattern": "^[0-9]+$"}, {"multipleOf": 0.01, "maximum": 1e9}]},
        "locations": {"type": "array", "uniqueItems": True, "items": {"type": "string", "maxLength": 100}},
        "identifier": {"anyOf": [{"format": "date"}, {"format": "email"}, {"format": "ipv6"}, {"format": "uuid"}]},
        "privileges": {"contains": {"const": 1}, "unevaluatedItems": {"type": "object"}},
    },
    "propertyNames": {"maxLength": 50},
}


class NoFetcher(Fetcher):
    """Nothing is fetched: whoever fuzzes must not send requests into the world."""

    def _send(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Any:
        raise Unreachable


@cache
def realm() -> Realm:
    described = demo_realm(users=[])
    described["clients"] = list(_CLIENTS)
    described["second_factor"] = {"rules": [{"name": "money", "when": {"scopes": ["payments"]}, "level": "two-factor"}]}
    described["factors"] |= {"sms": _SMS, "webauthn": {}}
    described["registration"] = {
        "software_statements": [{"issuer": "https://trust.example", "keys": [json.loads(JWK)]}]
    }
    described["trusted_issuers"] = [
        {
            "issuer": TRUSTED,
            "jwks": {"keys": [json.loads(JWK)]},
            "signing_alg": "ES256",
            "subject": "username",
            "clients": ["web"],
        }
    ]
    described["authorization_details"] = {"payment": {"schema": _PAYMENT}}
    found = examine(yaml.safe_dump(described).encode(), path="demo.yaml", mode=Mode.DEVELOPMENT, environ={})
    assert found.realm is not None, found.problems
    return found.realm


@cache
def database() -> Database:
    directory = tempfile.mkdtemp(prefix="fuzz-")
    made = Database(f"sqlite:///{directory}/fuzz.db")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    atexit.register(made.close)
    migrate(made)
    return made


@cache
def sealer() -> Sealer:
    return Sealer(secret_keys({}, dev=True))


@cache
def keyrings() -> KeyRings:
    return KeyRings(database(), sealer(), lambda: NOW)


def ring() -> KeyRing:
    return keyrings().of(realm())


@cache
def provider() -> Provider:
    return Provider(
        issuer=lambda name: issuer(PUBLIC_URL, name),
        keyrings=keyrings(),
        sealer=sealer(),
        database=database(),
        key_sets=KeySets(NoFetcher().get, lambda: NOW),
    )


@cache
def settings() -> Settings:
    return Settings(
        config=Path(),
        database="",
        public_url=PUBLIC_URL,
        trusted_proxies=trusted_networks(["10.0.0.0/8"]),
        secret_keys=secret_keys({}, dev=True),
    )


def signed(header: bytes, claims: bytes, key: ECKey = KEY) -> str:
    """Whatever the two say, by a key that is believed: so a fuzzer gets behind the signature."""
    message = f"{encoded(header)}.{encoded(claims)}"
    return f"{message}.{encoded(jws.JWSRegistry.algorithms['ES256'].sign(message.encode(), key))}"


def claims_of(token: str) -> Mapping[str, Any]:
    """Of a token that was accepted, as anybody reads them."""
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found
