"""Trusted browsers, forgotten by their owner."""

from collections.abc import Mapping

from idp.account.account import Account, Change, Done, Result
from idp.events.catalogue import Event
from idp.login.agents import Agent, named
from idp.outbound.notices import Notice
from idp.store import trusted_browsers
from idp.store.database import Transaction


class ForgetBrowser(Change):
    """One of them."""

    page, section = "account/forget-browser.html", "security"

    def shown(self, tx: Transaction, account: Account, of: str) -> Agent | None:
        """Which."""
        found = trusted_browsers.by_id(tx, account.known.user.id, browser_id=of)
        return named(found.agent) if found else None

    def apply(self, tx: Transaction, account: Account, of: str, form: Mapping[str, str]) -> Result | None:
        """With the grants that rest on it."""
        user_id = account.known.user.id
        found = trusted_browsers.by_id(tx, user_id, browser_id=of)
        if found is None or not trusted_browsers.forget(tx, user_id, browser_id=of, now=account.now):
            return None
        tx.emit(Event.BROWSER_FORGOTTEN, **account.who, by="owner")
        self.tell(tx, account, Notice.BROWSER_FORGOTTEN, browser=named(found.agent).words)
        return Done("account.done-forgotten")


class ForgetBrowsers(Change):
    """All of them."""

    page, section = "account/forget-browsers.html", "security"

    def shown(self, tx: Transaction, account: Account, of: str) -> int | None:
        """How many."""
        return len(trusted_browsers.listed(tx, account.known.user.id)) or None

    def apply(self, tx: Transaction, account: Account, of: str, form: Mapping[str, str]) -> Result | None:
        """With the grants that rest on them."""
        found = trusted_browsers.listed(tx, account.known.user.id)
        for browser in found:
            trusted_browsers.forget(tx, account.known.user.id, browser_id=browser.id, now=account.now)
            tx.emit(Event.BROWSER_FORGOTTEN, **account.who, by="owner")
        if found:
            self.tell(tx, account, Notice.BROWSERS_FORGOTTEN)
        return Done("account.done-forgotten")
