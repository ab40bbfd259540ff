"""What grants by code and by device share: how long they are kept, and the way through the gate to their tokens."""

from typing import Any

from authlib.consts import default_json_headers

from idp.errors import OAuth2Error
from idp.login import gate
from idp.oauth import sender_constraint, targets
from idp.oauth.issuing import issue_tokens
from idp.oauth.request import OAuthRequest
from idp.realm.client_sections import Client
from idp.realm.schema import Tokens
from idp.store import grants
from idp.store.grants import Grant

# A grant must not be gone before the last token that rests on it.
_SLACK = 60


def kept_for(client: Client, tokens: Tokens, *, redeemable: int) -> int:
    """The seconds after which a new grant is of no more use: it cannot be refreshed, nor its access token be used.

    `redeemable`: the seconds in which its code is good.
    """
    return tokens.refresh_max if "refresh_token" in client.grant_types else redeemable + tokens.access + _SLACK


def redeemed(request: OAuthRequest, grant: Grant, *, grant_type: str) -> tuple[int, dict[str, Any], Any]:
    """The token response for a grant whose code is used up; raises the OAuth2Error, and then the grant has ended."""
    context, client = request.context, request.client.registered
    try:
        sender_constraint.bind(request, grant)
        known = gate.reopen(
            context.tx, context.realm, client=client, grant=grant, scopes=frozenset(grant.scopes), now=context.now
        )
        token = issue_tokens(
            context,
            client=client,
            grant=grant,
            known=known,
            scope=grant.scope,
            grant_type=grant_type,
            cnf=request.cnf,
            target=targets.target_of(request, scopes=grant.scope.split(), grant=grant),
        )
    except OAuth2Error:
        grants.end(context.tx, grant.id, context.now)
        raise
    return 200, token, default_json_headers
