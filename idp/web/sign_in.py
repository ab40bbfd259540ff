"""The authorization endpoint and the forms of the sign-in: requests in, the dispatcher's steps out as responses."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from idp.errors import OAuth2Error, UnknownClientError, UnknownRedirectUriError
from idp.events.catalogue import Event
from idp.events.log import emit
from idp.login.dispatcher import SignIns
from idp.login.request import AuthorizationRequest, RequestOutdated
from idp.login.steps import (
    Arrived,
    BlockedPage,
    CodesLowPage,
    CodesPage,
    EnrolPage,
    GoOn,
    Lost,
    Page,
    PasswordPage,
    Refused,
    Step,
)
from idp.oauth import authorization
from idp.oauth.provider import Provider
from idp.oauth.request import OAuthRequest
from idp.policy.decide import Reason
from idp.realm.schema import Realm
from idp.web.cookies import CookieJar
from idp.web.origin import is_foreign
from idp.web.pages import CHOSEN_LANGUAGE, Pages
from idp.web.qr import qr_svg
from idp.web.realms import InRealm

_LOST_STATUS = {"expired": 400, "other-browser": 403, "forbidden-form": 403, "unknown-client": 400}


class SignInEndpoints:
    """`/auth` and `/login-actions/authenticate` of every realm."""

    def __init__(self, *, provider: Provider, sign_ins: SignIns, pages: Pages, cookies: CookieJar) -> None:
        self._provider = provider
        self._sign_ins = sign_ins
        self._pages = pages
        self._cookies = cookies

    def authorize(self, request: Request, at: InRealm) -> Response:
        """GET or POST (OpenID Connect Core section 3.1.2.1)."""
        realm, now = at.realm, at.now
        parameters = request.scope["idp.form" if request.method == "POST" else "idp.query"]
        browser = self._cookies.browser(request, realm.name)
        server = self._provider.server(realm)
        wire = OAuthRequest(method=request.method, parameters=parameters, headers={})
        try:
            wanted = authorization.validated(server, wire)
        except UnknownClientError:
            return self._refuse(request, realm, "page.unknown-client")
        except UnknownRedirectUriError:
            return self._refuse(request, realm, "page.redirect-uri")
        except OAuth2Error as error:
            if not error.redirect_uri:
                return self._refuse(request, realm, "page.bad-request")
            location = authorization.refusal(
                server,
                wire.payload.data,
                redirect_uri=error.redirect_uri,
                error=error.error,
                description=error.get_error_description(),
            )
            return RedirectResponse(location, 303)
        client = wire.client.registered
        return self._respond(request, at, lambda: self._sign_ins.begin(realm, client, wanted, browser, now))

    def show(self, request: Request, at: InRealm) -> Response:
        """The page of a sign-in under way."""
        query = dict(request.scope["idp.query"])
        browser = self._cookies.browser(request, at.realm.name)
        handle, choice = query.get("transaction", ""), query.get("factor", "")
        return self._respond(request, at, lambda: self._sign_ins.show(at.realm, handle, choice, browser, at.now))

    def answer(self, request: Request, at: InRealm) -> Response:
        """A form of a sign-in."""
        if is_foreign(request, at.settings):
            return self._lost(request, at, Lost("forbidden-form"))
        browser = self._cookies.browser(request, at.realm.name)
        pairs = request.scope["idp.form"]
        form = dict(pairs)
        if len(form) != len(pairs):
            return self._refuse(request, at.realm, "page.bad-request")
        return self._respond(request, at, lambda: self._sign_ins.answer(at.realm, form, browser, at.now))

    def _refuse(self, request: Request, realm: Realm, page: str) -> Response:
        emit(Event.AUTHORIZATION_REFUSED, realm=realm.name, error=page.removeprefix("page."))
        return self._pages.error(request, realm, page, status=400)

    def _respond(self, request: Request, at: InRealm, go_on: Callable[[], Step]) -> Response:
        realm = at.realm
        try:
            step = go_on()
        except RequestOutdated:
            return self._refuse(request, realm, "page.bad-request")
        if isinstance(step, Lost):
            return self._lost(request, at, step)
        if isinstance(step, Refused):
            # The realm file may have changed since the request was validated.
            client = self._provider.server(realm).query_client(step.request.client_id)
            if client is None or not client.check_redirect_uri(step.request.redirect_uri):
                return self._refuse(request, realm, "page.redirect-uri")
            location = authorization.refusal(
                self._provider.server(realm),
                step.request.parameters,
                redirect_uri=step.request.redirect_uri,
                error=step.error,
            )
            return RedirectResponse(location, 303)
        match step:
            case GoOn():
                response: Response = RedirectResponse(f"{_forms(at)}?{urlencode({'transaction': step.handle})}", 303)
            case Arrived():
                response = RedirectResponse(step.location, 303)
            case _:
                response = self._page(request, at, step)
        self._cookies.keep(response, realm.name, step.cookies)
        return response

    def _lost(self, request: Request, at: InRealm, lost: Lost) -> Response:
        again = _begin_again(at, lost.request) if lost.request else None
        return self._pages.error(request, at.realm, f"page.{lost.why}", status=_LOST_STATUS[lost.why], next_url=again)

    def _page(self, request: Request, at: InRealm, page: Page) -> Response:
        realm = at.realm
        locale = self._pages.locale(request, realm, page.request.ui_locales)
        client = realm.client(page.request.client_id)
        client_name = client.name if client else page.request.client_id

        def t(key: str, **values: Any) -> str:
            return self._pages.message(realm, locale, key, **values)

        here = {"transaction": page.handle}
        context: dict[str, Any] = {
            "action": _forms(at),
            "hidden": {"transaction": page.handle, "csrf_token": page.csrf_token, "step": page.name},
            "client_name": client_name,
            "username": page.username,
            "error": _sentence(t, page.error.key, page.error.values) if page.error else None,
            "reasons": [s for r in page.reasons if (s := _reason(t, r, client_name))],
            "alternatives": [
                {"label": t(f"try.{other}"), "url": f"{_forms(at)}?{urlencode({**here, 'factor': other})}"}
                for other in page.others
            ],
        }
        match page:
            case PasswordPage():
                context["username_fixed"] = page.is_fixed
                context["not_you"] = _begin_again(at, page.request, prompt="select_account") if page.is_fixed else None
                if page.is_fixed:
                    context["reasons"] = [t("reason.again", client=client_name)]
            case EnrolPage():
                context |= {
                    "qr": qr_svg(page.uri, title=t("totp-enrol.qr")),
                    "otpauth_uri": page.uri,
                    "secret": page.secret,
                    "issuer": page.issuer,
                    "account": page.account,
                }
                context["reasons"].append(t("reason.enrol"))
            case CodesPage():
                context["codes"] = page.codes
            case CodesLowPage():
                context["left"] = page.left
            case BlockedPage():
                context |= {
                    "title": t(f"blocked.{page.why}.title"),
                    "message": t(f"blocked.{page.why}.message"),
                }
        return self._pages.render(
            request,
            realm,
            f"login/{page.name}.html",
            context,
            locale=locale,
            languages=_languages(at, page),
            form_action=page.request.redirect_uri,
        )


def _forms(at: InRealm) -> str:
    return f"{at.issuer}/login-actions/authenticate"


def _begin_again(at: InRealm, request: AuthorizationRequest, **changed: str) -> str:
    return f"{at.issuer}/protocol/openid-connect/auth?{urlencode({**request.parameters, **changed})}"


def _languages(at: InRealm, page: Page) -> dict[str, str]:
    """The same page in each language: a sign-in that lives in its page begins again, any other goes on."""
    if len(at.realm.locales) < 2:
        return {}
    if isinstance(page, PasswordPage):
        return {code: _begin_again(at, page.request, **{CHOSEN_LANGUAGE: code}) for code in at.realm.locales}
    here = f"{_forms(at)}?{urlencode({'transaction': page.handle})}"
    return {code: f"{here}&{CHOSEN_LANGUAGE}={code}" for code in at.realm.locales}


def _sentence(t: Any, key: str, values: dict[str, Any]) -> str:
    if key == "error.second-factor-wait" and values["seconds"] >= 60:
        return str(t(key, minutes=-(-values["seconds"] // 60)))
    if key == "error.second-factor-wait":
        return str(t("error.second-factor-wait-seconds", **values))
    return str(t(key, **values))


def _reason(t: Any, reason: Reason, client_name: str) -> str:
    required = reason.requirement
    if required.rule is None:
        return str(t("reason.request", client=client_name))
    if required.max_age is not None and reason.age is not None and reason.age > required.max_age:
        age, allowed = duration(t, reason.age), duration(t, required.max_age)
        return str(t("reason.rule-age", rule=required.rule, age=age, max_age=allowed))
    return str(t("reason.rule", rule=required.rule))


def duration(t: Any, seconds: int) -> str:
    """In the largest unit that leaves a number worth reading."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return str(t(f"duration.{unit}", count=seconds // size))
    return str(t("duration.seconds", count=seconds))
