"""What browsers call themselves, in a few words that people recognise (RFC 9110 section 10.1.5)."""

import re
from dataclasses import dataclass

# The first that is found names it: most of them also claim to be those that stand further down.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Vivaldi", "Vivaldi"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Firefox", "Firefox"),
    ("Chromium", "Chromium"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_PRODUCT = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,30}(?=[/ ]|$)")


@dataclass(frozen=True, slots=True)
class Agent:
    """A browser or program, and the system that it runs on; empty where nobody can tell."""

    browser: str
    system: str

    @property
    def words(self) -> str:
        """For a letter: names alone, which are the same in every language."""
        return ", ".join(part for part in (self.browser, self.system) if part) or "?"


def named(agent: str) -> Agent:
    """What a User-Agent header says. It is whatever its sender likes: nothing is believed, and nothing is decided."""
    browser = next((name for mark, name in _BROWSERS if f"{mark}/" in agent or f"{mark}A/" in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    if not browser and not agent.startswith("Mozilla/") and (product := _PRODUCT.match(agent)):
        browser = product[0]
    return Agent(browser, system)
