"""A forgotten password, and the links that people get by mail. What a link does is done by a form, never by a GET."""

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from idp.account.following import Following, Gone
from idp.account.forgotten import FORGOTTEN, Asked, ForgottenPasswords
from idp.account.links import FOLLOW, LASTS, Found
from idp.account.way_back import WaysBack
from idp.login.request import AuthorizationRequest
from idp.login.steps import Message
from idp.web.cookies import CookieJar
from idp.web.origin import is_foreign
from idp.web.pages import CHOSEN_LANGUAGE, Pages
from idp.web.realms import InRealm
from idp.web.sign_in_pages import duration, way_back

Form = dict[str, str]


class LinkEndpoints:
    """`/login-actions/reset-credentials` and `/login-actions/action-token` of every realm."""

    def __init__(
        self,
        *,
        forgotten: ForgottenPasswords,
        following: Following,
        ways_back: WaysBack,
        pages: Pages,
        cookies: CookieJar,
    ) -> None:
        self._forgotten = forgotten
        self._following = following
        self._ways_back = ways_back
        self._pages = pages
        self._cookies = cookies

    def forgotten(self, request: Request, at: InRealm) -> Response:
        """The question who it is."""
        if at.realm.mail is None:
            return self._pages.error(request, at.realm, "page.not-found", status=404)
        return self._ask(request, at, dict(request.scope["idp.query"]).get("transaction", ""))

    def ask(self, request: Request, at: InRealm) -> Response:
        """The answer: one for everybody."""
        if at.realm.mail is None:
            return self._pages.error(request, at.realm, "page.not-found", status=404)
        form = _form(request, at)
        if form is None:
            return self._pages.error(request, at.realm, "page.forbidden-form", status=403)
        handle, identifier = form.get("transaction", ""), form.get("username", "")
        if not identifier.strip():
            return self._ask(request, at, handle, error="error.empty")
        browser = self._cookies.browser(request, at.realm.name)
        came_from = self._forgotten.request_of(at.realm, handle, browser, at.now)
        locale = self._locale(request, at, came_from)
        asked = Asked(identifier=identifier, came_from=came_from, browser=browser, locale=locale, now=at.now)
        self._forgotten.ask(at.realm, asked)
        context = {
            "username": identifier[:255],
            "lasts": duration(self._translator(at, locale), LASTS["reset"]),
            "next_url": way_back(at, came_from),
        }
        return self._pages.render(request, at.realm, "login/reset-sent.html", context, locale=locale)

    def show(self, request: Request, at: InRealm) -> Response:
        """The page of a link, which changes nothing."""
        key = dict(request.scope["idp.query"]).get("key", "")
        found = self._following.look(at.realm, key, at.now)
        return self._gone(request, at) if isinstance(found, Gone) else self._page(request, at, found, key)

    def follow(self, request: Request, at: InRealm) -> Response:
        """The form of that page."""
        form = _form(request, at)
        if form is None:
            return self._pages.error(request, at.realm, "page.forbidden-form", status=403)
        key, now = form.get("key", ""), at.now
        found = self._following.look(at.realm, key, now)
        if isinstance(found, Gone):
            return self._gone(request, at)
        if found.link.purpose == "verify":
            done: Found | Gone | Message = self._following.verify_address(at.realm, found, key=key, now=now)
        else:
            done = self._following.set_password(
                at.realm,
                found,
                key=key,
                password=form.get("password", ""),
                repeated=form.get("repeated", ""),
                locale=self._pages.locale(request, at.realm),
                now=now,
            )
        match done:
            case Gone():
                return self._gone(request, at)
            case Message():
                return self._page(request, at, found, key, error=done)
        return self._done(request, at, done)

    def _ask(self, request: Request, at: InRealm, handle: str, *, error: str | None = None) -> Response:
        browser = self._cookies.browser(request, at.realm.name)
        came_from = self._forgotten.request_of(at.realm, handle, browser, at.now)
        locale = self._locale(request, at, came_from)
        here = f"{at.issuer}{FORGOTTEN}"
        context = {
            "action": here,
            "hidden": {"transaction": handle if came_from else ""},
            "username": "",
            "suggested": came_from.login_hint[:255] if came_from else "",
            "error": self._translator(at, locale)(error) if error else None,
            "back": way_back(at, came_from),
        }
        languages = self._languages(at, here, {"transaction": handle} if came_from else {})
        return self._pages.render(request, at.realm, "login/reset.html", context, locale=locale, languages=languages)

    def _page(self, request: Request, at: InRealm, found: Found, key: str, *, error: Message | None = None) -> Response:
        locale, user, purpose = self._pages.locale(request, at.realm), found.known.user, found.link.purpose
        here = f"{at.issuer}{FOLLOW}"
        context: dict[str, Any] = {
            "action": here,
            "hidden": {"key": key},
            "username": user.username,
            "error": self._translator(at, locale)(error.key, **error.values) if error else None,
        }
        if purpose == "verify":
            template = "login/verify-address.html"
            context["email"] = user.email
        else:
            template = "login/new-password.html"
            context |= {"purpose": purpose, "shortest": self._following.shortest(at.realm, found, at.now)}
        languages = self._languages(at, here, {"key": key})
        return self._pages.render(request, at.realm, template, context, locale=locale, languages=languages)

    def _done(self, request: Request, at: InRealm, done: Found) -> Response:
        browser = self._cookies.browser(request, at.realm.name)
        came_from = self._ways_back.open(at.realm.name, done.link.came_from, browser)
        context = {
            "done": "verify" if done.link.purpose == "verify" else "password",
            "next_url": way_back(at, came_from),
        }
        locale = self._pages.locale(request, at.realm)
        return self._pages.render(request, at.realm, "login/link-done.html", context, locale=locale)

    def _gone(self, request: Request, at: InRealm) -> Response:
        again = f"{at.issuer}{FORGOTTEN}" if at.realm.mail else None
        return self._pages.error(request, at.realm, "page.link-gone", status=400, next_url=again)

    def _locale(self, request: Request, at: InRealm, came_from: AuthorizationRequest | None) -> str:
        return self._pages.locale(request, at.realm, came_from.ui_locales if came_from else None)

    def _translator(self, at: InRealm, locale: str) -> Any:
        return lambda key, **values: self._pages.message(at.realm, locale, key, **values)

    def _languages(self, at: InRealm, here: str, query: dict[str, str]) -> dict[str, str]:
        if len(at.realm.locales) < 2:
            return {}
        return {code: f"{here}?{urlencode({**query, CHOSEN_LANGUAGE: code})}" for code in at.realm.locales}


def _form(request: Request, at: InRealm) -> Form | None:
    """What was posted by a page of ours, each field once."""
    pairs = request.scope["idp.form"]
    form = dict(pairs)
    return None if is_foreign(request, at.settings) or len(form) != len(pairs) else form
