"""A request as Authlib's engine reads it, with what our grants need beside it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request

from idp.errors import InvalidRequestError
from idp.login.gate import Authorized
from idp.oauth.keyrings import KeyRings
from idp.realm.schema import Realm
from idp.resource_server.dpop import Proof
from idp.store.database import Transaction
from idp.tokens.sealing import Sealer

FetchKeys = Callable[[str], Sequence[Mapping[str, Any]]]
Pairs = Sequence[tuple[str, str]]
_LONGEST_VALUE = 8192
# Those of an authorization request that a sign-in carries to its end, each one text.
AUTHORIZATION_PARAMETERS = (
    *("client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce"),
    *("code_challenge", "code_challenge_method", "dpop_jkt"),
    *("prompt", "max_age", "acr_values", "claims", "id_token_hint", "login_hint", "ui_locales"),
    "authorization_details",
)
# What somebody else has made up is not repeated.
_PLAIN = re.compile("[a-z_]{1,40}")
_REPEATABLE = ("audience", "resource")  # RFC 8693 section 2.1, RFC 8707 section 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a grant works with: its realm and issuer, its transaction, the time. `authorized` while a code is made."""

    realm: Realm
    issuer: str
    tx: Transaction
    keyrings: KeyRings
    sealer: Sealer
    now: int
    authorized: Authorized | None = None
    # The public keys at a client's `jwks_uri` that were fetched before: nothing is fetched inside a transaction.
    fetch_keys: FetchKeys | None = None


@dataclass(frozen=True, slots=True)
class Presented:
    """What a request says of its client. `method` is not yet told apart where a certificate or an assertion decides.

    `as_sent`: the secret before it was decoded, where it came encoded or should have.
    """

    method: str
    client_id: str
    secret: str = field(default="", repr=False)
    as_sent: str = field(default="", repr=False)

    @property
    def spellings(self) -> tuple[str, ...]:
        """What the secret may be: one with a `+` or a `%` in it comes encoded from some, and as it is from others."""
        return (self.secret,) if self.as_sent in ("", self.secret) else (self.secret, self.as_sent)

    @property
    def is_guess(self) -> bool:
        """Whether it can be tried until it is right. What is signed cannot."""
        return self.method in ("client_secret_basic", "client_secret_post") and bool(self.secret)


class Payload(OAuth2Payload):  # type: ignore[misc]  # Authlib has no types
    """Parameters, each once. One without a value counts as not sent (RFC 6749 section 3.1)."""

    @classmethod
    def carried(cls, parameters: Mapping[str, str]) -> "Payload":
        """Of parameters as a sign-in carries them: several resources with blanks between, which no URI has."""
        return cls([(n, part) for n, value in parameters.items() for part in _parts(n, value)])

    def __init__(self, pairs: Pairs) -> None:
        self._lists: dict[str, list[str]] = {}
        for name, value in pairs:
            if value:
                self._lists.setdefault(name, []).append(value)
        self._data = {name: values[0] for name, values in self._lists.items()}

    @property
    def data(self) -> Mapping[str, str]:
        """One value a name."""
        return self._data

    @property
    def datalist(self) -> Mapping[str, list[str]]:
        """Every value of a name."""
        return self._lists

    @property
    def malformed(self) -> str | None:
        """What is wrong with the first parameter that is sent twice (RFC 6749 section 3.1) or is too long."""
        for name, values in self._lists.items():
            called = name if _PLAIN.fullmatch(name) else "A parameter"
            if len(values) > 1 and name not in _REPEATABLE:
                return f"{called} is sent twice."
            if max(map(len, values)) > _LONGEST_VALUE:
                return f"{called} is too long."
        return None


def _parts(name: str, value: str) -> list[str]:
    return value.split(" ") if name == "resource" else [value]


class OAuthRequest(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    """A request of one client to one endpoint of one realm. To be validated only, it needs no context.

    `presented`: what it says of its client, once somebody has looked.
    """

    def __init__(
        self,
        *,
        method: str,
        parameters: Pairs,
        headers: Mapping[str, str],
        context: Context | None = None,
        certificate: bytes | None = None,
        network: str = "",
    ) -> None:
        """`certificate`: in DER, of the TLS connection that a trusted proxy ended. `network`: where it comes from."""
        # Authlib refuses URLs that are not https. Ours come from the settings, which were checked when it started.
        super().__init__(method, "https://authorization-server.invalid/", headers=headers)
        self.payload = Payload(parameters)
        self._context = context
        self.certificate = certificate
        self.network = network
        self.presented: Presented | None = None
        # Set where they were verified: the proof of the request, and what its tokens are bound to.
        self.proof: Proof | None = None
        self.cnf: Mapping[str, str] | None = None

    @property
    def context(self) -> Context:
        """What the request works with."""
        if self._context is None:
            raise AssertionError("this request is only validated")
        return self._context

    @context.setter
    def context(self, context: Context) -> None:
        self._context = context

    @property
    def args(self) -> Mapping[str, str]:
        """The parameters, wherever they came from."""
        data: Mapping[str, str] = self.payload.data
        return data

    @property
    def form(self) -> Mapping[str, str]:
        """The parameters, wherever they came from."""
        data: Mapping[str, str] = self.payload.data
        return data

    def refuse_malformed(self) -> None:
        """Raises InvalidRequestError for a parameter that is doubled or over-long."""
        if wrong := self.payload.malformed:
            raise InvalidRequestError(wrong)
