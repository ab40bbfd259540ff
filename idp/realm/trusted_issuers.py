"""What must fit together where somebody else's assertions say who a person is (RFC 7523 section 2.1)."""

from collections.abc import Iterator

from idp.realm.algorithms import CURVES, key_type
from idp.realm.client_authentication import check_key_set
from idp.realm.client_sections import TrustedIssuer
from idp.realm.clients import JWT_BEARER
from idp.realm.document import Node, Path
from idp.realm.findings import Finding
from idp.realm.mode import Mode
from idp.realm.redirects import CLEAR_TEXT, fetched_weakness, is_clear_text
from idp.realm.schema import Realm
from idp.realm.suggestions import shortened


def check_trusted_issuers(realm: Realm, root: Node, mode: Mode) -> Iterator[Finding]:
    """Issuers without keys, clients that cannot use their word, and clients that could and are named by nobody."""
    for index, trusted in enumerate(realm.trusted_issuers):
        path: Path = ("trusted_issuers", index)
        node = root.find(path)
        if node is None or node.lost:
            continue
        yield from _check_keys(trusted, path, mode)
        yield from _check_clients(realm, trusted, path)
    issuers = root.find(("trusted_issuers",))
    if issuers is None or not any(part.lost for _, part in issuers.walk()):
        yield from _check_named(realm)


def _check_keys(trusted: TrustedIssuer, path: Path, mode: Mode) -> Iterator[Finding]:
    yield from check_key_set(trusted, path)
    uri = trusted.jwks_uri
    if uri is not None:
        named = f"the address of the keys '{shortened(uri)}'"
        if reason := fetched_weakness(uri):
            yield Finding((*path, "jwks_uri"), f"{named} {reason}")
        elif is_clear_text(uri) and mode is Mode.PRODUCTION:
            yield Finding((*path, "jwks_uri"), f"{named} is http: {CLEAR_TEXT}")
    elif trusted.jwks is None:
        yield Finding(path, f"the key 'jwks' is missing in '{trusted.issuer}': its assertions need its public keys")
    elif not any(_signs(key.kty, key.crv, key.use, key.alg, by=trusted.signing_alg) for key in trusted.jwks.keys):
        yield Finding((*path, "signing_alg"), f"none of the keys in 'jwks' signs by {trusted.signing_alg}")


def _signs(kty: str, crv: str | None, use: str | None, alg: str | None, *, by: str) -> bool:
    return kty == key_type(by) and crv == CURVES.get(by) and use in (None, "sig") and alg in (None, by)


def _check_clients(realm: Realm, trusted: TrustedIssuer, path: Path) -> Iterator[Finding]:
    grant_types = {client.client_id: client.grant_types for client in realm.clients}
    for place, client_id in enumerate(trusted.clients):
        if JWT_BEARER not in grant_types.get(client_id, (JWT_BEARER,)):
            yield Finding((*path, "clients", place), f"the client '{client_id}' needs the grant type '{JWT_BEARER}'")


def _check_named(realm: Realm) -> Iterator[Finding]:
    named = {client_id for trusted in realm.trusted_issuers for client_id in trusted.clients}
    for index, client in enumerate(realm.clients):
        if JWT_BEARER not in client.grant_types:
            continue
        place: Path = ("clients", index, "grant_types", client.grant_types.index(JWT_BEARER))
        if client.client_id not in named:
            yield Finding(place, f"none of 'trusted_issuers' names '{client.client_id}' among its clients")
        if client.require_consent:
            # Nobody is there to be asked.
            yield Finding(
                ("clients", index, "require_consent"), "jwt-bearer asks nobody: use the one or the other", key=True
            )


def warn_of_unsaid(realm: Realm, mode: Mode) -> Iterator[Finding]:
    """Clients whose defaults ask for a proof: by an assertion they get nothing. Keys that come in clear text."""
    for index, client in enumerate(realm.clients):
        if JWT_BEARER not in client.grant_types:
            continue
        for key in ("default_acr_values", "default_max_age"):
            if getattr(client, key) not in ((), None):
                message = f"'{key}' asks for a proof, and an assertion is none: '{client.client_id}' gets nothing by it"
                yield Finding(("clients", index, key), message, key=True)
    for index, trusted in enumerate(realm.trusted_issuers):
        uri = trusted.jwks_uri
        if mode is Mode.CHECK and uri is not None and is_clear_text(uri):
            where: Path = ("trusted_issuers", index, "jwks_uri")
            yield Finding(where, f"the address of the keys '{shortened(uri)}' is http: {CLEAR_TEXT}")
