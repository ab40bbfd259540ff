"""Which redirect URIs belong to a sector (OpenID Connect Core section 8.1, Registration section 5)."""

import json
from typing import Any

from idp.outbound.fetch import Fetcher
from idp.realm.client_sections import Client


def unnamed(client: Client, fetcher: Fetcher) -> tuple[str, ...]:
    """The redirect URIs that the list at the client's `sector_identifier_uri` does not name; raises Unreachable.

    Fetches: not to be called inside a transaction.
    """
    if client.sector_identifier_uri is None:
        return ()
    answer = fetcher.get(client.sector_identifier_uri)
    try:
        named: Any = json.loads(answer.body) if answer.status == 200 else None
    except (ValueError, RecursionError):
        named = None
    return tuple(uri for uri in client.redirect_uris if not isinstance(named, list) or uri not in named)
