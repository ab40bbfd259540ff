"""Pages: a theme's template with what every page needs, and a policy for what it may load and post."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from idp.events.log import request_id
from idp.login.request import AuthorizationResponse
from idp.oauth.response_modes import address
from idp.realm.schema import Realm
from idp.settings import Settings
from idp.web.cookies import CookieJar
from idp.web.languages import negotiate
from idp.web.themes import BASE, Themes

CHOSEN_LANGUAGE = "kc_locale"


class Pages:
    """Renders the pages of every realm."""

    def __init__(self, themes: Themes, settings: Settings, cookies: CookieJar) -> None:
        self._themes = themes
        self._settings = settings
        self._cookies = cookies
        self._root = urlsplit(settings.public_url).path

    def locale(self, request: Request, realm: Realm | None, ui_locales: str | None = None) -> str:
        """The language of this page."""
        if realm is None:
            accept = request.headers.get("accept-language")
            offered = sorted(self._themes.locales(BASE), key=lambda code: code != "en")
            return negotiate(offered=offered, ui_locales=None, chosen=None, accept_language=accept)
        query = dict(request.scope["idp.query"])
        return negotiate(
            offered=realm.locales,
            ui_locales=ui_locales or query.get("ui_locales"),
            chosen=query.get(CHOSEN_LANGUAGE) or self._cookies.locale(request, realm.name),
            accept_language=request.headers.get("accept-language"),
        )

    def message(self, realm: Realm | None, locale: str, key: str, **values: Any) -> str:
        """A sentence of the realm's theme."""
        return self._themes.message(theme=realm.theme if realm else BASE, locale=locale, key=key, **values)

    def render(
        self,
        request: Request,
        realm: Realm | None,
        template: str,
        context: Mapping[str, Any],
        *,
        locale: str,
        status: int = 200,
        languages: Mapping[str, str] | None = None,
        form_action: str | None = None,
        is_scripted: bool = False,
        frames: Sequence[str] = (),
    ) -> Response:
        """A page. `languages`: the address of it in each language. `form_action`: where its form may lead to.

        `is_scripted`: whether our own scripts may run; no page needs them but for passkeys. `frames`: what it opens in
        frames, with a script that waits for them.
        """
        theme = realm.theme if realm else BASE
        html = self._themes.render(
            theme=theme,
            locale=locale,
            template=template,
            context={
                "realm": _Shown(realm.name, realm.title, realm.support_url) if realm else _NOWHERE,
                "dev": self._settings.dev,
                # By its path alone: a page that another host asked for has its style too.
                "asset": lambda path: self._root + self._themes.asset(theme, path),
                "error": None,
                "reasons": (),
                "languages": [self._language(theme, code, url, locale) for code, url in (languages or {}).items()],
                **context,
            },
        )
        response = HTMLResponse(html, status)
        response.headers["Content-Security-Policy"] = _policy(
            form_action, frames, is_scripted=is_scripted or bool(frames)
        )
        chosen = dict(request.scope["idp.query"]).get(CHOSEN_LANGUAGE)
        if realm is not None and chosen in realm.locales:
            self._cookies.keep_locale(response, realm.name, locale)
        return response

    def error(
        self,
        request: Request,
        realm: Realm | None,
        page: str,
        *,
        status: int,
        next_url: str | None = None,
        next_label: str = "next.start-again",
    ) -> Response:
        """What is wrong, and what to do next. `next_url`: where a sign-in that cannot go on begins anew."""
        locale = self.locale(request, realm)
        context = {
            "status": status,
            "title": self.message(realm, locale, f"{page}.title"),
            "message": self.message(realm, locale, f"{page}.message"),
            "next_url": next_url,
            "next_label": self.message(realm, locale, next_label) if next_url else None,
            "request_id": request_id.get(),
        }
        return self.render(request, realm, "page/error.html", context, locale=locale, status=status)

    def answer(self, request: Request, realm: Realm, response: AuthorizationResponse) -> Response:
        """An authorization response: a redirect, or a form that a script posts and a button does where none runs."""
        if response.mode != "form_post":
            return RedirectResponse(address(response), 303)
        context = {"action": response.redirect_uri, "fields": response.parameters}
        return self.render(
            request,
            realm,
            "page/form-post.html",
            context,
            locale=self.locale(request, realm),
            form_action=response.redirect_uri,
            is_scripted=True,
        )

    def _language(self, theme: str, code: str, url: str, current: str) -> dict[str, Any]:
        name = self._themes.message(theme=theme, locale=code, key="language.name")
        return {"code": code, "name": name, "url": url, "current": code == current}


@dataclass(frozen=True, slots=True)
class _Shown:
    """What templates may know of a realm: it holds secrets, and a template reads whatever it is given."""

    name: str
    title: str
    support: str | None


_NOWHERE = _Shown("", "idp", None)


def _policy(form_action: str | None, frames: Sequence[str], *, is_scripted: bool) -> str:
    """Chromium checks `form-action` on the redirect that follows a form too, so the way back must be in it."""
    sources = "'self'" if form_action is None else f"'self' {_source(form_action)}"
    scripts = "script-src 'self'; " if is_scripted else ""
    framed = f"frame-src {' '.join(map(_frame_source, frames))}; " if frames else ""
    return (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"{scripts}{framed}form-action {sources}; frame-ancestors 'none'; base-uri 'none'"
    )


def _frame_source(url: str) -> str:
    """The registered URI less its query, which CSP does not look at."""
    source, path = _source(url), urlsplit(url).path
    return source if source.endswith(":") else source + path.replace(";", "%3B").replace(",", "%2C")


def _source(url: str) -> str:
    """The origin of a registered URI as CSP writes it; it has no way to write an IPv6 address, only its scheme."""
    parts = urlsplit(url)
    if parts.scheme in ("http", "https") and ":" not in (parts.hostname or ":"):
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"
