"""A person with a browser that has no JavaScript: keeps cookies, reads pages, fills forms, follows redirects."""

import html
import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from idp.factors import totp
from tests.running import RunningServer

PASSWORD = "correct horse battery staple"
ADA_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@dataclass
class Form:
    """A form as a browser would post it: its address and the fields that it has filled in already."""

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    autocomplete: dict[str, str] = field(default_factory=dict)
    buttons: list[dict[str, str]] = field(default_factory=list)
    options: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.by_id: dict[str, str] = {}
        self.items: dict[str, list[str]] = {}
        self.alert: str | None = None
        self._open: list[tuple[str, str | None, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(a.get("action", ""), options=a.get("data-options", "")))
        elif tag == "input" and self.forms and "name" in a and (a.get("type") != "checkbox" or "checked" in a):
            self.forms[-1].fields[a["name"]] = a.get("value", "")
            self.forms[-1].autocomplete[a["name"]] = a.get("autocomplete", "")
        elif tag == "button" and self.forms:
            self.forms[-1].buttons.append(a)
        elif tag == "a" and "href" in a:
            self.links.append(a["href"])
        if tag not in ("input", "link", "meta", "br", "img", "hr", "path", "rect"):
            self._open.append((tag, a.get("id"), a.get("role") == "alert"))
            if tag == "li" and (owner := next((i for _, i, _ in reversed(self._open[:-1]) if i), None)):
                self.items.setdefault(owner, []).append("")

    def handle_endtag(self, tag: str) -> None:
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index][0] == tag:
                del self._open[index:]
                return

    def handle_data(self, data: str) -> None:
        for _, identifier, is_alert in self._open:
            if identifier:
                self.by_id[identifier] = self.by_id.get(identifier, "") + data
            if is_alert:
                self.alert = (self.alert or "") + data
        if any(tag == "li" for tag, _, _ in self._open):
            owner = next((i for _, i, _ in reversed(self._open) if i), None)
            if owner in self.items:
                self.items[owner][-1] += data


class Page:
    """An answer of the server, as its reader sees it."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.status = response.status_code
        self.location = response.headers.get("location")
        self.html = response.text
        self._reader = _Reader()
        self._reader.feed(self.html)
        self._reader.close()

    @property
    def form(self) -> Form:
        assert self._reader.forms, f"{self.status}: no form on the page: {self.html[:500]}"
        return next(f for f in self._reader.forms if f.fields.keys() & {"transaction", "csrf_token", "key"})

    @property
    def step(self) -> str:
        """Which step of the sign-in the page is; empty when it is none."""
        return next((f.fields["step"] for f in self._reader.forms if "step" in f.fields), "")

    @property
    def passkey_form(self) -> Form:
        """The form that a passkey answers."""
        return next(f for f in self._reader.forms if f.options)

    @property
    def passkey_options(self) -> dict[str, Any]:
        """What the page asks the browser's passkeys for."""
        options: dict[str, Any] = json.loads(self.passkey_form.options)
        return options

    @property
    def alert(self) -> str:
        return " ".join((self._reader.alert or "").split())

    @property
    def totp_secret(self) -> str:
        return self._reader.by_id["totp-secret"]

    @property
    def recovery_codes(self) -> list[str]:
        return [code.strip() for code in self._reader.items["recovery-codes"]]

    @property
    def links(self) -> list[str]:
        return [html.unescape(link) for link in self._reader.links]

    @property
    def text(self) -> str:
        return self.html

    def parameters(self) -> dict[str, str]:
        """What the redirect to the portal carries."""
        assert self.location, f"{self.status}: no redirect: {self.html[:500]}"
        return {name: values[0] for name, values in parse_qs(urlsplit(self.location).query).items()}


class Visitor:
    """Somebody at a browser. `secrets` are the authenticator apps that they have, by user name."""

    def __init__(self, server: RunningServer, *, realm: str = "demo") -> None:
        self.server, self.realm = server, realm
        self.http = server.http(headers={"accept": "text/html"})
        self.secrets = {"ada": ADA_SECRET}
        self.codes: dict[str, list[str]] = {}

    def get(self, url: str, **options: Any) -> Page:
        return self._follow(Page(self.http.get(url, **options)))

    def post(self, url: str, data: dict[str, str], **options: Any) -> Page:
        answer = self.http.post(url, data=data, **options)
        # RFC 9700 section 4.12: by any other a browser may post a password on.
        assert answer.status_code == 303 or "location" not in answer.headers
        return self._follow(Page(answer))

    def submit(self, page: Page, **fields: str) -> Page:
        """Fill the form of the page and press its first button."""
        form = page.form
        return self.post(urljoin(str(page.response.url), form.action), {**form.fields, **fields})

    def answer(self, page: Page, credential: str, **fields: str) -> Page:
        """Post what a passkey says."""
        form = page.passkey_form
        return self.post(
            urljoin(str(page.response.url), form.action), {**form.fields, "credential": credential, **fields}
        )

    def another_way(self, page: Page, factor: str) -> Page:
        """The link of a page that leads to another factor."""
        return self.get(next(link for link in page.links if f"factor={factor}" in link))

    def code(self, username: str) -> str:
        """What the authenticator app shows now."""
        return totp.code_at(self.secrets[username], self.server.clock())

    def sign_in(self, page: Page, username: str = "alice", password: str = PASSWORD) -> Page:
        """Answer every page until the portal is reached, or one is not an ordinary step."""
        for _ in range(8):
            match page.step:
                case "password":
                    page = self.submit(page, username=username, password=password)
                case "totp":
                    page = self.submit(page, code=self.code(username))
                case "totp-enrol":
                    self.secrets[username] = page.totp_secret
                    page = self.submit(page, code=self.code(username))
                case "recovery-codes-new":
                    self.codes[username] = page.recovery_codes
                    page = self.submit(page)
                case _:
                    return page
            if page.alert:
                return page
        return page

    def cookies(self) -> dict[str, str]:
        return {c.name: c.value or "" for c in self.http.cookies.jar}

    def close(self) -> None:
        self.http.close()

    def _follow(self, page: Page) -> Page:
        """Redirects within the server are followed, those to a portal are not."""
        for _ in range(5):
            if page.location is None or not page.location.startswith(self.server.url):
                return page
            page = Page(self.http.get(page.location))
        raise AssertionError("too many redirects")
