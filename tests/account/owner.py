"""Somebody at their own account, and what the database has of it."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from sqlalchemy import select

from idp.store import people
from idp.store.database import Database
from idp.store.people import Known
from idp.store.tables import consents, credentials, grants, recovery_codes, sessions, trusted_browsers, users
from tests.portal import Portal, Tokens
from tests.running import RunningServer
from tests.visitor import PASSWORD, Page, Visitor

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)


class Owner:
    """A person at a browser, on the account pages."""

    def __init__(self, visitor: Visitor, username: str = "alice", agent: str = FIREFOX) -> None:
        self.visitor, self.username, self.server = visitor, username, visitor.server
        visitor.http.headers["user-agent"] = agent

    def open(self, path: str = "", *, signs_in: bool = True) -> Page:
        """A page of the account, by way of the sign-in where that stands before it."""
        page = self.visitor.get(f"{self.server.issuer()}/account{path}")
        return self.visitor.sign_in(page, self.username) if signs_in else page

    def change(self, path: str, **fields: str) -> Page:
        """Open the page of a change and send its form."""
        return self.visitor.submit(self.open(path), **fields)

    def post(self, page: Page, **options: Any) -> Page:
        """The form of a page as it stands, and the answer to it before any redirect is followed."""
        action = urljoin(str(page.response.url), page.form.action)
        return Page(self.visitor.http.post(action, **{"data": page.form.fields, **options}))

    def add_app(self, label: str) -> str:
        """Set up one more authenticator app; the identifier of it. The clock moves to its next step."""
        before = {f.id for f in self.known().factors}
        page = self.open("/add/totp", signs_in=False)
        if page.step == "password":
            page = self.visitor.submit(page, username=self.username, password=PASSWORD)
        if page.step == "totp":
            page = self.visitor.submit(page, code=self.code())
        assert page.step == "totp-enrol", page.html
        self.visitor.secrets[self.username] = page.totp_secret
        page = self.visitor.submit(page, code=self.code(), label=label)
        if page.step == "recovery-codes-new":
            self.visitor.codes[self.username] = page.recovery_codes
            page = self.visitor.submit(page)
        assert urlsplit(str(page.response.url)).path.endswith("/account"), page.html
        self.server.clock.advance(30)
        (added,) = {f.id for f in self.known().factors} - before
        return added

    def code(self) -> str:
        return self.visitor.code(self.username)

    def known(self) -> Known:
        """What the server knows of them."""
        database = Database(self.server.settings.database)
        with database.read() as tx:
            known = people.by_identifier(tx, "demo", self.username)
        database.close()
        assert known is not None
        return known

    def sign_in(self, portal: Portal, **fields: str) -> Tokens:
        """A new sign-in at a portal with the newest app, and the tokens of it."""
        self.server.clock.advance(30)
        page = portal.send(self.visitor, prompt="login")
        if page.step == "password":
            page = self.visitor.submit(page, username=self.username, password=PASSWORD)
        if page.step == "totp":
            page = self.visitor.submit(page, code=self.code(), **fields)
        return portal.redeem(page.parameters()["code"])


def state(server: RunningServer) -> str:
    """What changes of an account change, of everybody: comparable, and without the times of last use."""
    database = Database(server.settings.database)
    columns = (
        (users.c.id, users.c.password_hash, users.c.epoch),
        (credentials.c.id, credentials.c.label),
        (recovery_codes.c.digest, recovery_codes.c.used_at),
        (trusted_browsers.c.id, trusted_browsers.c.epoch),
        (sessions.c.id, sessions.c.ended_at),
        (grants.c.id, grants.c.ended_at),
        (consents.c.client_id, consents.c.scope),
    )
    with database.read() as tx:
        rows = [sorted(map(str, tx.execute(select(*chosen)))) for chosen in columns]
    database.close()
    return json.dumps(rows)


@dataclass(frozen=True)
class Scene:
    """An account in which everything can be changed: `changes` are the paths of their pages, by name."""

    owner: Owner
    phone: Owner
    billing: Portal
    tokens: Tokens
    changes: dict[str, str]
