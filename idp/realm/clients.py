"""What must fit together within one client of the realm file."""

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from idp.realm import fapi
from idp.realm.client_authentication import check_authentication, check_authorities
from idp.realm.client_sections import OF_PEOPLE, Client
from idp.realm.document import Node, Path, Position
from idp.realm.findings import Finding
from idp.realm.mode import Mode
from idp.realm.origins import origin_of
from idp.realm.redirects import CLEAR_TEXT, fetched_weakness, is_clear_text, weakness
from idp.realm.schema import Realm
from idp.realm.signing import check_algorithms
from idp.realm.suggestions import did_you_mean, shortened

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
FOR_CONFIDENTIAL = ("client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange", JWT_BEARER)
# Of their secrets we keep digests only, and a certificate of the realm's authorities is its operator's to give.
NOT_REGISTERED = ("client_secret_jwt", "tls_client_auth")


def check_clients(realm: Realm, root: Node, mode: Mode) -> Iterator[Finding]:
    """Contradictions in the clients; one of which a part was already refused is asked for nothing more."""
    yield from check_authorities(realm)
    yield from _check_resource_servers(realm)
    for index, client in enumerate(realm.clients):
        path: Path = ("clients", index)
        node = root.find(path)
        yield from _check_uris(client, path, mode)
        if node is None or node.lost:
            continue
        yield from _check_client(client, path)
        if client.profile == "fapi2":
            for key, sentence in fapi.missed(client):
                yield Finding((*path, key), f"FAPI 2.0 does not allow this: {sentence}", key=True)
            if realm.tokens.pushed_request >= fapi.PUSHED_REQUEST_ENDS:
                where = ("tokens", "pushed_request")
                yield Finding(where, f"'{client.client_id}' is of the profile fapi2: less than 10m (FAPI 2.0, 5.3.2.2)")
        yield from _check_grants(client, path, node)


def _check_client(client: Client, path: Path) -> Iterator[Finding]:
    if client.is_public:
        yield from _check_public(client, path)
    yield from check_authentication(client, path)
    yield from _check_requests(client, path)
    yield from _check_default_scopes(client, path)
    yield from _check_sector(client, path)
    yield from _check_frame(client, path)


def check_registered(realm: Realm, client: Client, mode: Mode) -> Iterator[Finding]:
    """The same for a client that is in no file, and what the realm lets such clients have."""
    method = client.token_endpoint_auth_method
    if method in NOT_REGISTERED:
        yield Finding(("token_endpoint_auth_method",), f"the method '{method}' is not for clients that register")
    yield from _check_uris(client, (), mode)
    yield from _check_client(client, ())
    yield from check_algorithms(realm, client, ())
    yield from _check_grants(client, (), Node({}, Position(1, 1)))
    for grant_type in client.grant_types:
        if grant_type not in ("authorization_code", "refresh_token"):
            yield Finding(("grant_types",), f"the grant type '{grant_type}' is not for clients that register")
    for scope in client.scopes:
        if scope not in realm.registration.scopes:
            yield Finding(("scope",), f"the scope '{shortened(scope)}' is not for clients that register")
    for acr in client.default_acr_values:
        if acr not in realm.levels:
            yield Finding(("default_acr_values",), f"there is no level '{shortened(acr)}'")


def warn_of_clear_text(realm: Realm, mode: Mode) -> Iterator[Finding]:
    """Addresses that a production server refuses, while only the form is looked at."""
    if mode is Mode.CHECK:
        for index, client in enumerate(realm.clients):
            for where, key, uri in _uris(client):
                if _weakness(key, uri, client) is None and is_clear_text(uri):
                    yield Finding(("clients", index, *where), f"{_named(key, uri)} is http: {CLEAR_TEXT}")


def _check_uris(client: Client, path: Path, mode: Mode) -> Iterator[Finding]:
    for place, key, uri in _uris(client):
        where: Path = (*path, *place)
        if reason := _weakness(key, uri, client):
            yield Finding(where, f"{_named(key, uri)} {reason}")
        elif is_clear_text(uri) and mode is Mode.PRODUCTION:
            yield Finding(where, f"{_named(key, uri)} is http: {CLEAR_TEXT}")


_LISTS = {"redirect_uris": "redirect URI", "post_logout_redirect_uris": "post-logout redirect URI"}
_SINGLE = {
    "backchannel_logout_uri": "back-channel logout URI",
    "frontchannel_logout_uri": "front-channel logout URI",
    "sector_identifier_uri": "sector identifier URI",
    "jwks_uri": "address of the keys",
}


def _uris(client: Client) -> Iterator[tuple[Path, str, str]]:
    """Every address, with its place below the client and its key."""
    for key in _LISTS:
        yield from (((key, place), key, uri) for place, uri in enumerate(getattr(client, key)))
    for key in _SINGLE:
        if (uri := getattr(client, key)) is not None:
            yield (key,), key, uri


def _weakness(key: str, uri: str, client: Client) -> str | None:
    """Why it may not be registered. What is no redirect is fetched or framed."""
    return weakness(uri, public=client.is_public) if key in _LISTS else fetched_weakness(uri)


def _named(key: str, uri: str) -> str:
    return f"the {(_LISTS | _SINGLE)[key]} '{shortened(uri)}'"


def _check_public(client: Client, path: Path) -> Iterator[Finding]:
    none = "a public client (token_endpoint_auth_method: none)"
    for key in ("client_secret", "client_secret_previous"):
        if getattr(client, key) is not None:
            yield Finding((*path, key), f"{none} has no secret: remove '{key}' or the method", key=True)
    for place, grant in enumerate(client.grant_types):
        if grant in FOR_CONFIDENTIAL:
            name = grant.rpartition(":")[2]
            yield Finding((*path, "grant_types", place), f"{none} cannot use {name}: it needs a secret")
    if client.resource_server_for:
        reason = f"{none} cannot introspect: remove 'resource_server_for' or the method"
        yield Finding((*path, "resource_server_for"), reason, key=True)
    if not client.require_pkce:
        yield Finding((*path, "require_pkce"), f"{none} must use PKCE: remove 'require_pkce'", key=True)


def warn_of_unread(realm: Realm) -> Iterator[Finding]:
    """Opaque tokens for an API that nobody is: it could not ask what they say."""
    known = {name for client in realm.enabled_clients.values() for name in client.audiences}
    for index, client in enumerate(realm.clients):
        scopes = [realm.scopes[name] for name in client.scopes if name in realm.scopes]
        apis = dict.fromkeys(api for scope in scopes for api in scope.audience if api not in known)
        if apis and client.access_token_format == "opaque":
            yield Finding(
                ("clients", index, "access_token_format"),
                f"nobody can read the opaque tokens for '{shortened(next(iter(apis)))}': no enabled client has it in "
                "'resource_server_for'",
            )


def _check_resource_servers(realm: Realm) -> Iterator[Finding]:
    """An API is one client's: whoever claimed another's could read and exchange the tokens that are sent there."""
    taken = {client.client_id: "the client_id of a client" for client in realm.clients}
    for index, client in enumerate(realm.clients):
        for place, api in enumerate(client.resource_server_for):
            if api in taken:
                path: Path = ("clients", index, "resource_server_for", place)
                yield Finding(path, f"'{shortened(api)}' is {taken[api]}: an API is one client")
            taken.setdefault(api, f"in 'resource_server_for' of '{client.client_id}' already")


def _check_requests(client: Client, path: Path) -> Iterator[Finding]:
    if client.jwks is not None or client.jwks_uri is not None:
        return
    for key in ("require_signed_request_object", "request_object_signing_alg"):
        if getattr(client, key):
            reason = f"'{key}' needs the client's public keys: add 'jwks' or 'jwks_uri'"
            yield Finding((*path, key), reason, key=True)


def _check_grants(client: Client, path: Path, node: Node) -> Iterator[Finding]:
    grants, grant_node, uri_node = client.grant_types, node.get("grant_types"), node.get("redirect_uris")
    api_node = node.get("resource_server_for")
    if grant_node and grant_node.lost:
        return
    if not grants and not client.resource_server_for and not (api_node and api_node.lost):
        reason = "'grant_types' is empty: name one, or 'resource_server_for' for an API that introspects"
        yield Finding((*path, "grant_types"), reason)
    if "authorization_code" in grants and not client.redirect_uris and not (uri_node and uri_node.lost):
        where: Path = (*path, "redirect_uris") if uri_node else path
        yield Finding(where, f"'{client.client_id}' uses authorization_code and needs 'redirect_uris'")
    if "refresh_token" in grants and not set(grants) & set(OF_PEOPLE):
        place = grants.index("refresh_token")
        yield Finding((*path, "grant_types", place), "'refresh_token' needs 'authorization_code' beside it")


def _check_default_scopes(client: Client, path: Path) -> Iterator[Finding]:
    for place, scope in enumerate(client.default_scopes):
        if scope not in client.scopes:
            reason = f"'{shortened(scope)}' is not in the 'scope' of '{client.client_id}'"
            yield Finding((*path, "default_scopes", place), reason + did_you_mean(scope, client.scopes))


def _check_frame(client: Client, path: Path) -> Iterator[Finding]:
    """Front-Channel Logout section 2: a page of the client itself, which gets `iss` and `sid` from us."""
    key, uri = "frontchannel_logout_uri", client.frontchannel_logout_uri
    if uri is None or _weakness(key, uri, client):
        return
    if any(_weakness("redirect_uris", back, client) for back in client.redirect_uris):
        return
    if origin_of(uri) not in set(map(origin_of, client.redirect_uris)):
        yield Finding((*path, key), f"{_named(key, uri)} has not the scheme, host and port of a redirect URI")
    if "sid" in dict(parse_qsl(urlsplit(uri).query, keep_blank_values=True)):
        yield Finding((*path, key), f"{_named(key, uri)} has the parameter 'sid', which is ours: remove it")


def _check_sector(client: Client, path: Path) -> Iterator[Finding]:
    """OpenID Connect Core section 8.1."""
    if any(_weakness(key, uri, client) for _, key, uri in _uris(client)):
        return  # reported as such, and perhaps without a host to look at
    if client.subject_type == "pairwise" and client.sector is None:
        yield Finding(
            (*path, "subject_type"),
            "a pairwise client needs 'sector_identifier_uri', unless all its redirect URIs have one host",
            key=True,
        )
