"""A native application's sign-in: code with PKCE through the system browser and a loopback redirect (RFC 8252)."""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from idp.demo.loopback import Loopback

CLOCKS_DIFFER = 10  # seconds
_ALGORITHMS = ("RS256", "ES256")


class SignInFailed(Exception):
    """The sign-in did not end with tokens; the message is for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The access token, opaque to this client, and the verified claims of the ID token, which are for it."""

    access_token: str = field(repr=False)
    claims: Mapping[str, Any]


class NativeClient:
    """A public client of one issuer. `open_url` brings a URL before the person; `clock`: seconds since the epoch."""

    def __init__(
        self,
        *,
        issuer: str,
        client_id: str,
        scope: str,
        open_url: Callable[[str], object],
        http: httpx.Client,
        clock: Callable[[], float],
    ) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._scope = scope
        self._open_url = open_url
        self._http = http
        self._clock = clock
        self._metadata: dict[str, Any] | None = None

    def sign_in(self, *, patience: float, asked: Mapping[str, str] | None = None) -> Tokens:
        """Send the person to the provider with `asked` (acr_values, max_age), and redeem the code that comes back.

        Waits for `patience` seconds. Raises SignInFailed.
        """
        metadata = self._discover()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        with Loopback(state=state) as loopback:
            request = {
                "response_type": "code",
                "client_id": self._client_id,
                "redirect_uri": loopback.redirect_uri,
                "scope": self._scope,
                "state": state,
                "nonce": nonce,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            }
            self._open_url(f"{metadata['authorization_endpoint']}?{urlencode({**request, **(asked or {})})}")
            answer = loopback.wait(patience)
        tokens = self._read(
            metadata["token_endpoint"],
            {
                "grant_type": "authorization_code",
                "client_id": self._client_id,
                "code": self._code(answer),
                "redirect_uri": loopback.redirect_uri,
                "code_verifier": verifier,
            },
        )
        try:
            return Tokens(tokens["access_token"], self._verified(tokens["id_token"], nonce=nonce))
        except KeyError as missing:
            raise SignInFailed(f"the provider sent no {missing.args[0]}") from None

    def _code(self, answer: Mapping[str, str] | None) -> str:
        """The code of an authorization response, once it is clear whose it is (RFC 9207 section 2.4)."""
        if answer is None:
            raise SignInFailed("nobody came back from the browser")
        if answer.get("iss") != self._issuer:
            raise SignInFailed("the answer comes from another provider than the one that was asked")
        if "error" in answer:
            raise SignInFailed(
                f"the provider says {answer['error']}: {answer.get('error_description', 'nothing more')}"
            )
        if "code" not in answer:
            raise SignInFailed("the answer holds no code")
        return answer["code"]

    def _discover(self) -> dict[str, Any]:
        if self._metadata is None:
            self._metadata = self._read(f"{self._issuer}/.well-known/openid-configuration")
            if self._metadata.get("issuer") != self._issuer:
                raise SignInFailed("the discovery document names another issuer")
        return self._metadata

    def _verified(self, id_token: str, *, nonce: str) -> Mapping[str, Any]:
        """The claims of the ID token (OpenID Connect Core section 3.1.3.7)."""
        keys: Any = self._read(self._discover()["jwks_uri"])
        try:
            claims = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS).claims
            audience = claims["aud"]
            good = (
                claims["iss"] == self._issuer
                and self._client_id in ([audience] if isinstance(audience, str) else audience)
                and claims.get("azp", self._client_id) == self._client_id
                and claims["exp"] > self._clock() - CLOCKS_DIFFER
                and claims["nonce"] == nonce
                and isinstance(claims["sub"], str)
            )
        except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise SignInFailed("the ID token cannot be verified") from error
        if not good:
            raise SignInFailed("the ID token is not for this sign-in")
        return claims

    def _read(self, url: str, form: Mapping[str, str] | None = None) -> dict[str, Any]:
        """What the provider answers to a GET, or to a POST of `form`: a JSON object."""
        try:
            response = self._http.request("POST" if form else "GET", url, data=form)
            answer = json.loads(response.content)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SignInFailed(f"{url} does not answer: {error}") from error
        except (ValueError, RecursionError) as error:
            raise SignInFailed(f"{url} does not answer with JSON") from error
        if not isinstance(answer, dict):
            raise SignInFailed(f"{url} does not answer with a JSON object")
        if response.status_code != 200:
            reason = answer.get("error_description") or answer.get("error") or "without a reason"
            raise SignInFailed(f"{url} answered {response.status_code}: {reason}")
        return answer
