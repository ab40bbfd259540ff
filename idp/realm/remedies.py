"""What a client, or its realm, may lack: the keys of the realm file that mend it, and what it risks without."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from idp.realm.client_sections import Client
from idp.realm.fapi import METHODS
from idp.realm.redirects import is_clear_text
from idp.realm.schema import Realm

Lacks = Callable[[Realm, Client], tuple[str, ...]]

_SIGNED_MODES = {"jwt", "query.jwt", "fragment.jwt", "form_post.jwt"}
_OF_THE_SUITE = "set it for a client of the certification suite alone"


@dataclass(frozen=True, slots=True)
class Remedy:
    """`lacks`: the keys to set, with their values; none where nothing is lacking. `why`: what they are for."""

    lacks: Lacks
    why: str


def _unless(is_so: Callable[[Client], bool], *keys: str) -> Lacks:
    return lambda _realm, client: () if is_so(client) else keys


def _undescribed(realm: Realm, client: Client) -> tuple[str, ...]:
    scopes = (name for name in client.scopes if name in realm.scopes and not realm.scopes[name].description)
    words = realm.authorization_details
    types = (name for name in client.authorization_details_types if name not in words or not words[name].title)
    return (*(f"scopes.{n}.description" for n in scopes), *(f"authorization_details.{n}.title" for n in types))


def _unbounded(realm: Realm, client: Client) -> tuple[str, ...]:
    names = (name for name in client.scopes if name in realm.scopes and not realm.scopes[name].audience)
    return tuple(f"scopes.{name}.audience" for name in names)


def _has_any_port(uri: str) -> bool:
    parts = urlsplit(uri)
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1") and not (parts.port or parts.query)


def _takes(client: Client, *modes: str) -> bool:
    return client.response_modes is None or not set(modes).isdisjoint(client.response_modes)


PKCE = Remedy(
    _unless(lambda c: c.require_pkce, "require_pkce: true"),
    "a code that leaks, or that somebody slips in, is of use to others",
)
BOUND = Remedy(
    _unless(lambda c: c.is_sender_constrained, "dpop_bound_access_tokens: true"),
    "an access token that leaks is of use to whoever has it",
)
ASYMMETRIC = Remedy(
    _unless(
        lambda c: c.token_endpoint_auth_method in METHODS, "token_endpoint_auth_method: private_key_jwt, with jwks"
    ),
    "a secret is known at both ends and can be replayed, and a public client proves nothing; a key stays where it is",
)
AUDIENCES = Remedy(_unbounded, "a token with this scope names no API that it is for, and every API may take it")
HTTPS = Remedy(
    _unless(lambda c: not any(map(is_clear_text, c.redirect_uris)), "redirect_uris: https"),
    "codes cross the network in clear text",
)
ONE_PORT = Remedy(
    _unless(lambda c: not any(map(_has_any_port, c.redirect_uris)), "redirect_uris: with a port"),
    "a loopback address without a port stands for all its ports, as native applications need it (RFC 8252)",
)
PUSHED = Remedy(
    _unless(lambda c: c.require_pushed_authorization_requests, "require_pushed_authorization_requests: true"),
    "requests come by way of the browser, where they can be read and changed",
)
CHOSEN_MODES = Remedy(
    _unless(
        lambda c: bool(c.response_modes) or c.require_pushed_authorization_requests or c.require_signed_request_object,
        "response_modes: those that it uses",
    ),
    "whoever makes a request chooses how its answer travels",
)
UNTOUCHED_DETAILS = Remedy(
    _unless(
        lambda c: c.require_pushed_authorization_requests or c.require_signed_request_object,
        "require_pushed_authorization_requests: true",
    ),
    "people can change the authorization_details on their way through the browser",
)
CONSENT = Remedy(
    _unless(lambda c: c.require_consent, "require_consent: true"),
    "people are not asked: right for an application of your own, not for somebody else's",
)
KNOWN_CLIENT = Remedy(
    _unless(lambda c: not c.is_public, "token_endpoint_auth_method: private_key_jwt, with jwks"),
    "anybody can pass for a public client, and consent that was given once is remembered",
)
WORDS = Remedy(_undescribed, "people are asked to allow a name, not what it means")

OPENID = Remedy(
    _unless(lambda c: "openid" in c.scopes, "scope: openid …"),
    "the profile is about signing people in",
)
BY_SECRET = Remedy(
    _unless(
        lambda c: c.token_endpoint_auth_method in ("client_secret_basic", "client_secret_post"),
        "token_endpoint_auth_method: client_secret_basic",
    ),
    f"the tests authenticate by secret ({_OF_THE_SUITE})",
)
RS256 = Remedy(
    _unless(
        lambda c: c.id_token_signed_response_alg == "RS256" and c.id_token_encrypted_response_alg is None,
        "id_token_signed_response_alg: RS256, not encrypted",
    ),
    "the algorithm that every client understands",
)
WITHOUT_PKCE = Remedy(
    _unless(lambda c: not c.require_pkce, "require_pkce: false"),
    f"OpenID Connect Core knows no PKCE, and the requests of the tests have none ({_OF_THE_SUITE})",
)
PLAIN_REQUESTS = Remedy(
    _unless(
        lambda c: not (c.require_pushed_authorization_requests or c.require_signed_request_object),
        "require_pushed_authorization_requests, require_signed_request_object: false",
    ),
    f"the requests of the tests are plain ({_OF_THE_SUITE})",
)
BEARER = Remedy(
    _unless(
        lambda c: not c.is_sender_constrained,
        "dpop_bound_access_tokens, tls_client_certificate_bound_access_tokens: false",
    ),
    f"the tests take bearer tokens ({_OF_THE_SUITE})",
)
BY_QUERY = Remedy(
    _unless(lambda c: _takes(c, "query"), "response_modes: with query"), "the answers of the tests come in the query"
)
BY_FORM = Remedy(
    _unless(lambda c: _takes(c, "form_post"), "response_modes: with form_post"),
    "the profile is about answers that are posted",
)
LEADS_BACK = Remedy(
    _unless(lambda c: bool(c.post_logout_redirect_uris), "post_logout_redirect_uris"),
    "people who sign out at the application are not led back to it",
)
TOLD_BY_SERVER = Remedy(
    _unless(lambda c: c.backchannel_logout_uri is not None, "backchannel_logout_uri"),
    "the application is not told by the server that a session has ended",
)
TOLD_IN_FRAME = Remedy(
    _unless(lambda c: c.frontchannel_logout_uri is not None, "frontchannel_logout_uri"),
    "the application is not told in a frame that a session has ended",
)
FAPI = Remedy(
    _unless(lambda c: c.profile == "fapi2", "profile: fapi2, with jwks"),
    "the profile is one key: it turns on all that FAPI 2.0 demands, and refuses the rest",
)
SIGNED_REQUESTS = Remedy(
    _unless(lambda c: c.require_signed_request_object, "require_signed_request_object: true"),
    "the client can deny what it asked for",
)
SIGNED_ANSWERS = Remedy(
    _unless(lambda c: bool(c.response_modes) and set(c.response_modes or ()) <= _SIGNED_MODES, "response_modes: [jwt]"),
    "the server can deny what it answered",
)
