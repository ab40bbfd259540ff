"""The page where somebody enters the code that a device shows (RFC 8628 section 3.3), and says whether it is theirs."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from idp.login.browser import Cookies, fresh_secret
from idp.oauth import device_authorization
from idp.policy.lockout import password_wait
from idp.store import device_codes, guesses
from idp.store.database import Database
from idp.store.device_codes import Device
from idp.tokens.bearer import digest
from idp.tokens.sealing import NotSealedHere, Sealer
from idp.web.cookies import CookieJar
from idp.web.origin import is_foreign
from idp.web.pages import Pages
from idp.web.realms import InRealm
from idp.web.sign_in import SignInEndpoints

_CONFIRMED_WITHIN = 300


class DeviceEndpoints:
    """`/device` of every realm. The answer to the question is bound to the browser that entered the code."""

    def __init__(
        self, *, database: Database, sealer: Sealer, sign_in: SignInEndpoints, pages: Pages, cookies: CookieJar
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._sign_in = sign_in
        self._pages = pages
        self._cookies = cookies

    def show(self, request: Request, at: InRealm) -> Response:
        """The form, with the code of the address in it, or how it ended."""
        query = dict(request.scope["idp.query"])
        if query.get("done") in ("approved", "denied"):
            return self._page(request, at, f"device/{query['done']}.html", {})
        return self._enter(request, at, query.get("user_code", "")[:20])

    def answer(self, request: Request, at: InRealm) -> Response:
        """The code, or the answer to the question whether to go on."""
        if is_foreign(request, at.settings):
            return self._pages.error(request, at.realm, "page.forbidden-form", status=403)
        form = dict(request.scope["idp.form"])
        return self._answered(request, at, form) if "device" in form else self._entered(request, at, form)

    def _entered(self, request: Request, at: InRealm, form: dict[str, str]) -> Response:
        """Guesses are counted per network, and slowed: a code is short, and many may wait at a time."""
        browser, realm = self._cookies.browser(request, at.realm.name), at.realm.name
        user_code = form.get("user_code", "")[:20]
        subject = guesses.device_subject(realm, browser.network)
        with self._database.write() as tx:
            if guesses.count(tx, subject, now=at.now, wait=password_wait) is None:
                return self._enter(request, at, user_code, error="device.slowed", status=429)
        letters = device_authorization.normalized(user_code)
        with self._database.write() as tx:
            device = device_codes.waiting(tx, realm, at.now, user_code=letters) if letters else None
            if device is not None:
                # Only this one: whoever has a device of their own could else guess others' codes for ever.
                guesses.uncount(tx, subject)
        client = at.realm.client(device.client_id) if device else None
        if device is None or client is None:
            return self._enter(request, at, user_code, error="device.unknown", status=400)
        secret = browser.secret or fresh_secret()
        sealed = {"id": device.id, "browser": digest(secret).hex(), "until": at.now + _CONFIRMED_WITHIN}
        context = {
            "device_name": client.name,
            "user_code": f"{letters[:4]}-{letters[4:]}",
            "hidden": {"device": self._sealer.seal_json(sealed, _sealed_for(at))},
        }
        response = self._page(request, at, "device/confirm.html", context)
        self._cookies.keep(response, realm, Cookies(secret=None if browser.secret else secret))
        return response

    def _answered(self, request: Request, at: InRealm, form: dict[str, str]) -> Response:
        device = self._confirmed(request, at, form["device"])
        client = at.realm.client(device.client_id) if device else None
        if device is None or client is None:
            return self._pages.error(request, at.realm, "page.expired", status=400)
        if form.get("action") != "cancel":
            return self._sign_in.begin(request, at, client, device_authorization.request_of(device, at.issuer))
        with self._database.write() as tx:
            device_codes.deny(tx, at.realm.name, device_id=device.id, now=at.now)
        return RedirectResponse(f"{device_authorization.verification_uri(at.issuer)}?done=denied", 303)

    def _confirmed(self, request: Request, at: InRealm, sealed: str) -> Device | None:
        """The device that this browser was asked about, a moment ago."""
        secret = self._cookies.browser(request, at.realm.name).secret
        try:
            asked: Any = self._sealer.open_json(sealed, _sealed_for(at))
        except NotSealedHere:
            return None
        if not secret or asked["browser"] != digest(secret).hex() or asked["until"] <= at.now:
            return None
        with self._database.read() as tx:
            return device_codes.waiting(tx, at.realm.name, at.now, device_id=asked["id"])

    def _enter(
        self, request: Request, at: InRealm, user_code: str, *, error: str | None = None, status: int = 200
    ) -> Response:
        locale = self._pages.locale(request, at.realm)
        said = self._pages.message(at.realm, locale, error) if error else None
        return self._page(request, at, "device/enter.html", {"user_code": user_code, "error": said}, status=status)

    def _page(
        self, request: Request, at: InRealm, template: str, context: dict[str, Any], *, status: int = 200
    ) -> Response:
        action = device_authorization.verification_uri(at.issuer)
        return self._pages.render(
            request,
            at.realm,
            template,
            {"action": action, "hidden": {}, **context},
            locale=self._pages.locale(request, at.realm),
            status=status,
            form_action=action,
        )


def _sealed_for(at: InRealm) -> str:
    return f"device:{at.realm.name}"
