"""What a client may say of itself when it registers (RFC 7591 section 2): checked as the realm file's clients are."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from idp.errors import (
    InvalidClientMetadataError,
    InvalidRedirectURIError,
    InvalidSoftwareStatementError,
    UnapprovedSoftwareStatementError,
)
from idp.oauth.client_authentication import BY_SECRET
from idp.oauth.sectors import unnamed
from idp.outbound.fetch import Fetcher, Unreachable
from idp.realm.client_sections import Client, JsonWebKey
from idp.realm.clients import check_registered
from idp.realm.mode import Mode
from idp.realm.redirects import DANGEROUS, SCHEME
from idp.realm.schema import Realm
from idp.realm.secrets import StoredSecret
from idp.realm.signing import ENCRYPTED
from idp.tokens import software_statements
from idp.tokens.jose import BadToken

_ENCRYPTED = tuple(f"{what}_encrypted_response" for what in ENCRYPTED)
# The keys of a client that its owner decides about. Whatever else is sent is ignored (RFC 7591 section 2).
REGISTRABLE = (
    *("client_name", "redirect_uris", "post_logout_redirect_uris", "grant_types", "scope"),
    *("token_endpoint_auth_method", "token_endpoint_auth_signing_alg", "jwks", "jwks_uri"),
    *("subject_type", "sector_identifier_uri", "default_acr_values", "default_max_age"),
    *(
        "response_modes",
        "require_pushed_authorization_requests",
        "require_signed_request_object",
        "request_object_signing_alg",
    ),
    *("dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens"),
    *(f"{what}_signed_response_alg" for what in ("id_token", "userinfo", "introspection", "authorization")),
    *(f"{what}_{part}" for what in _ENCRYPTED for part in ("alg", "enc")),
    *("backchannel_logout_uri", "backchannel_logout_session_required"),
    *("frontchannel_logout_uri", "frontchannel_logout_session_required"),
)
# RFC 7518 sections 6.2.2, 6.3.2, 6.4.
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_STATEMENT = "software_statement"
# RFC 6749 section 5.2: a description has no other characters, and a finding may repeat what the client wrote.
_UNSENDABLE = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")
_UNSET_SECRET = StoredSecret("", b"")


def client_from(client_id: str, registered: Mapping[str, Any], secret_digest: bytes | None) -> Client:
    """A registered client. People are always asked whether they trust it. Raises ValidationError."""
    known = {key: value for key, value in registered.items() if key in REGISTRABLE}
    if "jwks" in known:
        known["jwks"] = _understood(known["jwks"])
    client = Client.model_validate(_frozen({**known, "client_id": client_id, "require_consent": True}))
    if not has_secret(client.token_endpoint_auth_method):
        return client
    secret = _UNSET_SECRET if secret_digest is None else StoredSecret("", secret_digest)
    return client.model_copy(update={"client_secret": secret})


def has_secret(method: str) -> bool:
    """Whether a client of this method is given a secret. We keep its digest, by which no signature can be checked."""
    return method in BY_SECRET


def _frozen(value: Any) -> Any:
    """JSON as the models have it: their lists are tuples."""
    if isinstance(value, dict):
        return {name: _frozen(each) for name, each in value.items()}
    return tuple(_frozen(each) for each in value) if isinstance(value, list) else value


def _understood(jwks: Any) -> Any:
    """A key set without what we do not know (RFC 7517 section 4). What is private stays, to be refused."""
    if not isinstance(jwks, dict) or not isinstance(jwks.get("keys"), list):
        return jwks
    names = (*JsonWebKey.model_fields, *_PRIVATE)
    keys = [{n: key[n] for n in names if n in key} if isinstance(key, dict) else key for key in jwks["keys"]]
    return {"keys": keys}


def is_fit(realm: Realm, client: Client, mode: Mode) -> bool:
    """Whether a client that was registered once could be registered today."""
    return next(check_registered(realm, client, mode), None) is None


def checked(
    body: Mapping[str, Any], *, client_id: str, realm: Realm, mode: Mode, fetcher: Fetcher, now: int
) -> dict[str, Any]:
    """The metadata to be registered, with the server's defaults; raises the OAuth error for what cannot be.

    Fetches the `sector_identifier_uri`: not to be called inside a transaction.
    """
    wanted = _with_statement({key: value for key, value in body.items() if value is not None}, realm, now)
    _refuse_dangerous(wanted)
    if not isinstance(types := wanted.get("response_types", ["code"]), list) or types != ["code"]:
        raise InvalidClientMetadataError("The response type code is the only one offered.")
    try:
        client = client_from(client_id, wanted, None)
    except ValidationError as error:
        raise _refused_key(str(error.errors()[0]["loc"][0])) from None
    if not client.name.isprintable():
        raise _refused_key("client_name")
    for finding in check_registered(realm, client, mode):
        raise _error_of(str(finding.path[0]) if finding.path else "")(f"{_UNSENDABLE.sub('?', finding.message)}.")
    _check_sector(client, fetcher)
    unused = {f"{what}_enc" for what in _ENCRYPTED if getattr(client, f"{what}_alg") is None}
    registered = client.model_dump(mode="json", include=set(REGISTRABLE) - unused, exclude_none=True)
    return registered | ({_STATEMENT: wanted[_STATEMENT]} if _STATEMENT in wanted else {})


def _with_statement(wanted: dict[str, Any], realm: Realm, now: int) -> dict[str, Any]:
    """What a believed statement says counts before what the client says (RFC 7591 section 3.1.1)."""
    statement = wanted.get(_STATEMENT)
    if statement is None:
        return wanted
    believed = {known.issuer: known.keys for known in realm.registration.software_statements}
    try:
        issuer = software_statements.issuer_of(statement)
        if issuer not in believed:
            raise UnapprovedSoftwareStatementError
        claims = software_statements.verified(statement, believed[issuer], now=now)
    except BadToken:
        raise InvalidSoftwareStatementError from None
    return wanted | {key: value for key, value in claims.items() if key in REGISTRABLE}


def _refuse_dangerous(wanted: Mapping[str, Any]) -> None:
    """Also in addresses that we do not use: somebody may, one day."""
    for key, value in wanted.items():
        if key.endswith(("_uri", "_uris")):
            # One that is empty is none: many a program sends all keys that it knows.
            for uri in value if isinstance(value, list) else [value] if value != "" else []:
                scheme = SCHEME.match(uri.strip()) if isinstance(uri, str) else None
                if scheme is None or scheme[1].lower() in DANGEROUS or not uri.isprintable():
                    raise _refused_key(key)


def _check_sector(client: Client, fetcher: Fetcher) -> None:
    """OpenID Connect Registration section 5: the list of the sector names every redirect URI of the client."""
    try:
        is_named = not unnamed(client, fetcher)
    except Unreachable:
        is_named = False
    if not is_named:
        raise InvalidClientMetadataError("The sector_identifier_uri does not name every redirect URI.")


def _refused_key(key: str) -> InvalidClientMetadataError | InvalidRedirectURIError:
    """Without the value, and without a key that nobody defined: both may be anything."""
    named = key if key in REGISTRABLE else "a key"
    return _error_of(key)(f"The value of {named} is not one that it may have.")


def _error_of(key: str) -> type[InvalidClientMetadataError | InvalidRedirectURIError]:
    return InvalidRedirectURIError if key == "redirect_uris" else InvalidClientMetadataError
