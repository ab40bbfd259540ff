"""The authorization endpoint and the forms of the sign-in: requests in, the dispatcher's steps out as responses."""

from collections.abc import Callable
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from idp.errors import InvalidRequestUriError, OAuth2Error, UnknownClientError, UnknownRedirectUriError
from idp.events.catalogue import Event
from idp.events.log import emit
from idp.login.dispatcher import SignIns
from idp.login.request import AuthorizationRequest, RequestOutdated
from idp.login.steps import Arrived, Entered, GoOn, Lost, Page, Refused, Step, ToNewCodes
from idp.oauth.provider import Provider
from idp.oauth.request import OAuthRequest
from idp.realm.account_client import ACCOUNT
from idp.realm.client_sections import Client
from idp.realm.schema import Realm
from idp.web.cookies import CookieJar
from idp.web.origin import is_foreign
from idp.web.pages import Pages
from idp.web.realms import InRealm
from idp.web.sign_in_pages import SignInPages, account_url, forms, way_back

# Addresses that are longer do not get through every proxy.
_LONGEST_ADDRESS = 6000
_LOST_STATUS = {"expired": 400, "unknown-client": 400}  # else 403
_LATER_ELSEWHERE = ("signed-in", "other-tab")


class SignInEndpoints:
    """`/auth` and `/login-actions/authenticate` of every realm."""

    def __init__(self, *, provider: Provider, sign_ins: SignIns, pages: Pages, cookies: CookieJar) -> None:
        self._provider = provider
        self._sign_ins = sign_ins
        self._pages = pages
        self._shown = SignInPages(pages)
        self._cookies = cookies

    def authorize(self, request: Request, at: InRealm) -> Response:
        """GET or POST (OpenID Connect Core section 3.1.2.1)."""
        realm, now = at.realm, at.now
        parameters = request.scope["idp.form" if request.method == "POST" else "idp.query"]
        browser = self._cookies.browser(request, realm.name)
        endpoint = self._provider.authorization(realm, now)
        wire = OAuthRequest(method=request.method, parameters=parameters, headers={})
        self._provider.prepare(realm, wire)
        try:
            wanted = endpoint.validated(wire)
        except UnknownClientError as error:
            return self._refuse(request, realm, "page.unknown-client", why=error)
        except UnknownRedirectUriError as error:
            return self._refuse(request, realm, "page.redirect-uri", client_id=wire.payload.client_id, why=error)
        except InvalidRequestUriError as error:
            return self._refuse(request, realm, "page.request-uri", client_id=wire.payload.client_id, why=error)
        except OAuth2Error as error:
            if not error.redirect_uri:
                return self._refuse(request, realm, "page.bad-request", why=error)
            answer = endpoint.refused(
                wire.payload.data,
                redirect_uri=error.redirect_uri,
                error=error.error,
                description=error.get_error_description(),
            )
            return self._pages.answer(request, realm, answer)
        client = wire.client.registered

        def begin() -> Step:
            step = self._sign_ins.begin(realm, client, wanted, browser, now)
            # A pushed request expires while its page is read: the page can be reloaded for longer.
            is_elsewhere = wanted.is_protected and isinstance(step, Page) and len(step.handle) <= _LONGEST_ADDRESS
            return GoOn(step.handle, step.cookies) if is_elsewhere and isinstance(step, Page) else step

        return self.respond(request, at, begin)

    def begin(self, request: Request, at: InRealm, client: Client, wanted: AuthorizationRequest) -> Response:
        """A sign-in that was asked for in another way than by a browser at `/auth`."""
        browser = self._cookies.browser(request, at.realm.name)

        def begin() -> Step:
            step = self._sign_ins.begin(at.realm, client, wanted, browser, at.now)
            return GoOn(step.handle, step.cookies) if isinstance(step, Page) else step

        return self.respond(request, at, begin)

    def show(self, request: Request, at: InRealm) -> Response:
        """The page of a sign-in under way."""
        query = dict(request.scope["idp.query"])
        browser = self._cookies.browser(request, at.realm.name)
        handle, choice = query.get("transaction", ""), query.get("factor", "")
        if query.get("account") == "another":
            return self.respond(request, at, lambda: self._sign_ins.show_another(at.realm, handle, browser, at.now))
        return self.respond(request, at, lambda: self._sign_ins.show(at.realm, handle, choice, browser, at.now))

    def answer(self, request: Request, at: InRealm) -> Response:
        """A form of a sign-in."""
        if is_foreign(request, at.settings):
            return self._lost(request, at, Lost("forbidden-form"))
        browser = self._cookies.browser(request, at.realm.name)
        pairs = request.scope["idp.form"]
        form = dict(pairs)
        if len(form) != len(pairs):
            return self._refuse(request, at.realm, "page.bad-request")
        return self.respond(request, at, lambda: self._sign_ins.answer(at.realm, form, browser, at.now))

    def _refuse(
        self,
        request: Request,
        realm: Realm,
        page: str,
        *,
        client_id: str | None = None,
        why: OAuth2Error | None = None,
    ) -> Response:
        emit(
            Event.AUTHORIZATION_REFUSED,
            realm=realm.name,
            client_id=client_id,
            error=page.removeprefix("page."),
            description=why.get_error_description() if why else None,
            redirect_uri=getattr(why, "sent", None),
        )
        return self._pages.error(request, realm, page, status=400)

    def respond(self, request: Request, at: InRealm, go_on: Callable[[], Step]) -> Response:
        """The step that the dispatcher comes to, as a response."""
        realm = at.realm
        try:
            step = go_on()
        except RequestOutdated:
            return self._refuse(request, realm, "page.bad-request")
        if isinstance(step, Lost):
            return self._lost(request, at, step)
        if isinstance(step, Refused):
            return self._refused(request, at, step)
        match step:
            case GoOn():
                response: Response = RedirectResponse(f"{forms(at)}?{urlencode({'transaction': step.handle})}", 303)
            case Arrived():
                response = self._pages.answer(request, realm, step.response)
            case ToNewCodes():
                response = RedirectResponse(f"{account_url(at)}/recovery-codes", 303)
            case Entered():
                raise AssertionError("only the account pages are entered")
            case _:
                response = self._shown.page(request, at, step)
        self._cookies.keep(response, realm.name, step.cookies)
        return response

    def _refused(self, request: Request, at: InRealm, refused: Refused) -> Response:
        realm, wanted = at.realm, refused.request
        if wanted.device:
            return self._pages.answer(request, realm, self._provider.refuse_device(realm, wanted, at.now))
        if wanted.client_id == ACCOUNT.client_id:
            return RedirectResponse(account_url(at), 303)
        # The realm file may have changed since the request was validated.
        client = self._provider.server(realm).query_client(wanted.client_id)
        if client is None or not client.check_redirect_uri(wanted.redirect_uri):
            return self._refuse(request, realm, "page.redirect-uri", client_id=wanted.client_id)
        answer = self._provider.authorization(realm, at.now).refused(
            wanted.parameters, redirect_uri=wanted.redirect_uri, error=refused.error
        )
        return self._pages.answer(request, realm, answer)

    def _lost(self, request: Request, at: InRealm, lost: Lost) -> Response:
        again = way_back(at, lost.request)
        label = "next.go-on" if lost.why in _LATER_ELSEWHERE else "next.start-again"
        status = _LOST_STATUS.get(lost.why, 403)
        return self._pages.error(request, at.realm, f"page.{lost.why}", status=status, next_url=again, next_label=label)
