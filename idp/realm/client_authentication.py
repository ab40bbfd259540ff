"""What each way of client authentication needs in the realm file, and what would be there for nothing."""

import ipaddress
from collections.abc import Iterator

from cryptography import x509

from idp.realm.algorithms import MAC
from idp.realm.client_sections import Client, JsonWebKey, TrustedIssuer
from idp.realm.document import Path
from idp.realm.findings import Finding
from idp.realm.schema import Realm

# RFC 7518 section 3.2: the key of an HMAC is as long as its hash.
_MAC_KEY = 32
_LEAST_MODULUS = 342  # characters of base64url for 2048 bits
_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_SUBJECTS = (
    *("tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri"),
    *("tls_client_auth_san_ip", "tls_client_auth_san_email"),
)
_BY_KEY = ("private_key_jwt", "self_signed_tls_client_auth")
_BY_SECRET = ("client_secret_basic", "client_secret_post", "client_secret_jwt")


def check_authorities(realm: Realm) -> Iterator[Finding]:
    """Certificates that cannot be read, and none where a client needs one."""
    for place, pem in enumerate(realm.client_certificate_authorities):
        try:
            x509.load_pem_x509_certificate(pem.encode())
        except ValueError:
            yield Finding(("client_certificate_authorities", place), "this is not a certificate in PEM")
    for index, client in enumerate(realm.clients):
        if client.token_endpoint_auth_method == "tls_client_auth" and not realm.client_certificate_authorities:
            yield Finding(
                ("clients", index, "token_endpoint_auth_method"),
                "tls_client_auth needs 'client_certificate_authorities' in the realm: who may issue certificates",
            )


def check_authentication(client: Client, path: Path) -> Iterator[Finding]:
    """What is missing for the client's method, and what belongs to another one."""
    method = client.token_endpoint_auth_method
    yield from _check_secrets(client, path)
    yield from _check_keys(client, path)
    yield from _check_subjects(client, path)
    alg = client.token_endpoint_auth_signing_alg
    if alg is not None:
        if method not in ("client_secret_jwt", "private_key_jwt"):
            yield _for_nothing(path, "token_endpoint_auth_signing_alg", method)
        elif (alg in MAC) != (method == "client_secret_jwt"):
            where = (*path, "token_endpoint_auth_signing_alg")
            yield Finding(
                where, f"{method} does not go with {alg}: a secret signs by HS256 and its like, a key by others"
            )


def _check_secrets(client: Client, path: Path) -> Iterator[Finding]:
    method = client.token_endpoint_auth_method
    if method not in _BY_SECRET:
        if not client.is_public:
            for key in ("client_secret", "client_secret_previous"):
                if getattr(client, key) is not None:
                    yield _for_nothing(path, key, method)
        return
    if client.client_secret is None:
        yield Finding(
            path,
            f"the key 'client_secret' is missing in '{client.client_id}': "
            "add it, or `token_endpoint_auth_method: none` for an application that cannot keep one",
        )
    for key in ("client_secret", "client_secret_previous"):
        secret = getattr(client, key)
        if method == "client_secret_jwt" and secret is not None and len(secret.value) < _MAC_KEY:
            yield Finding((*path, key), f"'{key}' must have at least {_MAC_KEY} characters for client_secret_jwt")


def _check_keys(client: Client, path: Path) -> Iterator[Finding]:
    method = client.token_endpoint_auth_method
    if method in _BY_KEY and client.jwks is None and client.jwks_uri is None:
        yield Finding(
            path, f"the key 'jwks' is missing in '{client.client_id}': {method} needs the client's public keys"
        )
    yield from check_key_set(client, path)


def check_key_set(of: Client | TrustedIssuer, path: Path) -> Iterator[Finding]:
    """Keys in two places, and keys that are none."""
    if of.jwks is not None and of.jwks_uri is not None:
        yield Finding((*path, "jwks_uri"), "keys are in 'jwks' or at 'jwks_uri': remove one of them", key=True)
    for place, key in enumerate(of.jwks.keys if of.jwks else ()):
        if wrong := _wrong_with(key):
            yield Finding((*path, "jwks", "keys", place), wrong)


def _wrong_with(key: JsonWebKey) -> str | None:
    missing = [name for name in _MEMBERS[key.kty] if getattr(key, name) is None]
    if missing:
        return f"a key of the kind {key.kty} needs '{missing[0]}'"
    if key.kty == "RSA" and len(key.n or "") < _LEAST_MODULUS:
        return "an RSA key must have at least 2048 bits"
    if key.crv is not None and (key.kty == "EC") != key.crv.startswith("P-"):
        return f"the curve {key.crv} is none of the kind {key.kty}"
    return None


def _check_subjects(client: Client, path: Path) -> Iterator[Finding]:
    method = client.token_endpoint_auth_method
    given = [key for key in _SUBJECTS if getattr(client, key) is not None]
    if method != "tls_client_auth":
        yield from (_for_nothing(path, key, method) for key in given)
    elif len(given) != 1:
        said = "one of " + ", ".join(f"'{key}'" for key in _SUBJECTS)
        yield Finding(path, f"tls_client_auth needs exactly {said} in '{client.client_id}'")
    elif not _is_readable(client):
        yield Finding((*path, given[0]), f"'{given[0]}' is none")


def _is_readable(client: Client) -> bool:
    try:
        if client.tls_client_auth_subject_dn is not None:
            x509.Name.from_rfc4514_string(client.tls_client_auth_subject_dn)
        if client.tls_client_auth_san_ip is not None:
            ipaddress.ip_address(client.tls_client_auth_san_ip)
    except ValueError:
        return False
    return True


def _for_nothing(path: Path, key: str, method: str) -> Finding:
    return Finding((*path, key), f"'{key}' is for nothing with {method}: remove it, or change the method", key=True)
