"""What browsers call themselves, in a few words."""

import pytest

from idp.login.agents import Agent, named
from tests.account.owner import FIREFOX, IPHONE

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "browser", "system"),
    [
        (FIREFOX, "Firefox", "Windows"),
        (IPHONE, "Safari", "iPhone"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {_WEBKIT} Chrome/140.0.0.0 Safari/537.36", "Chrome", "Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0) {_WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0", "Edge", "Windows"),
        (f"Mozilla/5.0 (Linux; Android 15) {_WEBKIT} Chrome/140.0 Mobile Safari/537.36 EdgA/1", "Edge", "Android"),
        (f"Mozilla/5.0 (Linux; Android) {_WEBKIT} SamsungBrowser/28 Safari/5", "Samsung Internet", "Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) AppleWebKit/6 (KHTML) CriOS/140.0 Safari/6", "Chrome", "iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/6 Version/18 Safari/6", "Safari", "macOS"),
        ("curl/8.5.0", "curl", ""),
        ("Mozilla/5.0 (compatible)", "", ""),
        ("", "", ""),
        ("<script>alert(1)</script>", "", ""),
        ("Evil\r\nSet-Cookie: a=b", "", ""),
    ],
)  # fmt: skip
def test_a_browser_is_named(agent: str, browser: str, system: str) -> None:
    assert named(agent) == Agent(browser, system)
