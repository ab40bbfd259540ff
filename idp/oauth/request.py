"""A request as Authlib's engine reads it, with what our grants need beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request

from idp.errors import InvalidRequestError
from idp.login.gate import Authorized
from idp.oauth.keyrings import KeyRings
from idp.realm.schema import Realm
from idp.store.database import Transaction
from idp.tokens.sealing import Sealer

Pairs = Sequence[tuple[str, str]]
_LONGEST_VALUE = 8192


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


class Payload(OAuth2Payload):  # type: ignore[misc]  # Authlib has no types
    """Parameters, each once. One without a value counts as not sent (RFC 6749 section 3.1)."""

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
    def is_malformed(self) -> bool:
        """Whether a parameter is sent twice (RFC 6749 section 3.1) or is too long."""
        return any(len(values) > 1 or len(values[0]) > _LONGEST_VALUE for values in self._lists.values())


class OAuthRequest(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    """A request of one client to one endpoint of one realm. To be validated only, it needs no context."""

    def __init__(
        self, *, method: str, parameters: Pairs, headers: Mapping[str, str], context: Context | None = None
    ) -> None:
        # Authlib refuses URLs that are not https. Ours come from the settings, which were checked when it started.
        super().__init__(method, "https://authorization-server.invalid/", headers=headers)
        self.payload = Payload(parameters)
        self._context = context

    @property
    def context(self) -> Context:
        """What the request works with."""
        if self._context is None:
            raise AssertionError("this request is only validated")
        return self._context

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
        if self.payload.is_malformed:
            raise InvalidRequestError("A parameter is sent twice or is too long.")
