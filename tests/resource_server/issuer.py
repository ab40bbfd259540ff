"""A small issuer on loopback: a discovery document, a JWKS, and tokens signed with its keys."""

import base64
import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

AUDIENCE = "https://api.example"
NOW = 1_800_000_000
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig", "alg": "RS256"})
EC = ECKey.generate_key("P-256", {"kid": "ec-1", "use": "sig", "alg": "ES256"})
OTHER_RSA = RSAKey.generate_key(2048, {"kid": "rsa-2", "use": "sig", "alg": "RS256"})


class Issuer:
    """Answers what its fields say; counts what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200
        self.discovery_changes: dict[str, Any] = {}
        self.keys: list[Any] = [RSA.as_dict(private=False), EC.as_dict(private=False)]
        self.raw_jwks: bytes | None = None
        self.delay_between_bytes = 0.0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/realms/demo"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Those of a good token; a change to `...` leaves the claim out."""
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "u-1",
            "client_id": "cli",
            "scope": "openid payments",
            "jti": "j-1",
            "iat": NOW,
            "exp": NOW + 300,
            "auth_time": NOW - 60,
            "acr": "two-factor",
            "amr": ["pwd", "otp", "mfa"],
            "roles": ["developer"],
        } | changes
        return {name: value for name, value in claims.items() if value is not ...}

    def token(self, *, key: RSAKey | ECKey = RSA, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
        algorithm = "RS256" if isinstance(key, RSAKey) else "ES256"
        described = {"alg": algorithm, "typ": "at+jwt", "kid": key.kid} | dict(header or {})
        return jwt.encode(described, self.claims(**changes), key, algorithms=[described["alg"]])

    def _answer(self, path: str) -> bytes:
        if path.endswith("/.well-known/openid-configuration"):
            return json.dumps({"issuer": self.url, "jwks_uri": self.url + "/certs"} | self.discovery_changes).encode()
        return self.raw_jwks if self.raw_jwks is not None else json.dumps({"keys": self.keys}).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                body = issuer._answer(self.path)
                self.send_response(issuer.status)
                if issuer.status in {301, 302, 307}:
                    self.send_header("Location", issuer.url + "/elsewhere")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if not issuer.delay_between_bytes:
                    self.wfile.write(body)
                    return
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    time.sleep(issuer.delay_between_bytes)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is inherited
                """Say nothing."""

        return Handler


def unsigned(header: object, claims: object, signature: bytes = b"") -> str:
    """A token put together by hand."""
    return ".".join(encoded(json.dumps(part).encode()) for part in (header, claims)) + "." + encoded(signature)


def encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
