"""An OAuth 2.0 / OpenID Connect server that portals delegate login to."""

__version__ = "0.1.0"
