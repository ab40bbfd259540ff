"""A relying party of the tests: builds authorization requests, redeems codes, reads tokens."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.running import RunningServer, demo_client
from tests.visitor import Page, Visitor

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


def challenge(verifier: str = VERIFIER) -> str:
    """RFC 7636 section 4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def unverified(token: str) -> dict[str, Any]:
    """The claims of a JWT, for looking at one that was verified elsewhere."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


@dataclass
class Tokens:
    """A token response, good or not."""

    response: httpx.Response
    body: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.body = self.response.json()

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def error(self) -> str | None:
        return self.body.get("error")

    @property
    def access(self) -> str:
        return str(self.body["access_token"])

    @property
    def refresh(self) -> str:
        return str(self.body["refresh_token"])

    @property
    def id_claims(self) -> dict[str, Any]:
        return unverified(self.body["id_token"])

    @property
    def access_claims(self) -> dict[str, Any]:
        return unverified(self.body["access_token"])


class Portal:
    """A client of the demo realm, or one that is described by the fields of a realm file."""

    def __init__(self, server: RunningServer, client: str | dict[str, Any] = "portal", *, realm: str = "demo") -> None:
        self.server, self.realm = server, realm
        self.registered = demo_client(client) if isinstance(client, str) else client
        self.client_id = self.registered["client_id"]
        secret = self.registered.get("client_secret")
        self.secret = secret["default"] if isinstance(secret, dict) else secret
        self.redirect_uri = self.registered.get("redirect_uris", [""])[0]
        self.http = server.http()

    def request(self, **changed: Any) -> dict[str, str]:
        """The parameters of an authorization request; None leaves one out."""
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile email",
            "state": "a state",
            "nonce": "a nonce",
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
        } | changed
        return {name: str(value) for name, value in parameters.items() if value is not None}

    def url(self, **changed: Any) -> str:
        return f"{self.server.endpoint('auth', self.realm)}?{urlencode(self.request(**changed))}"

    def send(self, visitor: Visitor, **changed: Any) -> Page:
        """Redirect a visitor to the server."""
        return visitor.get(self.url(**changed))

    def redeem(self, code: str, /, **changed: Any) -> Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": VERIFIER,
        } | changed
        return self.token(**form)

    def refresh(self, token: str, /, **changed: Any) -> Tokens:
        return self.token(**{"grant_type": "refresh_token", "refresh_token": token, **changed})

    def token(self, **form: Any) -> Tokens:
        """A token request; a form value of None leaves the parameter out."""
        return Tokens(self.call("token", **form))

    def call(self, endpoint: str, **form: Any) -> httpx.Response:
        """An authenticated request to an endpoint for clients."""
        data = {name: value for name, value in form.items() if value is not None}
        url = self.server.endpoint(endpoint, self.realm)
        if self.secret:
            return self.http.post(url, data=data, auth=(self.client_id, self.secret))
        return self.http.post(url, data={"client_id": self.client_id, **data})

    def introspect(self, token: str) -> dict[str, Any]:
        body: dict[str, Any] = self.call("token/introspect", token=token).json()
        return body

    def userinfo(self, token: str) -> httpx.Response:
        url = self.server.endpoint("userinfo", self.realm)
        return self.http.get(url, headers={"authorization": f"Bearer {token}"})

    def verified(self, token: str) -> dict[str, Any]:
        """The claims of a token whose signature the published keys verify."""
        jwks = self.http.get(self.server.endpoint("certs", self.realm)).json()
        decoded = jwt.decode(token, KeySet.import_key_set(jwks), algorithms=["RS256", "ES256"])
        return decoded.claims

    def code(self, visitor: Visitor, username: str = "alice", **changed: Any) -> str:
        """To the server, through its pages, and back with a code."""
        return visitor.sign_in(self.send(visitor, **changed), username).parameters()["code"]

    def sign_in(self, visitor: Visitor, username: str = "alice", **changed: Any) -> Tokens:
        """The whole way: a code, and the tokens for it."""
        return self.redeem(self.code(visitor, username, **changed))

    def close(self) -> None:
        self.http.close()
