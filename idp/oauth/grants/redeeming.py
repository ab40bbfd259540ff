"""The end of every grant that is redeemed once: through the gate again, then the tokens."""

from typing import Any

from authlib.consts import default_json_headers

from idp.errors import OAuth2Error
from idp.login import gate
from idp.oauth import sender_constraint, targets
from idp.oauth.issuing import issue_tokens
from idp.oauth.request import OAuthRequest
from idp.store import grants
from idp.store.grants import Grant


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
