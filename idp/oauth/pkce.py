"""PKCE (RFC 7636): S256 alone, demanded of every client unless a confidential one is set `require_pkce: false`."""

import hmac
import re
from typing import Any

from authlib.oauth2.rfc7636 import CodeChallenge, create_s256_code_challenge

from idp.errors import InvalidGrantError, InvalidRequestError
from idp.oauth.request import OAuthRequest

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class PkceS256(CodeChallenge):  # type: ignore[misc]  # Authlib has no types
    """Authlib's extension would default to `plain`, and demand PKCE of public clients only, at the token endpoint."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """At the authorization endpoint, so that no code is issued without a challenge."""
        request: OAuthRequest = grant.request
        challenge = request.payload.data.get("code_challenge")
        method = request.payload.data.get("code_challenge_method")
        if challenge is None and method is None and not request.client.registered.require_pkce:
            return
        if challenge is None or method != "S256" or not _CHALLENGE.fullmatch(challenge):
            raise InvalidRequestError("PKCE is required: send code_challenge and code_challenge_method=S256.")

    def validate_code_verifier(self, grant: Any, result: Any) -> None:
        """After the code was used up, so that a verifier can be guessed once."""
        request: OAuthRequest = grant.request
        challenge = request.authorization_code.code_challenge
        verifier = request.payload.data.get("code_verifier")
        if challenge is None and verifier is None:
            return
        # RFC 9700 section 4.8.2: a verifier without a challenge is a downgrade.
        if challenge is None or verifier is None or not _VERIFIER.fullmatch(verifier):
            raise InvalidGrantError("The code_verifier does not belong to this code.")
        if not hmac.compare_digest(create_s256_code_challenge(verifier), challenge):
            raise InvalidGrantError("The code_verifier does not belong to this code.")
