"""Every address of the server, on one page. Those of a realm are laid out as Keycloak lays them out."""

from starlette.routing import Route

from idp.web.health import HealthEndpoints
from idp.web.logout import LogoutEndpoints
from idp.web.metadata import MetadataEndpoints
from idp.web.realms import Handling
from idp.web.resources import resources
from idp.web.sign_in import SignInEndpoints
from idp.web.themes import Themes
from idp.web.tokens import TokenEndpoints


def routes(
    *,
    handling: Handling,
    sign_in: SignInEndpoints,
    tokens: TokenEndpoints,
    metadata: MetadataEndpoints,
    logout: LogoutEndpoints,
    health: HealthEndpoints,
    themes: Themes,
) -> list[Route]:
    """The routing table."""
    realm, anywhere = handling.in_realm, handling.anywhere
    protocol = "/realms/{realm}/protocol/openid-connect"
    get, post, both = ["GET"], ["POST"], ["GET", "POST"]
    return [
        Route(f"{protocol}/auth", realm(sign_in.authorize), methods=both),
        Route("/realms/{realm}/login-actions/authenticate", realm(sign_in.show), methods=get),
        Route("/realms/{realm}/login-actions/authenticate", realm(sign_in.answer), methods=post),
        Route(f"{protocol}/token", realm(tokens.endpoint("token", writes=True)), methods=post),
        Route(f"{protocol}/userinfo", realm(tokens.endpoint("userinfo", writes=False)), methods=both),
        Route(f"{protocol}/token/introspect", realm(tokens.endpoint("introspection", writes=False)), methods=post),
        Route(f"{protocol}/revoke", realm(tokens.endpoint("revocation", writes=True)), methods=post),
        Route(f"{protocol}/certs", realm(metadata.certs), methods=get),
        Route(f"{protocol}/logout", realm(logout.logout), methods=both),
        Route(f"{protocol}/logout/logout-confirm", realm(logout.confirm), methods=post),
        Route("/realms/{realm}/.well-known/openid-configuration", realm(metadata.discovery), methods=get),
        Route("/realms/{realm}/.well-known/oauth-authorization-server", realm(metadata.discovery), methods=get),
        Route("/.well-known/oauth-authorization-server/realms/{realm}", realm(metadata.discovery), methods=get),
        Route("/resources/{theme}/{path:path}", anywhere(resources(themes)), methods=get),
        Route("/health/live", health.live, methods=get),
        Route("/health/ready", anywhere(health.ready), methods=get),
        Route("/metrics", anywhere(health.metrics), methods=get),
    ]
