"""The algorithms by which a realm signs, and the clients that ask for another one."""

from collections.abc import Iterator

from idp.realm.client_sections import Client, JsonWebKey
from idp.realm.document import Path
from idp.realm.findings import Finding
from idp.realm.schema import Realm
from idp.realm.suggestions import either

SIGNED = (
    *("id_token_signed_response_alg", "authorization_signed_response_alg"),
    *("userinfo_signed_response_alg", "introspection_signed_response_alg"),
)
ENCRYPTED = ("id_token", "userinfo", "introspection")


def check_signing(realm: Realm) -> Iterator[Finding]:
    """Clients whose tokens nobody could sign or encrypt."""
    algorithms = realm.keys.algorithms
    if "RS256" not in algorithms:
        yield Finding(("keys", "algorithms"), "RS256 must be one of them: every client understands it")
    for index, client in enumerate(realm.clients):
        yield from check_algorithms(realm, client, ("clients", index))


def check_algorithms(realm: Realm, client: Client, path: Path) -> Iterator[Finding]:
    """What the realm does not sign by, and what the client has no key for."""
    algorithms = realm.keys.algorithms
    for key in SIGNED:
        alg = getattr(client, key)
        if alg is not None and alg not in algorithms:
            there = either(algorithms)
            yield Finding((*path, key), f"the realm does not sign by {alg}: add it to 'keys.algorithms' ({there})")
    for what in ENCRYPTED:
        yield from _check_encryption(client, path, f"{what}_encrypted_response")


def _check_encryption(client: Client, path: Path, prefix: str) -> Iterator[Finding]:
    alg = getattr(client, f"{prefix}_alg")
    if alg is None and f"{prefix}_enc" in client.model_fields_set:
        # OpenID Connect Registration section 2. Whoever wants something encrypted must not get it in clear.
        yield Finding((*path, f"{prefix}_enc"), f"'{prefix}_enc' encrypts nothing without '{prefix}_alg'", key=True)
    if alg is None or client.jwks_uri is not None:
        return
    if not any(_takes(key, alg) for key in (client.jwks.keys if client.jwks else ())):
        kind = "RSA" if alg.startswith("RSA") else "EC"
        yield Finding((*path, f"{prefix}_alg"), f"{alg} needs a key of the kind {kind} in 'jwks' that may encrypt")


def _takes(key: JsonWebKey, alg: str) -> bool:
    kind = "RSA" if alg.startswith("RSA") else "EC"
    return key.kty == kind and key.use in (None, "enc") and key.alg in (None, alg)
