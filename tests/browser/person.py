"""Somebody at Chromium, who sees pages, types, presses buttons, and hears every complaint of the browser."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, Response

from idp.factors import totp
from tests.clock import Clock
from tests.visitor import ADA_SECRET, PASSWORD

PHONE, DESKTOP = (390, 844), (1280, 800)


class Person:
    """One browser context. `complaints` are console errors and warnings, script errors and requests that failed."""

    def __init__(self, context: BrowserContext, clock: Clock) -> None:
        self.context, self.clock = context, clock
        self.secrets = {"ada": ADA_SECRET}
        self.complaints: list[str] = []
        self._refused: set[str] = set()
        context.on("response", self._note_refusal)
        context.on("console", self._note_console)
        context.on("weberror", lambda error: self.complaints.append(f"script error: {error.error}"))
        context.on("requestfailed", self._note_failure)
        self.page: Page = context.new_page()

    def open(self, url: str) -> None:
        self.page.goto(url)

    def see(self, *, width: int, height: int, scheme: Any = "light") -> None:
        """The same page in a window of another size, or in another colour scheme."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.locator(f"input[name={name}]:not([type=hidden], [hidden])").fill(value)

    def submit(self, **fields: str) -> None:
        """Fill the fields and press the first button of the form."""
        self.fill(**fields)
        self.follow(self.page.locator("form button").first.click)

    def click(self, name: str) -> None:
        """Press the button or the link of that name."""
        self.follow(self.page.get_by_role("button", name=name).or_(self.page.get_by_role("link", name=name)).click)

    def follow(self, act: Callable[[], None]) -> None:
        """Do what leads to another page, and wait until that is there."""
        with self.page.expect_navigation():
            act()

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def code(self, username: str) -> str:
        """What the authenticator app shows now."""
        return totp.code_at(self.secrets[username], self.clock())

    def give_password(self, username: str = "alice", password: str = PASSWORD) -> None:
        self.submit(username=username, password=password)

    def enrol(self, username: str = "alice") -> list[str]:
        """Set up the authenticator app of the page, and go on to the recovery codes that come with it."""
        self.secrets[username] = self.page.locator("#totp-secret").inner_text()
        self.submit(code=self.code(username))
        return self.recovery_codes()

    def recovery_codes(self) -> list[str]:
        return self.page.locator("#recovery-codes li").all_inner_texts()

    @property
    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    @property
    def alert(self) -> str:
        return self.page.get_by_role("alert").inner_text()

    @property
    def note(self) -> str:
        """Why something is asked."""
        return self.page.locator(".note").inner_text()

    @property
    def focused(self) -> Locator:
        return self.page.locator(":focus")

    @property
    def address(self) -> str:
        return self.page.url

    def cookies(self) -> set[str]:
        return {cookie.get("name", "") for cookie in self.context.cookies()}

    def close(self) -> None:
        self.context.close()

    def _note_refusal(self, response: Response) -> None:
        if response.status >= 400 and response.request.is_navigation_request():
            self._refused.add(response.url)

    def _note_console(self, message: ConsoleMessage) -> None:
        # Chromium reports the status of an error page as well: that the page came is what was wanted.
        of_the_page = message.text.startswith("Failed to load resource") and message.location["url"] in self._refused
        if message.type in ("error", "warning") and not of_the_page:
            self.complaints.append(f"{message.type}: {message.text}")

    def _note_failure(self, request: Request) -> None:
        # A picture that was still under way when the person went on is nothing to complain about.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"failed: {request.url}: {request.failure}")
