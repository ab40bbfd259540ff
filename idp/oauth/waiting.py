"""Whose waiting requests are counted together: what is kept for whoever asks must not fill the database."""

from idp.oauth.request import OAuthRequest
from idp.realm.client_sections import Client

# Of a client that proves itself, and of a network: a company may stand behind one address.
_MOST_OF_CLIENT = 1000
_MOST_OF_NETWORK = 200


def asked_by(request: OAuthRequest, client: Client) -> tuple[str, int]:
    """Who asks, and how many of their requests may wait at a time.

    Anybody can say that they are a public client. Counted by client, a stranger could shut it for everybody.
    """
    if client.is_public:
        return f"network:{request.network}", _MOST_OF_NETWORK
    return f"client:{client.client_id}", _MOST_OF_CLIENT
