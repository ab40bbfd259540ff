"""The public keys of somebody: in the realm file, or where they publish them (RFC 7591 section 2)."""

from typing import Protocol

from idp.oauth.request import FetchKeys
from idp.realm.client_sections import Client, TrustedIssuer
from idp.tokens import jose
from idp.tokens.jose import PublicKey


class KeySource(Protocol):
    """Whatever knows the keys at an address, as a request's context does."""

    @property
    def fetch_keys(self) -> FetchKeys | None: ...


def public_keys_of(owner: Client | TrustedIssuer, source: KeySource) -> tuple[PublicKey, ...]:
    """Those that can be used; none where the owner's address has none, or does not answer."""
    if owner.jwks is not None:
        return jose.public_keys(key.model_dump(exclude_none=True) for key in owner.jwks.keys)
    if owner.jwks_uri is not None and source.fetch_keys is not None:
        return jose.public_keys(source.fetch_keys(owner.jwks_uri))
    return ()
