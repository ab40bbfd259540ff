"""What must fit together within one client of the realm file."""

from collections.abc import Iterator

from idp.realm.document import Node, Path
from idp.realm.findings import Finding
from idp.realm.mode import Mode
from idp.realm.redirects import is_clear_text, weakness
from idp.realm.schema import Client, Realm
from idp.realm.suggestions import shortened

CLEAR_TEXT = "use https (http is for this machine, and for development)"


def check_clients(realm: Realm, root: Node, mode: Mode) -> Iterator[Finding]:
    """Contradictions in the clients; one of which a part was already refused is asked for nothing more."""
    for index, client in enumerate(realm.clients):
        path: Path = ("clients", index)
        node = root.find(path)
        yield from _check_uris(client, path, mode)
        if node is None or node.lost:
            continue
        yield from _check_public(client, path) if client.is_public else _check_confidential(client, path)
        yield from _check_grants(client, path, node)


def warn_of_clear_text(realm: Realm, mode: Mode) -> Iterator[Finding]:
    """Addresses that a production server refuses, while only the form is looked at."""
    if mode is Mode.CHECK:
        for index, client in enumerate(realm.clients):
            for key, uris in _uris(client).items():
                for place, uri in enumerate(uris):
                    if weakness(uri, public=client.is_public) is None and is_clear_text(uri):
                        yield Finding(("clients", index, key, place), f"{_named(key, uri)} is http: {CLEAR_TEXT}")


def _check_uris(client: Client, path: Path, mode: Mode) -> Iterator[Finding]:
    for key, uris in _uris(client).items():
        for place, uri in enumerate(uris):
            where: Path = (*path, key, place)
            if reason := weakness(uri, public=client.is_public):
                yield Finding(where, f"{_named(key, uri)} {reason}")
            elif is_clear_text(uri) and mode is Mode.PRODUCTION:
                yield Finding(where, f"{_named(key, uri)} is http: {CLEAR_TEXT}")


def _uris(client: Client) -> dict[str, tuple[str, ...]]:
    return {
        "redirect_uris": client.redirect_uris,
        "post_logout_redirect_uris": client.post_logout_redirect_uris,
    }


def _named(key: str, uri: str) -> str:
    kind = "the redirect URI" if key == "redirect_uris" else "the post-logout redirect URI"
    return f"{kind} '{shortened(uri)}'"


def _check_public(client: Client, path: Path) -> Iterator[Finding]:
    none = "a public client (token_endpoint_auth_method: none)"
    if client.client_secret is not None:
        yield Finding((*path, "client_secret"), f"{none} has no secret: remove 'client_secret' or the method", key=True)
    if "client_credentials" in client.grant_types:
        place = client.grant_types.index("client_credentials")
        yield Finding((*path, "grant_types", place), f"{none} cannot use client_credentials: it needs a secret")
    if not client.require_pkce:
        yield Finding((*path, "require_pkce"), f"{none} must use PKCE: remove 'require_pkce'", key=True)


def _check_confidential(client: Client, path: Path) -> Iterator[Finding]:
    if client.client_secret is None:
        yield Finding(
            path,
            f"the key 'client_secret' is missing in '{client.client_id}': "
            "add it, or `token_endpoint_auth_method: none` for an application that cannot keep one",
        )


def _check_grants(client: Client, path: Path, node: Node) -> Iterator[Finding]:
    grants, grant_node, uri_node = client.grant_types, node.get("grant_types"), node.get("redirect_uris")
    if grant_node and grant_node.lost:
        return
    if "authorization_code" in grants and not client.redirect_uris and not (uri_node and uri_node.lost):
        where: Path = (*path, "redirect_uris") if uri_node else path
        yield Finding(where, f"'{client.client_id}' uses authorization_code and needs 'redirect_uris'")
    if "refresh_token" in grants and "authorization_code" not in grants:
        place = grants.index("refresh_token")
        yield Finding((*path, "grant_types", place), "'refresh_token' needs 'authorization_code' beside it")
