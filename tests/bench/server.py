"""`idp serve` with a realm file made for the benchmark."""

import base64
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from idp.settings import SECRET_KEY_VARIABLE
from tests.bench.process import Process
from tests.bench.seed import REALM
from tests.running import write_realms

PROTOCOL = f"/realms/{REALM}/protocol/openid-connect"
DISCOVERY = f"/realms/{REALM}/.well-known/openid-configuration"
PORTAL = ("portal", "a secret of the benchmark's portal")
REPORT = ("report", "a secret of the benchmark's program")
DEVICE = ("television", "a secret of the benchmark's television")
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
CALLBACK = "http://localhost:1/callback"

REALM_FILE: dict[str, Any] = {
    "realm": REALM,
    "keys": {"rsa_bits": 2048},
    "levels": {"password": {"factors": 1}, "two-factor": {"factors": 2}},
    "factors": {"password": {}, "totp": {}, "recovery-codes": {}},
    "second_factor": {"rules": [{"name": "everybody", "level": "two-factor"}]},
    "roles": {"developer": {}},
    "clients": [
        {
            "client_id": PORTAL[0],
            "client_secret": PORTAL[1],
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token", EXCHANGE_GRANT],
            "scope": "openid profile email",
        },
        {
            "client_id": REPORT[0],
            "client_secret": REPORT[1],
            "grant_types": ["client_credentials"],
            "scope": "email",
        },
        {
            "client_id": DEVICE[0],
            "client_secret": DEVICE[1],
            "grant_types": [DEVICE_GRANT],
            "scope": "openid profile",
        },
    ],
}


class Server(Process):
    """The server on a database. `started_in` ends with its first answered discovery.

    `dev`: in development every address may be reached, and the key is the published one, as of what was seeded.
    """

    def __init__(self, folder: Path, database: str, realm: Mapping[str, Any] = REALM_FILE, *, dev: bool = True) -> None:
        self.database = database
        config = folder / "realm-config"
        write_realms(config, realm)
        command = ("-m", "idp.cli.main", "serve", "--config", str(config), "--port", "{port}")
        environ = {"IDP_DATABASE": database, SECRET_KEY_VARIABLE: "" if dev else _own_key()}
        super().__init__(folder, *command, *(("--dev",) if dev else ()), path=DISCOVERY, environ=environ)


def _own_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
