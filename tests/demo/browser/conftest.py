"""The same Chromium as that of the server's own pages, at the portals of the demonstration."""

from tests.browser.conftest import browse, chromium, person

__all__ = ["browse", "chromium", "person"]
