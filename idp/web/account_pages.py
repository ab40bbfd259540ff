"""The account pages: what a template needs to show each of them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from idp.account.account import Account
from idp.login.agents import Agent
from idp.login.steps import Message
from idp.web.authorization_details import ShownDetail, shown_details
from idp.web.pages import CHOSEN_LANGUAGE, Pages
from idp.web.realms import InRealm
from idp.web.sign_in_pages import account_url, codes_shown, scope_in_words


class AccountPages:
    """Renders what there is and what may be changed, in the realm's theme and the person's language."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def section(
        self, request: Request, at: InRealm, account: Account, *, name: str, shown: Any, note: str | None, here: str
    ) -> Response:
        """One of the three pages; `note`: the key of what was just done."""
        told = self._pages.message(at.realm, account.locale, note) if note else None
        context = {"section": name, "shown": shown, "note": told}
        return self._render(request, at, account, template=f"account/{name}.html", context=context, here=here)

    def change(
        self,
        request: Request,
        at: InRealm,
        account: Account,
        *,
        page: str,
        shown: Any,
        here: str,
        back: str,
        csrf_token: str,
        error: Message | None,
        typed: Mapping[str, str],
    ) -> Response:
        """What a change will do, and its form."""
        told = self._pages.message(at.realm, account.locale, error.key, **error.values) if error else None
        context = {
            "shown": shown,
            "action": here,
            "back": back,
            "hidden": {"csrf_token": csrf_token},
            "error": told,
            "typed": typed,
            "alternatives": (),
        }
        return self._render(request, at, account, template=page, context=context, here=here)

    def codes(self, request: Request, at: InRealm, account: Account, *, codes: tuple[str, ...]) -> Response:
        """New recovery codes, on the page that the sign-in has for them."""
        shown = codes_shown(at.realm, account.known.user.username, codes)
        context = {**shown, "action": account_url(at), "back": account_url(at), "hidden": {}}
        template = "account/recovery-codes-new.html"
        return self._render(request, at, account, template=template, context=context, is_scripted=True)

    def over(self, request: Request, at: InRealm, account: Account, *, page: str) -> Response:
        """The session has ended."""
        return self._render(request, at, account, template=page, context={})

    def _render(
        self,
        request: Request,
        at: InRealm,
        account: Account,
        *,
        template: str,
        context: dict[str, Any],
        here: str | None = None,
        is_scripted: bool = False,
    ) -> Response:
        realm, locale = at.realm, account.locale

        def t(key: str, **values: Any) -> str:
            return self._pages.message(realm, locale, key, **values)

        def moment(seconds: int) -> str:
            then = datetime.fromtimestamp(seconds, UTC)
            day = t("date.day", year=then.year, month=f"{then:%m}", day=f"{then:%d}")
            return t("date.moment", day=day, time=f"{then:%H:%M}")

        def device(agent: Agent) -> str:
            if agent.browser and agent.system:
                return t("account.agent", browser=agent.browser, system=agent.system)
            return agent.browser or agent.system or t("account.agent-unknown")

        def detailed(details: tuple[Mapping[str, Any], ...]) -> tuple[ShownDetail, ...]:
            return shown_details(t, realm, details, locale=locale)

        def scope_words(scope: str) -> str:
            return scope_in_words(t, realm, scope, locale)

        codes = realm.locales if here and len(realm.locales) > 1 else ()
        common = {
            "username": account.known.user.username,
            "root": account_url(at),
            "sign_out": f"{at.issuer}/protocol/openid-connect/logout",
            "moment": moment,
            "device": device,
            "detailed": detailed,
            "scope_words": scope_words,
        }
        return self._pages.render(
            request,
            realm,
            template,
            common | context,
            locale=locale,
            languages={code: f"{here}?{CHOSEN_LANGUAGE}={code}" for code in codes},
            is_scripted=is_scripted,
        )
