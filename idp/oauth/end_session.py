"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0): what a portal asks for, before anything is ended."""

from dataclasses import dataclass

from idp.errors import InvalidGrantError, UnknownClientError, UnknownRedirectUriError
from idp.events.catalogue import Event
from idp.oauth.client_authentication import authenticate
from idp.oauth.id_token_hint import hinted
from idp.oauth.redirect_uris import with_query
from idp.oauth.request import OAuthRequest
from idp.realm.client_sections import Client
from idp.realm.schema import Realm
from idp.store import grants, refresh_tokens, sessions
from idp.store.database import Transaction
from idp.store.sessions import SsoSession


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A validated request. `hinted` is the session of a hint that this realm signed, None where there was no hint.

    Without a hint the person is asked (section 6). `location` is registered for the client, and carries the state.
    """

    client: Client | None
    hinted: str | None
    location: str | None
    ui_locales: str | None


@dataclass(frozen=True, slots=True)
class Frame:
    """A page of a client to be opened when somebody has signed out (Front-Channel Logout section 2)."""

    uri: str
    session_id: str

    def address(self, issuer: str) -> str:
        """With the issuer and the session, which are only told together."""
        return with_query(self.uri, {"iss": issuer, "sid": self.session_id})


def ended(tx: Transaction, realm: Realm, session: SsoSession, *, by: str, now: int) -> tuple[Frame, ...]:
    """End a session, and say which pages the browser is to open then; none when it had ended before."""
    if not sessions.end(tx, session.id, now):
        return ()
    tx.emit(Event.SIGNED_OUT, realm=realm.name, user_id=session.user_id, session_id=session.id, by=by)
    clients = [realm.client(client_id) for client_id in grants.clients_of_session(tx, session.id)]
    return tuple(Frame(c.frontchannel_logout_uri, session.id) for c in clients if c and c.frontchannel_logout_uri)


def by_refresh_token(request: OAuthRequest) -> None:
    """A client signs its person out as Keycloak's clients do: authenticated, with a refresh token of the session.

    Raises an OAuth2Error, for JSON.
    """
    request.refuse_malformed()
    client, context = authenticate(request), request.context
    tx, realm, now = context.tx, context.realm, context.now
    stored = refresh_tokens.find(tx, realm.name, request.form["refresh_token"])
    if stored is None or stored.used or stored.expires_at <= now or stored.client_id != client.client_id:
        raise InvalidGrantError("The refresh token is not good.")
    grant = grants.alive(tx, realm.name, grant_id=stored.grant_id, now=now)
    if grant is None:
        raise InvalidGrantError("The grant of this refresh token has ended.")
    grants.end(tx, grant.id, now)
    if grant.session_id and (session := sessions.to_end_by_id(tx, realm.name, session_id=grant.session_id)):
        ended(tx, realm, session, by=client.client_id, now=now)


def validated(request: OAuthRequest) -> LogoutRequest:
    """Raises InvalidRequestError for a page: with an error nobody is redirected (section 4)."""
    request.refuse_malformed()
    data, context = request.payload.data, request.context
    client_id, hint = data.get("client_id"), None
    if token := data.get("id_token_hint"):
        hint = hinted(
            token,
            realm=context.realm,
            issuer=context.issuer,
            keyrings=context.keyrings,
            client_id=client_id,
            now=context.now,
        )
        client_id = hint["aud"]
    client = context.realm.client(client_id) if client_id else None
    if client_id and client is None:
        raise UnknownClientError
    location = data.get("post_logout_redirect_uri")
    if location is not None:
        if client is None:
            needs = "A post_logout_redirect_uri needs a client_id or an id_token_hint."
            raise UnknownRedirectUriError(needs, sent=location)
        if location not in client.post_logout_redirect_uris:
            wrong = f"The post_logout_redirect_uri is not registered for {client.client_id}."
            raise UnknownRedirectUriError(wrong, sent=location)
        if state := data.get("state"):
            location = with_query(location, {"state": state})
    return LogoutRequest(
        client=client,
        hinted=hint["sid"] if hint else None,
        location=location,
        ui_locales=data.get("ui_locales"),
    )
