"""What the certification profiles, RFC 9700 and OWASP ASVS 5.0 V10 ask for, one point a row, and who sees to it.

Rows of the server say what it always does; docs/conformance names the tests that prove each. A section that demands
several things of different people is there in parts, and so is FAPI 2.0 Message Signing (section 5.1).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from idp.realm import remedies as r
from idp.realm.client_sections import Client
from idp.realm.remedies import Remedy
from idp.realm.schema import Realm

OPENID, RFC, ASVS = "OpenID", "RFC 9700", "ASVS 5.0"


class By(Enum):
    """Who sees to a point: this server for everybody, the client's section of the realm file, others, or nobody yet."""

    SERVER = "server"
    CLIENT = "client"
    OTHERS = "others"
    NOBODY = "nobody"


def _by_browser(client: Client) -> bool:
    return "authorization_code" in client.grant_types


def _with_tokens(client: Client) -> bool:
    return bool(client.grant_types)


def _of_people(client: Client) -> bool:
    return _by_browser(client) or "urn:ietf:params:oauth:grant-type:device_code" in client.grant_types


def _of_a_backend_with_details(client: Client) -> bool:
    return _by_browser(client) and bool(client.authorization_details_types) and not client.is_public


def _with_consent(client: Client) -> bool:
    return _of_people(client) and client.require_consent


@dataclass(frozen=True, slots=True)
class Point:
    """`grade`: must or should, or the level of the ASVS; empty for a profile. `concerns`: the clients, if not all.

    `remedies`: all that a client needs for it. `whose`: the others who see to it.
    """

    source: str
    id: str
    grade: str
    says: str
    by: By = By.SERVER
    remedies: tuple[Remedy, ...] = ()
    concerns: Callable[[Client], bool] | None = None
    whose: str = ""


def _client(
    source: str,
    id_: str,
    grade: str,
    says: str,
    *needs: Remedy,
    concerns: Callable[[Client], bool] | None = None,
) -> Point:
    return Point(source, id_, grade, says, By.CLIENT, needs, concerns)


def _profile(id_: str, *needs: Remedy) -> Point:
    return Point(OPENID, id_, "", "certification profile", By.CLIENT, needs, _by_browser)


def _others(source: str, id_: str, grade: str, says: str, whose: str) -> Point:
    return Point(source, id_, grade, says, By.OTHERS, whose=whose)


_BASIC = (r.OPENID, r.BY_SECRET, r.RS256, r.WITHOUT_PKCE, r.PLAIN_REQUESTS, r.BEARER)
_FAPI = (r.FAPI, r.HTTPS)
_APPLICATION, _API, _PROXY, _OPERATOR = "the applications", "the APIs", "the proxy in front", "whoever writes this file"

PROFILES = (
    Point(OPENID, "Config OP", "", "certification profile"),
    Point(OPENID, "Session Management OP", "", "certification profile"),
    _profile("Basic OP", *_BASIC, r.BY_QUERY),
    _profile("Form Post OP", *_BASIC, r.BY_FORM),
    _profile("RP-Initiated Logout OP", r.LEADS_BACK),
    _profile("Back-Channel Logout OP", r.TOLD_BY_SERVER),
    _profile("Front-Channel Logout OP", r.TOLD_IN_FRAME),
    _profile("FAPI 2.0 Security Profile", *_FAPI),
    _profile("FAPI 2.0 Message Signing: requests", *_FAPI, r.SIGNED_REQUESTS),
    _profile("FAPI 2.0 Message Signing: responses", *_FAPI, r.SIGNED_ANSWERS),
    _profile("FAPI 2.0 Message Signing: introspection", *_FAPI),
)

OF_RFC_9700 = (
    Point(RFC, "2.1", "must", "redirect URIs are compared as strings, and no address leads anywhere else"),
    _client(RFC, "2.1.1", "should", "codes are bound to who asked for them", r.PKCE, concerns=_by_browser),
    Point(RFC, "2.1.1: support", "must", "PKCE is there, the metadata say so, and nobody takes it out of a request"),
    Point(RFC, "2.1.2", "should", "no token comes in an authorization response"),
    _client(RFC, "2.2.1", "should", "access tokens are bound to their sender", r.BOUND, concerns=_with_tokens),
    Point(RFC, "2.2.2", "must", "refresh tokens of public clients rotate or are bound"),
    _client(RFC, "2.3", "should", "access tokens are for few APIs", r.AUDIENCES, concerns=_with_tokens),
    Point(RFC, "2.4", "must", "the password grant is not offered"),
    _client(RFC, "2.5", "should", "clients prove themselves by a key", r.ASYMMETRIC),
    _client(RFC, "2.6", "must", "no answer goes to clear-text http but on this machine", r.HTTPS, concerns=_by_browser),
    Point(RFC, "2.6: CORS", "must", "no page of another origin reads the authorization endpoint"),
    Point(RFC, "4.1.3", "must", "another redirect URI ends on a page; only the port of a loopback address is free"),
    Point(RFC, "4.2.4", "should", "pages load nothing of others, and tell nobody where somebody was"),
    Point(RFC, "4.3.2", "must", "access tokens are not taken in the query"),
    Point(RFC, "4.4.2", "must", "every authorization response names its issuer"),
    _client(RFC, "4.5.3", "should", "a code that is slipped in is of no use", r.PKCE, concerns=_by_browser),
    Point(RFC, "4.6.1", "should", "access tokens come from the token endpoint alone"),
    _others(RFC, "4.7.1", "must", "answers belong to the browser that asked", _APPLICATION),
    Point(RFC, "4.8.2", "must", "a verifier without its challenge, and a challenge without its verifier, is refused"),
    _client(
        RFC,
        "4.9.3",
        "should",
        "a token that an API leaks is of little use",
        r.BOUND,
        r.AUDIENCES,
        concerns=_with_tokens,
    ),
    _client(RFC, "4.10.1", "should", "stolen access tokens are of no use", r.BOUND, concerns=_with_tokens),
    _client(
        RFC, "4.10.2", "should", "access tokens name the APIs that they are for", r.AUDIENCES, concerns=_with_tokens
    ),
    Point(RFC, "4.11.2", "must", "a faulty request goes back to its client before anybody signs in", By.NOBODY),
    Point(RFC, "4.12", "must", "what follows a form is fetched with GET"),
    _others(RFC, "4.13", "must", "headers of strangers are removed, and TLS ends well", _PROXY),
    Point(RFC, "4.14.2", "must", "refresh tokens get no more than was granted; a reuse ends a public client's"),
    Point(RFC, "4.15.1", "should", "nobody chooses their client_id when they register"),
    Point(RFC, "4.16", "must", "no page that asks or shows anything opens in a frame"),
    Point(RFC, "4.16: frames", "should", "no page opens in a frame, whoever the client is", By.NOBODY),
    Point(RFC, "4.17.2", "must", "no authorization response goes by postMessage"),
)

OF_ASVS = (
    _others(ASVS, "10.1.1", "L2", "tokens go to who needs them", _APPLICATION),
    _others(ASVS, "10.1.2", "L2", "answers are taken in the session that asked", _APPLICATION),
    _others(ASVS, "10.2.1", "L2", "PKCE or state keeps forged requests out", _APPLICATION),
    _others(ASVS, "10.2.2", "L2", "the iss of an answer is looked at", _APPLICATION),
    _others(ASVS, "10.2.3", "L3", "no more scopes are asked for than needed", _APPLICATION),
    _others(ASVS, "10.3.1", "L2", "the audience is looked at", _API),
    _others(ASVS, "10.3.2", "L2", "scope and authorization_details decide", _API),
    _others(ASVS, "10.3.3", "L2", "people are known by iss and sub", _API),
    _others(ASVS, "10.3.4", "L2", "acr, amr and auth_time are looked at", _API),
    _others(ASVS, "10.3.5", "L3", "the binding of a token is looked at", _API),
    _client(ASVS, "10.4.1", "L1", "redirect URIs are compared as strings", r.ONE_PORT, concerns=_by_browser),
    Point(ASVS, "10.4.2", "L1", "a code is good once, and its replay ends what it was good for"),
    Point(ASVS, "10.4.3", "L1", "a code is good for a minute at the most"),
    Point(
        ASVS, "10.4.4", "L1", "a client has the grants that it is registered for; implicit and password do not exist"
    ),
    Point(ASVS, "10.4.5", "L1", "refresh tokens of public clients rotate, and a reuse ends them all (L1, L2)"),
    _client(ASVS, "10.4.6", "L2", "codes need PKCE by S256", r.PKCE, concerns=_by_browser),
    Point(ASVS, "10.4.7", "L2", "nobody registers a client without a token"),
    Point(ASVS, "10.4.8", "L2", "a grant ends, however often it is refreshed"),
    Point(ASVS, "10.4.9", "L2", "people withdraw access in their account, and its tokens end"),
    Point(ASVS, "10.4.10", "L2", "confidential clients prove themselves at every endpoint of theirs"),
    _others(ASVS, "10.4.11", "L2", "clients have the scopes that they need", _OPERATOR),
    _client(ASVS, "10.4.12", "L3", "a client has its answers as it needs them", r.CHOSEN_MODES, concerns=_by_browser),
    _client(ASVS, "10.4.13", "L3", "requests are pushed", r.PUSHED, concerns=_by_browser),
    _client(
        *(ASVS, "10.4.14", "L3", "access tokens, and refresh tokens of public clients, are bound (10.4.5)", r.BOUND),
        concerns=_with_tokens,
    ),
    _client(
        *(ASVS, "10.4.15", "L3", "authorization_details come from the backend", r.UNTOUCHED_DETAILS),
        concerns=_of_a_backend_with_details,
    ),
    _client(ASVS, "10.4.16", "L3", "clients prove themselves by a key", r.ASYMMETRIC),
    _others(ASVS, "10.5.1", "L2", "the nonce is looked at", _APPLICATION),
    _others(ASVS, "10.5.2", "L2", "people are known by sub", _APPLICATION),
    _others(ASVS, "10.5.3", "L2", "the issuer of the metadata is looked at", _APPLICATION),
    _others(ASVS, "10.5.4", "L2", "the audience of the ID token is looked at", _APPLICATION),
    _others(ASVS, "10.5.5", "L2", "logout tokens are looked at whole", _APPLICATION),
    Point(ASVS, "10.6.1", "L2", "the response type code is the only one"),
    Point(ASVS, "10.6.2", "L2", "nobody is signed out unasked by a stranger"),
    _client(ASVS, "10.7.1", "L2", "people consent", r.CONSENT, r.KNOWN_CLIENT, concerns=_of_people),
    _client(ASVS, "10.7.2", "L2", "people read what they consent to", r.WORDS, concerns=_with_consent),
    Point(ASVS, "10.7.3", "L2", "people see what they consented to, and withdraw it as a whole or in part"),
)

POINTS = PROFILES + OF_RFC_9700 + OF_ASVS


@dataclass(frozen=True, slots=True)
class Lack:
    """What is missing: the keys to set, what they are for, and the points that they would mend."""

    keys: tuple[str, ...]
    whys: tuple[str, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Which of the points of the realm file a client meets, and what it lacks for the others."""

    met: tuple[Point, ...]
    missed: tuple[Point, ...]
    lacks: tuple[Lack, ...]


def standing(realm: Realm, client: Client) -> Standing:
    """Of one client. What the same keys mend stands together, what only profiles ask for last."""
    met: list[Point] = []
    missed: list[Point] = []
    lacks: dict[tuple[str, ...], Lack] = {}
    for point in POINTS:
        if point.by is not By.CLIENT or (point.concerns and not point.concerns(client)):
            continue
        needed = {remedy.lacks(realm, client): remedy.why for remedy in point.remedies}
        needed.pop((), None)
        for keys, why in needed.items():
            before = lacks.get(keys, Lack(keys, (), ()))
            whys = tuple(dict.fromkeys((*before.whys, why)))
            lacks[keys] = Lack(keys, whys, (*before.points, point))
        (missed if needed else met).append(point)
    return Standing(
        tuple(met), tuple(missed), tuple(sorted(lacks.values(), key=lambda lack: set(lack.points) <= set(PROFILES)))
    )


def seen_to(by: By) -> tuple[Point, ...]:
    """The points that have nothing to do with one client."""
    return tuple(point for point in POINTS if point.by is by)
