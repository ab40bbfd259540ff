"""RP-initiated logout: at once with a hint that names the session, after a question without one."""

from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from idp.errors import InvalidRequestError, OAuth2Error, UnknownClientError, UnknownRedirectUriError
from idp.events.catalogue import Event
from idp.events.log import emit
from idp.login.browser import Cookies
from idp.oauth import end_session
from idp.oauth.end_session import Frame, LogoutRequest
from idp.oauth.provider import Provider
from idp.oauth.request import OAuthRequest, Pairs
from idp.oauth.server import refusal
from idp.store import people, sessions
from idp.store.database import Database, Transaction
from idp.store.sessions import SsoSession
from idp.tokens.sealing import Sealer
from idp.web.cookies import CookieJar
from idp.web.origin import is_foreign
from idp.web.pages import CHOSEN_LANGUAGE, Pages
from idp.web.realms import InRealm
from idp.web.tokens import as_response, client_request

_CSRF = "sign-out form"
_GO_ON_AFTER = 2
_CARRIED = ("client_id", "post_logout_redirect_uri", "state", "ui_locales")


class LogoutEndpoints:
    """`/logout`, which portals call, and the form of its question."""

    def __init__(
        self, *, database: Database, provider: Provider, sealer: Sealer, pages: Pages, cookies: CookieJar
    ) -> None:
        self._database = database
        self._provider = provider
        self._sealer = sealer
        self._pages = pages
        self._cookies = cookies

    def logout(self, request: Request, at: InRealm) -> Response:
        """GET or POST (RP-Initiated Logout section 2)."""
        parameters = request.scope["idp.form" if request.method == "POST" else "idp.query"]
        if request.method == "POST" and "refresh_token" in dict(parameters):
            return self._by_refresh_token(request, at, parameters)
        frames: tuple[Frame, ...] = ()
        cookie = self._cookies.browser(request, at.realm.name).session
        try:
            with self._database.write() as tx:
                wanted = self._wanted(request, at, tx, parameters)
                mine = self._session(tx, at, cookie)
                # Section 2: whoever has an ID token of another session, be it an older one of this person, may not
                # end this one unasked. A form that another site posts comes without cookies, and has its hint alone.
                if mine is not None and mine.id != wanted.hinted:
                    known = people.by_id(tx, at.realm.name, mine.user_id)
                    username = known.user.username if known else ""
                    return self._ask(request, at, wanted, carried=dict(parameters), username=username, cookie=cookie)
                session = mine or sessions.to_end_by_id(tx, at.realm.name, session_id=wanted.hinted or "")
                if session is not None:
                    by = wanted.client.client_id if wanted.client else "person"
                    frames = end_session.ended(tx, at.realm, session, by=by, now=at.now)
        except InvalidRequestError as error:
            return self._refuse(request, at, error)
        return self._done(request, at, wanted, cookie=cookie, frames=frames, ended=wanted.hinted is not None)

    def confirm(self, request: Request, at: InRealm) -> Response:
        """The answer to the question."""
        parameters = request.scope["idp.form"]
        form = dict(parameters)
        cookie = self._cookies.browser(request, at.realm.name).session
        is_ours = self._sealer.is_mac(form.get("csrf_token", ""), _CSRF, cookie)
        if is_foreign(request, at.settings) or not cookie or not is_ours:
            return self._pages.error(request, at.realm, "page.forbidden-form", status=403)
        frames: tuple[Frame, ...] = ()
        kept = tuple((name, form[name]) for name in _CARRIED if form.get(name))
        try:
            with self._database.write() as tx:
                wanted = self._wanted(request, at, tx, kept)
                session = self._session(tx, at, cookie)
                if session is not None:
                    frames = end_session.ended(tx, at.realm, session, by="person", now=at.now)
        except InvalidRequestError as error:
            return self._refuse(request, at, error)
        return self._done(request, at, wanted, cookie=cookie, frames=frames, ended=True)

    def _refuse(self, request: Request, at: InRealm, error: InvalidRequestError) -> Response:
        """A page from which the person signs out all the same: what is wrong is not theirs to mend."""
        match error:
            case UnknownClientError():
                page = "unknown-client"
            case UnknownRedirectUriError():
                page = "redirect-uri"
            case _:
                page = "bad-request"
        emit(
            Event.LOGOUT_REFUSED,
            realm=at.realm.name,
            error=page,
            description=error.get_error_description(),
            redirect_uri=getattr(error, "sent", None),
        )
        return self._pages.error(
            request,
            at.realm,
            f"page.{page}",
            status=400,
            next_url=f"{at.issuer}/protocol/openid-connect/logout",
            next_label="logout-confirm.go-on",
        )

    def _by_refresh_token(self, request: Request, at: InRealm, parameters: Pairs) -> Response:
        wire = client_request(request, parameters)
        try:
            with self._provider.admitting(at.realm, wire, at.now), self._database.write() as tx:
                wire.context = self._provider.context(at.realm, tx, at.now)
                end_session.by_refresh_token(wire)
        except OAuth2Error as error:
            return as_response(refusal(error))
        return Response(status_code=204)

    def _wanted(self, request: Request, at: InRealm, tx: Transaction, parameters: Pairs) -> LogoutRequest:
        context = self._provider.context(at.realm, tx, at.now)
        wire = OAuthRequest(method=request.method, parameters=parameters, headers={}, context=context)
        return end_session.validated(wire)

    def _session(self, tx: Transaction, at: InRealm, cookie: str) -> SsoSession | None:
        if not cookie:
            return None
        return sessions.to_end(tx, at.realm.name, secret=cookie)

    def _ask(
        self,
        request: Request,
        at: InRealm,
        wanted: LogoutRequest,
        *,
        carried: dict[str, str],
        username: str,
        cookie: str,
    ) -> Response:
        # The answer comes without the hint, which may have been what named the client.
        named = {"client_id": wanted.client.client_id} if wanted.client else {}
        carried = {name: carried[name] for name in _CARRIED if carried.get(name)} | named
        address = f"{at.issuer}/protocol/openid-connect/logout"
        context = {
            "client_name": wanted.client.name if wanted.client else None,
            "username": username,
            "action": f"{address}/logout-confirm",
            "hidden": {**carried, "csrf_token": self._sealer.mac(_CSRF, cookie)},
        }
        languages: dict[str, str] = {
            code: f"{address}?{urlencode({**carried, CHOSEN_LANGUAGE: code})}" for code in at.realm.locales
        }
        return self._pages.render(
            request,
            at.realm,
            "logout/confirm.html",
            context,
            locale=self._pages.locale(request, at.realm, carried.get("ui_locales")),
            languages=languages if len(languages) > 1 else None,
            form_action=wanted.location,
        )

    def _done(
        self,
        request: Request,
        at: InRealm,
        wanted: LogoutRequest,
        *,
        cookie: str,
        frames: Sequence[Frame],
        ended: bool,
    ) -> Response:
        """Back to the portal, by way of a page where clients want to be opened in its frames.

        Nobody is redirected whom neither a hint nor the person sent (section 3).
        """
        if wanted.location and ended and not frames:
            response: Response = RedirectResponse(wanted.location, 303)
        else:
            client = wanted.client
            context = {
                "next_url": wanted.location,
                "client_name": client.name if client else None,
                "frames": [frame.address(at.issuer) for frame in frames],
                "goes_on": ended,
            }
            locale = self._pages.locale(request, at.realm, wanted.ui_locales)
            uris = tuple(frame.uri for frame in frames)
            response = self._pages.render(request, at.realm, "logout/done.html", context, locale=locale, frames=uris)
            if wanted.location and ended:
                # Where no script runs. It begins to count when the frames are there.
                response.headers["Refresh"] = f"{_GO_ON_AFTER}; url={wanted.location}"
        if cookie:
            # A form of another site is posted without cookies: it must not delete those that stayed at home.
            self._cookies.keep(response, at.realm.name, Cookies(secret="", session="", state=""))
        return response
