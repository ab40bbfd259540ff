"""The pages on which people change their own account: shown and answered only with a proof that is fresh."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from idp.account.account import CONFIRM_WITHIN, Account, Change, Done, NewCodes, Over, Result
from idp.account.applications import Withdraw, WithdrawParts
from idp.account.browsers import ForgetBrowser, ForgetBrowsers
from idp.account.devices import SignOut, SignOutOthers
from idp.account.factors import Remove, Rename
from idp.account.password import ChangePassword, NewPasswords
from idp.account.recovery_codes import MakeCodes
from idp.login.account_notes import note_of
from idp.login.browser import Browser, Cookies
from idp.login.request import AuthorizationRequest
from idp.login.steps import Entered, Message, Page
from idp.outbound.letters import Letters
from idp.store.database import Database
from idp.tokens.sealing import NotSealedHere, Sealer
from idp.web.account import SECTIONS, Entrance, wanted
from idp.web.account_pages import AccountPages
from idp.web.origin import is_foreign
from idp.web.realms import Handler, InRealm
from idp.web.sign_in_pages import account_url

CHANGES: dict[str, str] = {
    "rename": "/factors/{of}/rename",
    "remove": "/factors/{of}/remove",
    "recovery-codes": "/recovery-codes",
    "password": "/password",
    "forget-browser": "/browsers/{of}/forget",
    "forget-browsers": "/forget-browsers",
    "sign-out": "/sessions/{of}/sign-out",
    "sign-out-others": "/sign-out-others",
    "withdraw": "/applications/{of}/withdraw",
    "withdraw-parts": "/applications/{of}/withdraw-parts",
}
"""Where each change has its page, below `/realms/{realm}/account`."""
_CSRF = "account form"
_TYPED = "typed"
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request for a change: `of` names what it is about, `here` is the address of its page.

    `typed` was typed into its form before more had to be proven; `back` is the address that brings it along, sealed:
    nobody else's link fills a form in.
    """

    request: Request
    at: InRealm
    change: Change
    of: str
    here: str
    browser: Browser
    back: str
    typed: Mapping[str, str]

    @property
    def wanted(self) -> AuthorizationRequest:
        """What must be proven for it."""
        return wanted(self.request, self.back, confirm=CONFIRM_WITHIN, changing=self.change.credential(self.of))


class ChangeEndpoints:
    """A page for each change, and the answer to its form."""

    def __init__(
        self,
        entrance: Entrance,
        *,
        database: Database,
        sealer: Sealer,
        letters: Letters,
        new_passwords: NewPasswords,
    ) -> None:
        self._entrance = entrance
        self._database = database
        self._sealer = sealer
        self._shown = AccountPages(entrance.pages)
        self._changes: dict[str, Change] = {
            "rename": Rename(letters),
            "remove": Remove(letters),
            "recovery-codes": MakeCodes(letters),
            "password": ChangePassword(letters, new_passwords),
            "forget-browser": ForgetBrowser(letters),
            "forget-browsers": ForgetBrowsers(letters),
            "sign-out": SignOut(letters),
            "sign-out-others": SignOutOthers(letters),
            "withdraw": Withdraw(letters),
            "withdraw-parts": WithdrawParts(letters),
        }

    def page(self, name: str) -> Handler:
        """GET and POST."""

        def handle(request: Request, at: InRealm) -> Response:
            of = request.path_params.get("of", "")
            here = account_url(at) + CHANGES[name].replace("{of}", quote(of, safe=""))
            browser = self._entrance.cookies.browser(request, at.realm.name)
            change = self._changes[name]
            pairs = request.scope["idp.form" if request.method == "POST" else "idp.query"]
            typed = self._typed(dict(pairs), change, here, is_form=request.method == "POST")
            back = here
            if typed:
                back = f"{here}?{urlencode({_TYPED: self._sealer.seal_json(typed, _context(here))})}"
            asked = _Asked(request, at, change, of, here, browser, back, typed)
            if request.method == "POST":
                return self._answer(asked)
            return self._entrance.enter(request, at, asked.wanted, lambda account, _: self._ask(asked, account))

        return handle

    def _answer(self, asked: _Asked) -> Response:
        """The form: nothing is done without a proof that is still fresh."""
        request, at, browser = asked.request, asked.at, asked.browser
        pairs = request.scope["idp.form"]
        form = dict(pairs)
        if len(form) != len(pairs):
            return self._refuse(asked, "page.bad-request", 400)
        is_ours = self._sealer.is_mac(form.get("csrf_token", ""), _CSRF, browser.session)
        if is_foreign(request, at.settings) or not browser.session or not is_ours:
            return self._refuse(asked, "page.forbidden-form", 403)
        step = self._entrance.sign_ins.enter(at.realm, asked.wanted, "", browser, at.now)
        if isinstance(step, Page):
            # Not in answer to a form, which reloading would post again.
            return RedirectResponse(asked.back, 303)
        if not isinstance(step, Entered):
            return self._entrance.sign_in.respond(request, at, lambda: step)
        account = self._entrance.account(request, at, step)
        prepared = asked.change.prepare(account, form)
        if isinstance(prepared, Message):
            return self._ask(asked, account, error=prepared)
        return self._apply(asked, prepared)

    def _apply(self, asked: _Asked, prepared: Mapping[str, str]) -> Response:
        """The gate is asked again where nobody else changes the account: of two changes, one may forbid the other."""
        with self._database.write() as tx:
            sign_ins, at = self._entrance.sign_ins, asked.at
            entered = sign_ins.entered(tx, at.realm, asked.wanted, asked.browser, at.now)
            if entered is None:
                return RedirectResponse(asked.back, 303)
            account = self._entrance.account(asked.request, at, entered)
            result = asked.change.apply(tx, account, asked.of, prepared)
        return self._result(asked, account, result)

    def _result(self, asked: _Asked, account: Account, result: Result | None) -> Response:
        request, at = asked.request, asked.at
        match result:
            case None:
                return self._entrance.not_found(request, at)
            case Message():
                return self._ask(asked, account, error=result)
            case NewCodes():
                return self._shown.codes(request, at, account, codes=result.codes)
            case Over():
                response = self._shown.over(request, at, account, page=result.page)
                self._entrance.cookies.keep(response, at.realm.name, Cookies(secret="", session=""))
                return response
            case Done():
                note = note_of(self._sealer, asked.browser.session, result.message)
                return RedirectResponse(f"{_back(asked)}?{urlencode(note)}", 303)

    def _ask(self, asked: _Asked, account: Account, *, error: Message | None = None) -> Response:
        """The page with its form, as long as there is something of that name to change."""
        with self._database.read() as tx:
            shown = asked.change.shown(tx, account, asked.of)
        if shown is None:
            return self._entrance.not_found(asked.request, asked.at)
        return self._shown.change(
            asked.request,
            asked.at,
            account,
            page=asked.change.page,
            shown=shown,
            here=asked.here,
            back=_back(asked),
            csrf_token=self._sealer.mac(_CSRF, asked.browser.session),
            error=error,
            typed=asked.typed,
        )

    def _typed(self, given: dict[str, str], change: Change, here: str, *, is_form: bool) -> dict[str, str]:
        if not is_form:
            try:
                kept = self._sealer.open_json(given.get(_TYPED, ""), _context(here))
            except NotSealedHere:
                return {}
            return {name: value for name, value in kept.items() if name in change.kept}
        return {name: given[name][:_LONGEST] for name in change.kept if name in given}

    def _refuse(self, asked: _Asked, page: str, status: int) -> Response:
        return self._entrance.pages.error(asked.request, asked.at.realm, page, status=status, next_url=asked.here)


def _context(here: str) -> str:
    return f"typed:{here}"


def _back(asked: _Asked) -> str:
    return account_url(asked.at) + SECTIONS[asked.change.section]
