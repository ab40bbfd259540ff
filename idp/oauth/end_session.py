"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0): what a portal asks for, before anything is ended."""

from dataclasses import dataclass
from urllib.parse import urlencode

from idp.errors import InvalidRequestError
from idp.oauth.request import OAuthRequest
from idp.oauth.server import RealmServer
from idp.realm.schema import Client
from idp.tokens import claims as token_claims
from idp.tokens import jose


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A validated request. `session_id` and `subject` come from a hint that this realm signed, else they are None.

    Without a hint the person is asked (section 6). `location` is registered for the client, and carries the state.
    """

    client: Client | None
    session_id: str | None
    subject: str | None
    location: str | None


def validated(server: RealmServer, request: OAuthRequest) -> LogoutRequest:
    """Raises InvalidRequestError for a page: with an error nobody is redirected (section 4)."""
    request.refuse_malformed()
    data, context = request.payload.data, request.context
    hint = None
    if token := data.get("id_token_hint"):
        ring = context.keyrings.for_token(context.realm, token)
        try:
            # An expired ID token still says whose session it was (section 2).
            hint = jose.verify(
                token,
                ring.private,
                typ=token_claims.ID_TYP,
                issuer=context.issuer,
                now=context.now,
                ignore_expiry=True,
            )
        except jose.BadToken:
            raise InvalidRequestError("The id_token_hint was not issued here.") from None
    client_id = data.get("client_id") or (hint["aud"] if hint else None)
    if hint and hint["aud"] != client_id:
        raise InvalidRequestError("client_id is not the audience of the id_token_hint.")
    client = server.realm.client(client_id) if client_id else None
    if client_id and client is None:
        raise InvalidRequestError("The client is not registered here.")
    location = data.get("post_logout_redirect_uri")
    if location is not None:
        if client is None or location not in client.post_logout_redirect_uris:
            raise InvalidRequestError("The post_logout_redirect_uri is not registered for this client.")
        if state := data.get("state"):
            location += ("&" if "?" in location else "?") + urlencode({"state": state})
    return LogoutRequest(client, hint["sid"] if hint else None, hint["sub"] if hint else None, location)
