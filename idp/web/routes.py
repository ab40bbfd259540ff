"""Every address of the server, on one page. Those of a realm are laid out as Keycloak lays them out."""

from starlette.routing import Route

from idp.account.forgotten import FORGOTTEN
from idp.account.links import FOLLOW
from idp.outbound.codes import CALLBACK
from idp.web.account import SECTIONS, AccountEndpoints
from idp.web.account_changes import CHANGES, ChangeEndpoints
from idp.web.callbacks import CallbackEndpoints
from idp.web.cors import preflight, readable
from idp.web.device import DeviceEndpoints
from idp.web.health import HealthEndpoints
from idp.web.links import LinkEndpoints
from idp.web.logout import LogoutEndpoints
from idp.web.metadata import MetadataEndpoints
from idp.web.realms import Handling
from idp.web.registration import RegistrationEndpoints
from idp.web.resources import resources
from idp.web.session_status import SessionStatusEndpoints
from idp.web.sign_in import SignInEndpoints
from idp.web.themes import Themes
from idp.web.tokens import TokenEndpoints

# From pages of public clients; documents that are the same for everybody are readable from everywhere.
_READABLE = ("token", "userinfo", "ext/par/request", "revoke")


def routes(
    *,
    handling: Handling,
    sign_in: SignInEndpoints,
    tokens: TokenEndpoints,
    metadata: MetadataEndpoints,
    logout: LogoutEndpoints,
    account: AccountEndpoints,
    changes: ChangeEndpoints,
    links: LinkEndpoints,
    callbacks: CallbackEndpoints,
    session_status: SessionStatusEndpoints,
    device: DeviceEndpoints,
    registration: RegistrationEndpoints,
    health: HealthEndpoints,
    themes: Themes,
) -> list[Route]:
    """The routing table. It is looked through in this order: first stands what is asked for most."""
    realm, anywhere = handling.in_realm, handling.anywhere
    protocol, own = "/realms/{realm}/protocol/openid-connect", "/realms/{realm}/account"
    registrations = "/realms/{realm}/clients-registrations/openid-connect"
    get, post, both = ["GET"], ["POST"], ["GET", "POST"]
    return [
        Route(f"{protocol}/token", realm(readable(tokens.endpoint("token", writes=True))), methods=post),
        Route(f"{protocol}/userinfo", realm(readable(tokens.endpoint("userinfo", writes=False))), methods=both),
        Route(f"{protocol}/token/introspect", realm(tokens.endpoint("introspection", writes=False)), methods=post),
        Route(f"{protocol}/auth", realm(sign_in.authorize), methods=both),
        Route("/realms/{realm}/login-actions/authenticate", realm(sign_in.show), methods=get),
        Route("/realms/{realm}/login-actions/authenticate", realm(sign_in.answer), methods=post),
        Route("/realms/{realm}" + FORGOTTEN, realm(links.forgotten), methods=get),
        Route("/realms/{realm}" + FORGOTTEN, realm(links.ask), methods=post),
        Route("/realms/{realm}" + FOLLOW, realm(links.show), methods=get),
        Route("/realms/{realm}" + FOLLOW, realm(links.follow), methods=post),
        Route(f"{protocol}/auth/device", realm(tokens.endpoint("device_authorization", writes=True)), methods=post),
        Route("/realms/{realm}/device", realm(device.show), methods=get),
        Route("/realms/{realm}/device", realm(device.answer), methods=post),
        Route(
            f"{protocol}/ext/par/request",
            realm(readable(tokens.endpoint("pushed_authorization_request", writes=True))),
            methods=post,
        ),
        Route(f"{protocol}/revoke", realm(readable(tokens.endpoint("revocation", writes=True))), methods=post),
        *(Route(f"{protocol}/{path}", realm(preflight), methods=["OPTIONS"]) for path in _READABLE),
        Route(f"{protocol}/certs", realm(metadata.certs), methods=get),
        Route(f"{protocol}/logout", realm(logout.logout), methods=both),
        Route(f"{protocol}/login-status-iframe.html", realm(session_status.check_session), methods=get),
        Route(f"{protocol}/login-status-iframe.html/init", realm(session_status.expected), methods=get),
        Route(f"{protocol}/3p-cookies/step1.html", realm(session_status.third_party_cookies), methods=get),
        Route(f"{protocol}/logout/logout-confirm", realm(logout.confirm), methods=post),
        *(Route(own + path, realm(account.section(name)), methods=get) for name, path in SECTIONS.items()),
        *(Route(own + path, realm(changes.page(name)), methods=both) for name, path in CHANGES.items()),
        Route(own + "/add/{factor}", realm(account.add), methods=get),
        Route(registrations, realm(registration.register), methods=post),
        Route(f"{registrations}/{{client_id}}", realm(registration.read), methods=get),
        Route(f"{registrations}/{{client_id}}", realm(registration.update), methods=["PUT"]),
        Route(f"{registrations}/{{client_id}}", realm(registration.remove), methods=["DELETE"]),
        Route("/realms/{realm}", realm(metadata.realm), methods=get),
        Route("/realms/{realm}/.well-known/openid-configuration", realm(metadata.discovery), methods=get),
        Route("/realms/{realm}/.well-known/oauth-authorization-server", realm(metadata.discovery), methods=get),
        Route("/.well-known/oauth-authorization-server/realms/{realm}", realm(metadata.discovery), methods=get),
        Route("/realms/{realm}" + CALLBACK, realm(callbacks.twilio_status), methods=post),
        Route("/resources/{theme}/{path:path}", anywhere(resources(themes)), methods=get),
        Route("/health/live", health.live, methods=get),
        Route("/health/ready", anywhere(health.ready), methods=get),
        Route("/metrics", anywhere(health.metrics), methods=get),
    ]
