"""The clients' keys, and requests signed with them."""

from datetime import timedelta
from typing import Any

from tests.portal import Portal
from tests.protocol.signer import Signer

OWN = Signer("ES256")
OTHER = Signer("ES256", kid="other")
RSA = Signer("PS256", kid="rsa")
PUBLISHED = Signer("ES256", kid="published")
TYP = "oauth-authz-req+jwt"


def claims(portal: Portal, **changed: Any) -> dict[str, Any]:
    """What a good request object says; None leaves out, a timedelta is counted from now."""
    now = portal.server.clock()
    own = {"iss": portal.client_id, "aud": portal.server.issuer(), "exp": now + 300, "nbf": now}
    said = (portal.request() | own | changed).items()
    at = {name: now + int(v.total_seconds()) if isinstance(v, timedelta) else v for name, v in said}
    return {name: value for name, value in at.items() if value is not None}


def signed(portal: Portal, signer: Signer = OWN, *, header: dict[str, Any] | None = None, **changed: Any) -> str:
    return signer.sign(claims(portal, **changed), **({"typ": TYP} | (header or {})))
