"""The pages of a sign-in: what a template needs to show each of them."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from idp.account.forgotten import FORGOTTEN
from idp.login.request import AuthorizationRequest, AuthorizationResponse
from idp.login.steps import (
    BlockedPage,
    ChoicePage,
    CodesLowPage,
    CodesPage,
    ConsentPage,
    EnrolPage,
    InvitationPage,
    Page,
    PasskeyPage,
    PasswordPage,
)
from idp.oauth.response_modes import address
from idp.policy.decide import Reason
from idp.policy.invitations import Invitation
from idp.realm.account_client import ACCOUNT
from idp.realm.references import STANDARD_SCOPES
from idp.realm.schema import Realm
from idp.realm.words import said
from idp.web.authorization_details import shown_details
from idp.web.pages import CHOSEN_LANGUAGE, Pages
from idp.web.qr import qr_svg
from idp.web.realms import InRealm


class SignInPages:
    """Renders what the dispatcher asks for."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def page(self, request: Request, at: InRealm, page: Page) -> Response:
        """The page in the realm's theme, in the person's language."""
        realm = at.realm
        locale = self._pages.locale(request, realm, page.request.ui_locales)
        client = realm.client(page.request.client_id)

        def t(key: str, **values: Any) -> str:
            return self._pages.message(realm, locale, key, **values)

        is_account = page.request.client_id == ACCOUNT.client_id
        client_name = t("account.name") if is_account else client.name if client else page.request.client_id
        here = {"transaction": page.handle}
        context: dict[str, Any] = {
            "action": forms(at),
            "hidden": {"transaction": page.handle, "csrf_token": page.csrf_token, "step": page.name, "locale": locale},
            "client_name": client_name,
            "username": page.username,
            "error": _sentence(t, page.error.key, page.error.values) if page.error else None,
            "reasons": [*dict.fromkeys(_reason(t, r, client_name) for r in page.reasons), *_to_set_up(t, page)],
            "alternatives": [
                {"label": t(f"try.{other}"), "url": f"{forms(at)}?{urlencode({**here, 'factor': other})}"}
                for other in page.others
            ],
            "typed": page.typed,
            "trust": duration(t, page.trust) if page.trust else None,
        }
        context |= _asked(t, at, page, locale) if isinstance(page, ConsentPage) else _own(t, at, page, client_name)
        return self._pages.render(
            request,
            realm,
            f"login/{page.name}.html",
            context,
            locale=locale,
            languages=_languages(at, page),
            form_action=page.request.redirect_uri,
            is_scripted=bool(context.get("passkey")) or isinstance(page, CodesPage),
        )


def forms(at: InRealm) -> str:
    """Where the forms of a sign-in are posted, and its pages shown."""
    return f"{at.issuer}/login-actions/authenticate"


def account_url(at: InRealm) -> str:
    """The account pages."""
    return f"{at.issuer}/account"


def forgotten_url(at: InRealm, handle: str) -> str | None:
    """Where somebody goes who does not know their password; None where no letter can reach them."""
    return f"{at.issuer}{FORGOTTEN}?{urlencode({'transaction': handle})}" if at.realm.mail else None


def begin_again(at: InRealm, request: AuthorizationRequest, **changed: str) -> str:
    """Where the same sign-in begins anew."""
    if request.client_id == ACCOUNT.client_id:
        return address(AuthorizationResponse(request.redirect_uri, changed))
    return f"{at.issuer}/protocol/openid-connect/auth?{urlencode({**request.parameters, **changed})}"


def way_back(at: InRealm, request: AuthorizationRequest | None) -> str | None:
    """`begin_again`, where there is a request whose parameters may stand in an address."""
    return begin_again(at, request) if request and not request.is_protected else None


def _own(t: Any, at: InRealm, page: Page, client_name: str) -> dict[str, Any]:
    """What only this kind of page shows."""
    match page:
        case PasswordPage():
            own: dict[str, Any] = {
                "username_fixed": page.is_fixed,
                "not_you": None,
                "passkey": _for_script(page.passkey),
                "forgotten": forgotten_url(at, page.handle),
            }
            if page.is_fixed:
                own["not_you"] = _not_you(at, page)
            if page.is_fixed and page.request.client_id != ACCOUNT.client_id:
                own["reasons"] = [t("reason.again", client=client_name)]
            return own
        case EnrolPage():
            drawn = qr_svg(page.uri, title=t("totp-enrol.qr"))
            shown = {"secret": page.secret, "issuer": page.issuer, "account": page.account}
            return {"qr": drawn, "otpauth_uri": page.uri, **shown}
        case PasskeyPage():
            return {"passkey": _for_script(page.options)}
        case CodesPage():
            return codes_shown(at.realm, page.username, page.codes)
        case InvitationPage():
            return _invitation(t, page.invitation)
        case CodesLowPage():
            return {"left": page.left}
        case BlockedPage():
            return {"title": t(f"blocked.{page.why}.title"), "message": t(f"blocked.{page.why}.message")}
        case _:
            return {f.name: getattr(page, f.name) for f in fields(page)[len(fields(Page)) :]}


def _asked(t: Any, at: InRealm, page: ConsentPage, locale: str) -> dict[str, Any]:
    """Who asks for what, and for how long (RFC 9396 section 10: people allow what they see, so they see all of it)."""
    realm, client, asked = at.realm, at.realm.client(page.request.client_id), page.asked
    is_offline = client is not None and client.outlives_sessions and "offline_access" in asked.scopes
    lasts = ("offline", realm.tokens.refresh_max) if is_offline else ("session", realm.sessions.max)
    return {
        "scopes": [scope_in_words(t, realm, scope, locale) for scope in asked.scopes],
        "details": shown_details(t, realm, asked.details, locale=locale),
        "lasts": t(f"consent.lasts-{lasts[0]}", duration=duration(t, lasts[1])),
    }


def codes_shown(realm: Realm, username: str, codes: tuple[str, ...]) -> dict[str, Any]:
    """New recovery codes, on the page and on a sheet to be kept."""
    sheet = "\n".join([f"{realm.title}: {username}", "", *codes, ""])
    return {"codes": codes, "sheet": f"data:text/plain;charset=utf-8,{quote(sheet)}"}


def _to_set_up(t: Any, page: Page) -> list[str]:
    """Why something is set up first, where a rule and not the person wants it."""
    is_set_up = isinstance(page, ChoicePage) or page.name.endswith("-enrol")
    return [t("reason.enrol-another" if page.is_equipped else "reason.enrol")] if is_set_up and page.reasons else []


def _for_script(options: Mapping[str, Any] | None) -> str | None:
    return json.dumps(options) if options else None


def _not_you(at: InRealm, page: Page) -> str:
    if page.request.is_protected:
        return f"{forms(at)}?{urlencode({'transaction': page.handle, 'account': 'another'})}"
    return begin_again(at, page.request, prompt="select_account")


def _languages(at: InRealm, page: Page) -> dict[str, str]:
    """The same page in each language: a sign-in that lives in its page begins again, any other goes on."""
    if len(at.realm.locales) < 2:
        return {}
    if isinstance(page, PasswordPage) and not page.request.is_protected:
        return {code: begin_again(at, page.request, **{CHOSEN_LANGUAGE: code}) for code in at.realm.locales}
    here = f"{forms(at)}?{urlencode({'transaction': page.handle, 'factor': page.name})}"
    return {code: f"{here}&{CHOSEN_LANGUAGE}={code}" for code in at.realm.locales}


def _sentence(t: Any, key: str, values: dict[str, Any]) -> str:
    if key == "error.second-factor-wait" and values["seconds"] >= 60:
        return str(t(key, minutes=-(-values["seconds"] // 60)))
    if key == "error.second-factor-wait":
        return str(t("error.second-factor-wait-seconds", **values))
    return str(t(key, **values))


def _reason(t: Any, reason: Reason, client_name: str) -> str:
    required = reason.requirement
    if required.source == "encourage":
        return str(t("reason.encourage"))
    if required.source == "account":
        key = "reason.account" if reason.age is None else "reason.account-age"
        return str(t(key, age=duration(t, reason.age or 0)))
    if required.rule is None:
        return str(t("reason.request", client=client_name))
    if required.max_age is not None and reason.age is not None and reason.age > required.max_age:
        age, allowed = duration(t, reason.age), duration(t, required.max_age)
        return str(t("reason.rule-age", rule=required.rule, age=age, max_age=allowed))
    return str(t("reason.rule", rule=required.rule))


def _invitation(t: Any, invitation: Invitation) -> dict[str, Any]:
    since, left = invitation.since, invitation.snoozes_left
    return {
        "since": t("invitation.since", day=_day(t, since)) if since is not None else None,
        "snoozes": t("invitation.snoozes", count=left) if left is not None else None,
    }


def scope_in_words(t: Any, realm: Realm, scope: str, locale: str) -> str:
    """What a scope allows, in words: the administrator's own, or ours for the standard ones."""
    if scope in realm.scopes:
        return said(realm.scopes[scope].description, locale) or scope
    # One that the realm no longer has may still be in a grant.
    return str(t(f"scope.{scope}")) if scope in STANDARD_SCOPES else scope


def _day(t: Any, seconds: int) -> str:
    day = datetime.fromtimestamp(seconds, UTC)
    return str(t("date.day", year=day.year, month=f"{day:%m}", day=f"{day:%d}"))


def duration(t: Any, seconds: int) -> str:
    """In the largest unit that leaves a number worth reading."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return str(t(f"duration.{unit}", count=seconds // size))
    return str(t("duration.seconds", count=seconds))
