"""A visitor who goes wherever redirects lead: to the portals, to the server, and back."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from idp.factors import totp
from tests.visitor import ADA_SECRET, Page, Visitor


class Surfer(Visitor):
    """`steps`: the steps of signing in that were answered, oldest first; `way`: the addresses of the last journey."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self.clock = clock
        self.http = httpx.Client(headers={"accept": "text/html"}, trust_env=False, timeout=20)
        self.secrets = {"ada": ADA_SECRET}
        self.codes: dict[str, list[str]] = {}
        self.steps: list[str] = []
        self.way: list[httpx.URL] = []

    def code(self, username: str) -> str:
        return totp.code_at(self.secrets[username], self.clock())

    def submit(self, page: Page, **fields: str) -> Page:
        self.steps.append(page.step)
        return super().submit(page, **fields)

    def post(self, url: str, data: dict[str, str] | None = None, **options: Any) -> Page:
        parts = urlsplit(url)
        headers = {"Origin": f"{parts.scheme}://{parts.netloc}"}
        return self._follow(Page(self.http.post(url, data=data, headers=headers, **options)))

    def asked(self) -> list[str]:
        """The steps since the last time that this was called."""
        steps, self.steps = self.steps, []
        return steps

    def _follow(self, page: Page) -> Page:
        self.way = [page.response.url]
        while page.location is not None:
            page = Page(self.http.get(urljoin(str(page.response.url), page.location)))
            self.way.append(page.response.url)
            assert len(self.way) < 15, self.way
        return page
