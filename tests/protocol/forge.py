"""Tokens that nobody issued: by the server's own key with other claims, or by no key that it has."""

import base64
import hashlib
import hmac
import json
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from idp.store import signing_keys
from idp.store.database import Database
from idp.tokens.sealing import Sealer
from tests.running import RunningServer


def encoded(value: Any) -> str:
    """A part of a compact JWS."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims."""
    header, claims, _ = token.split(".")
    return decoded(header), decoded(claims)


def own_keys(server: RunningServer, realm: str = "demo") -> dict[str, RSAKey | ECKey | OKPKey]:
    """The server's private keys by algorithm, as somebody who has its database and its secret would read them."""
    database = Database(server.settings.database)
    with database.read() as tx:
        keys = signing_keys.load(tx, Sealer(server.settings.secret_keys), realm)
    database.close()
    return {key.alg: key.private for key in keys}


def signed(key: RSAKey | ECKey | OKPKey, header: dict[str, Any], claims: Any) -> str:
    """By that key, whatever the header and the claims say."""
    message = f"{encoded(header)}.{encoded(claims)}"
    signature = jws.JWSRegistry.algorithms[header["alg"]].sign(message.encode(), key)
    return f"{message}.{encoded(signature)}"


def mac_with(secret: bytes, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """HS256 under a secret of the forger's choice."""
    message = f"{encoded(header)}.{encoded(claims)}"
    return f"{message}.{encoded(hmac.digest(secret, message.encode(), hashlib.sha256))}"
