"""The public keys of a client: in the realm file, or where the client publishes them (RFC 7591 section 2)."""

from typing import Protocol

from idp.oauth.request import FetchKeys
from idp.realm.client_sections import Client
from idp.tokens import jose
from idp.tokens.jose import PublicKey


class KeySource(Protocol):
    """Whatever knows the keys at an address, as a request's context does."""

    @property
    def fetch_keys(self) -> FetchKeys | None: ...


def public_keys_of(client: Client, source: KeySource) -> tuple[PublicKey, ...]:
    """Those that can be used; none where the client's address has none, or does not answer."""
    if client.jwks is not None:
        return jose.public_keys(key.model_dump(exclude_none=True) for key in client.jwks.keys)
    if client.jwks_uri is not None and source.fetch_keys is not None:
        return jose.public_keys(source.fetch_keys(client.jwks_uri))
    return ()
