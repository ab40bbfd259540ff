"""The account pages as a client of their own server: they go through the same gate as every portal."""

from idp.realm.client_sections import Client
from idp.realm.schema import Realm

ACCOUNT = Client(client_id="account", grant_types=("authorization_code",))
"""It has no redirect URI, so that no authorization request can name it."""


def client_of(realm: Realm, client_id: str) -> Client | None:
    """The enabled client of that identifier, the account pages among them."""
    return ACCOUNT if client_id == ACCOUNT.client_id else realm.client(client_id)
