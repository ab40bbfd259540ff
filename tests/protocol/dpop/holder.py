"""A client with a DPoP key: makes proofs, and takes up the nonces that the server hands out (RFC 9449)."""

import base64
import hashlib
import secrets
from typing import Any

import httpx

from tests.portal import Portal, Tokens
from tests.protocol.signer import Signer


class Holder:
    """Of a key, as the client `portal`."""

    def __init__(self, portal: Portal, alg: str = "ES256", *, signer: Signer | None = None) -> None:
        self.portal = portal
        self.signer = signer or Signer(alg, kid=None)
        self.nonce: str | None = None

    @property
    def jkt(self) -> str:
        thumbprint: str = self.signer.key.thumbprint()
        return thumbprint

    def claims(self, endpoint: str, method: str = "POST", *, token: str | None = None) -> dict[str, Any]:
        ath = token and base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        claims = {
            "jti": secrets.token_hex(8),
            "htm": method,
            "htu": self.portal.server.endpoint(endpoint, self.portal.realm),
            "iat": self.portal.server.clock(),
            "nonce": self.nonce,
            "ath": ath,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def proof(self, endpoint: str = "token", method: str = "POST", *, token: str | None = None, **changed: Any) -> str:
        """None takes a claim out."""
        claims = self.claims(endpoint, method, token=token) | changed
        return self.sign({name: value for name, value in claims.items() if value is not None})

    def sign(self, claims: Any, **header: Any) -> str:
        return self.signer.sign(claims, **({"typ": "dpop+jwt", "jwk": self.signer.jwk} | header))

    def fetch_nonce(self) -> str:
        """What the server asks for."""
        response = self.post(self.proof())
        assert response.json()["error"] == "use_dpop_nonce"
        self.nonce = response.headers["dpop-nonce"]
        return self.nonce

    def post(self, *proofs: str, **form: Any) -> httpx.Response:
        """A token request with these proofs."""
        portal = self.portal
        headers = [(b"dpop", proof.encode()) for proof in proofs]
        data = {"grant_type": "refresh_token", "refresh_token": "x"} | form
        auth = (portal.client_id, portal.secret) if portal.secret else None
        if auth is None:
            data = {"client_id": portal.client_id} | data
        url = portal.server.endpoint("token", portal.realm)
        return portal.http.post(url, data=data, headers=headers, auth=auth or httpx.USE_CLIENT_DEFAULT)

    def token(self, **form: Any) -> Tokens:
        """A token request with a good proof."""
        if self.nonce is None:
            self.fetch_nonce()
        return Tokens(self.post(self.proof(), **form))

    def redeem(self, code: str) -> Tokens:
        from tests.portal import VERIFIER

        uri = self.portal.redirect_uri
        return self.token(grant_type="authorization_code", code=code, redirect_uri=uri, code_verifier=VERIFIER)

    def refresh(self, refresh_token: str) -> Tokens:
        return self.token(grant_type="refresh_token", refresh_token=refresh_token)

    def userinfo(self, token: str, proof: str | None = None, *, scheme: str = "DPoP") -> httpx.Response:
        headers = {"authorization": f"{scheme} {token}", "dpop": proof or self.proof("userinfo", "GET", token=token)}
        return self.portal.http.get(self.portal.server.endpoint("userinfo", self.portal.realm), headers=headers)
