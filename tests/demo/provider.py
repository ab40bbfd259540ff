"""A provider that signs in whoever it is told to, without a page: the other side of the demo's clients.

What it answers can be bent, so that the clients meet what the real server never does.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.resource_server.issuer import RSA
from tests.resource_server.serving import serving

API = "https://api.example"


class Provider:
    """`acr` is reached without being asked for, `reachable` when it is; `bend` changes what is answered."""

    def __init__(self) -> None:
        self.url = ""
        self.acr = "password"
        self.reachable: tuple[str, ...] = ("two-factor",)
        self.subject = "u-1"
        self.auth_time: int | None = None
        self.requests: list[dict[str, str]] = []
        self.token_requests: list[dict[str, str]] = []
        self.bend_response: dict[str, str | None] = {}
        self.bend_id_token: dict[str, Any] = {}
        self._codes: dict[str, dict[str, Any]] = {}
        self._refresh_tokens: dict[str, dict[str, Any]] = {}
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/certs", lambda _: JSONResponse({"keys": [RSA.as_dict(private=False)]})),
                Route("/auth", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/logout", lambda _: Response("signed out")),
            ]
        )

    def _discovery(self, _: Request) -> Response:
        endpoints = {"authorization": "auth", "token": "token", "end_session": "logout"}
        return JSONResponse(
            {f"{name}_endpoint": f"{self.url}/{path}" for name, path in endpoints.items()}
            | {"issuer": self.url, "jwks_uri": f"{self.url}/certs", "id_token_signing_alg_values_supported": ["RS256"]}
        )

    def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.requests.append(asked)
        code = secrets.token_urlsafe(16)
        demanded = [acr for acr in asked.get("acr_values", "").split() if acr in self.reachable]
        now = int(time.time())
        self._codes[code] = {
            "asked": asked,
            "acr": demanded[0] if demanded else self.acr,
            "auth_time": self.auth_time or now,
            "sub": self.subject,
        }
        answer: dict[str, str | None] = {"code": code, "state": asked["state"], "iss": self.url}
        answer |= self.bend_response
        query = urlencode({name: value for name, value in answer.items() if value is not None})
        return RedirectResponse(f"{asked['redirect_uri']}?{query}", 303)

    async def _token(self, request: Request) -> Response:
        async with request.form() as form:
            sent = {name: str(value) for name, value in form.items()}
        self.token_requests.append(sent)
        if sent["grant_type"] == "refresh_token":
            grant = self._refresh_tokens.pop(sent["refresh_token"], None)
        else:
            grant = self._codes.pop(sent["code"], None)
            proof = base64.urlsafe_b64encode(hashlib.sha256(sent["code_verifier"].encode()).digest()).rstrip(b"=")
            if grant is not None and proof.decode() != grant["asked"].get("code_challenge"):
                grant = None
        if grant is None:
            return JSONResponse({"error": "invalid_grant", "error_description": "It was used before."}, 400)
        refresh_token = secrets.token_urlsafe(16)
        self._refresh_tokens[refresh_token] = grant
        return JSONResponse(
            {
                "access_token": self._access_token(grant),
                "token_type": "Bearer",
                "expires_in": 300,
                "refresh_token": refresh_token,
                "id_token": self._id_token(grant),
            }
        )

    def _access_token(self, grant: dict[str, Any]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": API,
            "sub": grant["sub"],
            "client_id": grant["asked"]["client_id"],
            "scope": grant["asked"]["scope"],
            "iat": now,
            "exp": now + 300,
            "acr": grant["acr"],
            "auth_time": grant["auth_time"],
        }
        return jwt.encode({"alg": "RS256", "typ": "at+jwt", "kid": RSA.kid}, claims, RSA)

    def _id_token(self, grant: dict[str, Any]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": grant["asked"]["client_id"],
            "sub": grant["sub"],
            "name": "Alice <Developer>",
            "email": "alice@example.com",
            "nonce": grant["asked"]["nonce"],
            "iat": now,
            "exp": now + 300,
            "acr": grant["acr"],
            "amr": ["pwd", "otp", "mfa"] if grant["acr"] == "two-factor" else ["pwd"],
            "auth_time": grant["auth_time"],
        } | self.bend_id_token
        return jwt.encode({"alg": "RS256", "kid": RSA.kid}, claims, RSA)


@contextmanager
def provider_running() -> Iterator[Provider]:
    provider = Provider()
    with serving(provider.app) as url:
        provider.url = url
        yield provider
