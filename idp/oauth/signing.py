"""What a client gets signed by this realm, and encrypted to it where it registered that (OpenID Connect Core 16.14)."""

from typing import Any

from idp.errors import InvalidRequestError
from idp.oauth.client_keys import KeySource, public_keys_of
from idp.oauth.request import Context
from idp.realm.algorithms import ContentEncryption, KeyEncryption, SigningAlgorithm
from idp.realm.client_sections import Client
from idp.tokens import jose


def signed(context: Context, claims: dict[str, Any], *, alg: SigningAlgorithm, typ: str) -> str:
    """By the key of the realm that signs now."""
    key = context.keyrings.of(context.realm).signer(alg, context.now)
    return jose.sign(claims, key, alg=alg, typ=typ)


def encrypted(
    source: KeySource,
    token: str,
    client: Client,
    *,
    alg: KeyEncryption | None,
    enc: ContentEncryption,
    issuer: str | None = None,
) -> str:
    """To a key of the client where it asks for that; raises InvalidRequestError where it has none. Never in clear.

    `issuer`: who is named outside of what is encrypted (RFC 7519 section 5.3).
    """
    if alg is None:
        return token
    nested = jose.encrypt(token, public_keys_of(client, source), alg=alg, enc=enc, issuer=issuer)
    if nested is None:
        raise InvalidRequestError(f"The client has no key that {alg} can encrypt to.")
    return nested


def encrypted_id_token(source: KeySource, token: str, client: Client, *, issuer: str | None = None) -> str:
    """An ID token, or what is treated like one, as its client has registered to get it; see `encrypted`."""
    return encrypted(
        source,
        token,
        client,
        alg=client.id_token_encrypted_response_alg,
        enc=client.id_token_encrypted_response_enc,
        issuer=issuer,
    )
