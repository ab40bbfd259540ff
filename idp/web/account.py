"""The account pages: what people see of their own account, behind the gate of the sign-in."""

from collections.abc import Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from idp.account.account import CONFIRM_WITHIN, Account
from idp.account.applications import applications
from idp.account.devices import devices
from idp.account.security import addable, security
from idp.login.account_notes import told
from idp.login.browser import Browser
from idp.login.dispatcher import SignIns
from idp.login.request import AuthorizationRequest
from idp.login.steps import Entered
from idp.policy.question import Request as Demands
from idp.realm.account_client import ACCOUNT
from idp.store.database import Database
from idp.tokens.sealing import Sealer
from idp.web.account_pages import AccountPages
from idp.web.cookies import CookieJar
from idp.web.pages import Pages
from idp.web.realms import Handler, InRealm
from idp.web.sign_in import SignInEndpoints
from idp.web.sign_in_pages import account_url

SECTIONS: dict[str, str] = {"security": "", "devices": "/devices", "applications": "/applications"}
"""Where each of the pages is, below `/realms/{realm}/account`."""
_SHOWN = {"security": security, "devices": devices, "applications": applications}

Show = Callable[[Account, Browser], Response]


class Entrance:
    """Lets people in to their own account, by way of the sign-in where the policy asks for more."""

    def __init__(
        self, *, sign_ins: SignIns, sign_in: SignInEndpoints, pages: Pages, cookies: CookieJar, sealer: Sealer
    ) -> None:
        self._sealer = sealer
        self.sign_ins = sign_ins
        self.sign_in = sign_in
        self.pages = pages
        self.cookies = cookies

    def enter(self, request: Request, at: InRealm, wanted: AuthorizationRequest, show: Show) -> Response:
        """The page, or the next step of the sign-in that leads back to it."""
        browser = self.cookies.browser(request, at.realm.name)
        step = self.sign_ins.enter(at.realm, wanted, "", browser, at.now)
        if isinstance(step, Entered):
            return show(self.account(request, at, step), browser)
        return self.sign_in.respond(request, at, lambda: step)

    def account(self, request: Request, at: InRealm, entered: Entered) -> Account:
        """Whose it is."""
        locale = self.pages.locale(request, at.realm)
        return Account(at.realm, entered.known, entered.session.id, locale, at.now, self._sealer)

    def not_found(self, request: Request, at: InRealm) -> Response:
        """The same for what somebody else has as for what nobody has."""
        return self.pages.error(request, at.realm, "page.not-found", status=404, next_url=account_url(at))


class AccountEndpoints:
    """`/realms/{realm}/account` and its other two pages, and the way to another factor."""

    def __init__(self, entrance: Entrance, *, database: Database, sealer: Sealer) -> None:
        self._entrance = entrance
        self._database = database
        self._sealer = sealer
        self._shown = AccountPages(entrance.pages)

    def section(self, name: str) -> Handler:
        """One of the pages."""

        def handle(request: Request, at: InRealm) -> Response:
            here = account_url(at) + SECTIONS[name]

            def show(account: Account, browser: Browser) -> Response:
                with self._database.read() as tx:
                    shown = _SHOWN[name](tx, account)
                note = told(self._sealer, browser.session, dict(request.scope["idp.query"]))
                return self._shown.section(request, at, account, name=name, shown=shown, note=note, here=here)

            return self._entrance.enter(request, at, wanted(request, here), show)

        return handle

    def add(self, request: Request, at: InRealm) -> Response:
        """To the steps that set up another factor, and back."""
        factor = request.path_params["factor"]
        here, back = f"{account_url(at)}/add/{quote(factor, safe='')}", account_url(at)

        def lead_on(account: Account, browser: Browser) -> Response:
            if factor not in addable(account):
                return self._entrance.not_found(request, at)
            confirmed = wanted(request, back, confirm=CONFIRM_WITHIN)
            step = self._entrance.sign_ins.enter(at.realm, confirmed, factor, browser, at.now)
            return self._entrance.sign_in.respond(request, at, lambda: step)

        return self._entrance.enter(request, at, wanted(request, here), lead_on)


def wanted(request: Request, back: str, *, confirm: int | None = None, changing: str = "") -> AuthorizationRequest:
    """What the sign-in is asked for. `select_account` comes from its own link for who is somebody else."""
    is_other = ("prompt", "select_account") in request.scope["idp.query"]
    prompt = frozenset({"select_account"} if is_other else ())
    demands = Demands(confirm=confirm, changing=changing, prompt=prompt)
    return AuthorizationRequest(ACCOUNT.client_id, back, demands, {})
