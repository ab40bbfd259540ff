"""`idp check --fetch`: whether the sectors of pairwise clients name their redirect URIs (Registration section 5)."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from idp.addresses import Network
from idp.oauth.sectors import unnamed
from idp.outbound.fetch import Fetcher, Unreachable
from idp.realm.client_sections import Client
from idp.realm.findings import Finding
from idp.realm.loading import Examination, Problem


def unnamed_redirects(examined: Mapping[Path, Examination], reachable: tuple[Network, ...]) -> Iterator[Problem]:
    """A problem for each `sector_identifier_uri` that cannot be fetched, or does not name every redirect URI."""
    fetcher = Fetcher(reachable=reachable)
    try:
        for path, found in examined.items():
            for index, client in enumerate(found.realm.clients if found.realm else ()):
                if message := _wrong_with(client, fetcher):
                    finding = Finding(("clients", index, "sector_identifier_uri"), message)
                    yield from found.placed(str(path), (finding,))
    finally:
        fetcher.close()


def _wrong_with(client: Client, fetcher: Fetcher) -> str | None:
    try:
        missing = unnamed(client, fetcher)
    except Unreachable:
        return "this address cannot be fetched (private ones are, with --reachable-network)"
    return f"the list at this address does not name {', '.join(missing)}" if missing else None
