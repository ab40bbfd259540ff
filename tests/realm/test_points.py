"""What clients are told that they meet and miss: every row of the table, and that those of the server are proved."""

import json
import re
from typing import Any

import pytest

from idp.realm.client_sections import Client
from idp.realm.points import ASVS, OPENID, POINTS, PROFILES, RFC, By, Standing, standing
from idp.realm.schema import Realm
from tests.realm.files import ROOT, examined

PAGES = ROOT / "docs" / "conformance"
NUMBER = re.compile(r"\d+(?:\.\d+)+")
SECTIONS = {"10.1": 2, "10.2": 3, "10.3": 5, "10.4": 16, "10.5": 5, "10.6": 2, "10.7": 3}
"""How many requirements each section of V10 has."""


def test_every_requirement_of_v10_is_there_once() -> None:
    numbers = [point.id for point in POINTS if point.source == ASVS]

    assert numbers == [f"{section}.{n}" for section, count in SECTIONS.items() for n in range(1, count + 1)]


def test_no_point_is_there_twice() -> None:
    assert len({(point.source, point.id) for point in POINTS}) == len(POINTS)


def test_a_point_says_who_sees_to_it() -> None:
    for point in POINTS:
        assert (point.by is By.CLIENT) == bool(point.remedies), point
        assert (point.by is By.OTHERS) == bool(point.whose), point
        grades = {ASVS: {"L1", "L2", "L3"}, RFC: {"must", "should"}, OPENID: {""}}
        assert point.grade in grades[point.source], point


def proofs() -> dict[str, str]:
    """By section or number, the last cells of its rows."""
    found: dict[str, str] = {}
    for line in (PAGES / "security.md").read_text("utf-8").splitlines():
        if line.startswith("|"):
            _, _, where, proof, _ = line.split("|")
            for number in NUMBER.findall(re.sub(r"\(.*?\)", "", where)):
                found[number] = found.get(number, "") + proof
    return found


def test_what_is_met_is_proved_and_what_is_not_is_said() -> None:
    found = proofs()

    for point in POINTS:
        if point.source != OPENID and point.by is not By.OTHERS:
            sign = "**not met**" if point.by is By.NOBODY else "::test_"
            assert sign in found[point.id.split(":")[0]], point.id


def test_each_profile_that_is_always_met_has_its_page() -> None:
    pages = {"Config OP": "basic.md", "Session Management OP": "logout.md"}

    for point in PROFILES:
        if point.by is By.SERVER:
            assert point.id.removesuffix(" OP") in (PAGES / pages[point.id]).read_text("utf-8")


KEYS = re.compile(r"([a-z_]+)((?:\.[a-z_]+)*)(?:$|[:,])")


def test_every_key_to_set_is_one_of_the_realm_file() -> None:
    bare: dict[str, Any] = {"scopes": {"pay": {}}}
    told = {key for change in CHANGES.values() for lack in of(change[0], bare).lacks for key in lack.keys}

    assert len(told) > 20
    for key in told:
        match = KEYS.match(key)
        assert match, key
        assert match[1] in (Client.model_fields if not match[2] else Realm.model_fields), key


COMMON: dict[str, Any] = {
    "client_id": "app",
    "client_secret": "a-secret-for-tests-of-32-characters",
    "redirect_uris": ["https://a.test/"],
}
EC = {"kty": "EC", "crv": "P-256", "x": "a", "y": "a"}
BY_KEY = {"client_secret": None, "jwks": {"keys": [EC]}, "token_endpoint_auth_method": "private_key_jwt"}
PUBLIC = {"client_secret": None, "token_endpoint_auth_method": "none"}
FAPI2 = {"client_secret": None, "jwks": {"keys": [EC]}, "profile": "fapi2"}
DETAILS = {"authorization_details_types": ["payment"]}
SERVICE = {"redirect_uris": None, "grant_types": ["client_credentials"], "scope": "pay"}


def of(changed: dict[str, Any], beside: dict[str, Any] | None = None) -> Standing:
    """The standing of a client of a small realm."""
    client = {key: value for key, value in (COMMON | changed).items() if value is not None}
    text = {"realm": "x", "scopes": {"pay": {}}, "clients": [client]} | (beside or {})
    found = examined(json.dumps(text))
    assert found.realm is not None, found.problems
    return standing(found.realm, found.realm.clients[0])


def mended(changed: dict[str, Any], key: str) -> str | None:
    """The points that setting the key would mend; None where it is not asked for."""
    found = next((lack for lack in of(changed).lacks if any(k.startswith(key) for k in lack.keys)), None)
    return None if found is None else ", ".join(point.id for point in found.points)


OF_FAPI = ", ".join(point.id for point in POINTS if point.id.startswith("FAPI"))
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "no PKCE": ({"require_pkce": False}, {}, "require_pkce: true", "2.1.1, 4.5.3, 10.4.6"),
    "bearer tokens": (
        {},
        {"dpop_bound_access_tokens": True},
        "dpop_bound_access_tokens: true",
        "2.2.1, 4.9.3, 4.10.1, 10.4.14",
    ),
    "not bound to a certificate": (
        *({}, {"tls_client_certificate_bound_access_tokens": True}),
        *("dpop_bound_access_tokens: true", "2.2.1, 4.9.3, 4.10.1, 10.4.14"),
    ),
    "a secret": ({}, BY_KEY, "token_endpoint_auth_method: private", "2.5, 10.4.16"),
    "a public client": (PUBLIC, BY_KEY, "token_endpoint_auth_method: private", "2.5, 10.4.16, 10.7.1"),
    "a scope for no API": ({"scope": "openid pay"}, {}, "scopes.pay.audience", "2.3, 4.9.3, 4.10.2"),
    "clear text": ({"redirect_uris": ["http://a.test/"]}, {}, "redirect_uris: https", f"{OF_FAPI}, 2.6"),
    "any port": ({"redirect_uris": ["http://127.0.0.1/cb"]}, {}, "redirect_uris: with a port", "10.4.1"),
    "a loopback port": (
        *({"redirect_uris": ["http://127.0.0.1/cb"]}, {"redirect_uris": ["http://127.0.0.1:8080/cb"]}),
        *("redirect_uris: with a port", "10.4.1"),
    ),
    "any mode": ({}, {"response_modes": ["query"]}, "response_modes: those", "10.4.12"),
    "any mode, but pushed": ({}, {"require_pushed_authorization_requests": True}, "response_modes: those", "10.4.12"),
    "requests by the browser": (
        *({}, {"require_pushed_authorization_requests": True}),
        *("require_pushed_authorization_requests: true", "10.4.13"),
    ),
    "details by the browser": (
        *(DETAILS, {"require_pushed_authorization_requests": True}),
        *("require_pushed_authorization_requests: true", "10.4.13, 10.4.15"),
    ),
    "nobody is asked": ({}, {"require_consent": True}, "require_consent", "10.7.1"),
    "consent to a name": (
        *({"require_consent": True, "scope": "openid pay"}, {"scope": "openid"}),
        *("scopes.pay.description", "10.7.2"),
    ),
    "consent to a type": ({"require_consent": True, **DETAILS}, {}, "authorization_details.payment.title", "10.7.2"),
    "no way back": (
        *({}, {"post_logout_redirect_uris": ["https://a.test/"]}),
        *("post_logout_redirect_uris", "RP-Initiated Logout OP"),
    ),
    "not told": ({}, {"backchannel_logout_uri": "https://a.test/"}, "backchannel", "Back-Channel Logout OP"),
    "not told in a frame": ({}, {"frontchannel_logout_uri": "https://a.test/"}, "front", "Front-Channel Logout OP"),
    "PKCE": ({}, {"require_pkce": False}, "require_pkce: false", "Basic OP, Form Post OP"),
    "a key": (BY_KEY, {}, "token_endpoint_auth_method: client", "Basic OP, Form Post OP"),
    "ES256": ({"id_token_signed_response_alg": "ES256"}, {}, "id_token_signed", "Basic OP, Form Post OP"),
    "not signed in": ({"scope": "pay"}, {}, "scope: openid", "Basic OP, Form Post OP"),
    "no query": ({"response_modes": ["form_post"]}, {}, "response_modes: with query", "Basic OP"),
    "no form": ({"response_modes": ["query"]}, {}, "response_modes: with form_post", "Form Post OP"),
    "not plain": (
        *({"require_pushed_authorization_requests": True}, {}),
        *("require_pushed_authorization_requests, ", "Basic OP, Form Post OP"),
    ),
    "not bearer": ({"dpop_bound_access_tokens": True}, {}, "dpop_bound_access_tokens, ", "Basic OP, Form Post OP"),
    "unsigned requests": (
        *(FAPI2, FAPI2 | {"require_signed_request_object": True}),
        *("require_signed_request_object: true", "FAPI 2.0 Message Signing: requests"),
    ),
    "unsigned answers": (
        *(FAPI2, FAPI2 | {"response_modes": ["jwt"]}),
        *("response_modes: [jwt]", "FAPI 2.0 Message Signing: responses"),
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_key_that_is_missing_is_named_with_its_points_and_not_when_it_is_there(case: str) -> None:
    lacking, having, key, points = CHANGES[case]

    assert mended(lacking, key) == points
    assert mended(having, key) is None


def met(found: Standing, source: str = OPENID) -> set[str]:
    return {point.id for point in found.met if point.source == source}


def test_a_client_for_the_suite_meets_the_profiles_of_openid_connect() -> None:
    suite = {
        "require_pkce": False,
        "post_logout_redirect_uris": ["https://a.test/left"],
        "backchannel_logout_uri": "https://a.test/back",
        "frontchannel_logout_uri": "https://a.test/front",
    }
    logout = {f"{way} Logout OP" for way in ("RP-Initiated", "Back-Channel", "Front-Channel")}

    assert met(of(suite)) == {"Basic OP", "Form Post OP"} | logout


SIGNING = FAPI2 | {"require_signed_request_object": True, "response_modes": ["jwt"]}
PARTS = {f"FAPI 2.0 Message Signing: {part}" for part in ("requests", "responses", "introspection")}


def test_a_client_of_the_profile_meets_fapi_and_every_level_of_the_asvs() -> None:
    found = of(SIGNING | {"require_consent": True})

    assert met(found) == {"FAPI 2.0 Security Profile"} | PARTS
    assert not [point for point in found.missed if point.source != OPENID]


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uris": ["http://a.test/"]},
        {"profile": None, **BY_KEY},
    ],
    ids=["clear text", "no profile"],
)
def test_fapi_is_missed_as_a_whole(changed: dict[str, Any]) -> None:
    assert met(of(SIGNING | changed)) == set()


def test_an_api_that_gets_no_token_is_told_how_to_prove_itself() -> None:
    api = {"grant_types": [], "resource_server_for": ["https://pay.example"]}
    found = of(SERVICE | api, {"scopes": {"pay": {"audience": api["resource_server_for"]}}})

    assert {point.id for point in (*found.met, *found.missed)} == {"2.5", "10.4.16"}


def test_a_service_is_told_nothing_about_browsers_and_people() -> None:
    found = of(SERVICE)

    told = {point.id for point in (*found.met, *found.missed)}
    assert told == {"2.2.1", "2.3", "2.5", "4.9.3", "4.10.1", "4.10.2", "10.4.14", "10.4.16"}
