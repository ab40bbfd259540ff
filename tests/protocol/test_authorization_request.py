"""The authorization endpoint's parameters: what is wrong with them goes back to the client, in few words.

RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6, RFC 9207.
"""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.conftest import Start
from tests.portal import Portal
from tests.running import RunningServer, demo_client, demo_realm
from tests.visitor import Page, Visitor

LONG = "x" * 8193
ACR = {"essential": True, "values": ["two-factor"]}
MALFORMED: dict[str, tuple[dict[str, Any], str]] = {
    "no response_type": ({"response_type": None}, "invalid_request"),
    "empty response_type": ({"response_type": ""}, "invalid_request"),
    "none": ({"response_type": "none"}, "unsupported_response_type"),
    "upper case": ({"response_type": "CODE"}, "unsupported_response_type"),
    "quotation mark and backslash": ({"response_type": '"\\'}, "unsupported_response_type"),
    "response_type that is no ASCII": ({"response_type": "codé\n"}, "unsupported_response_type"),
    "over-long response_type": ({"response_type": LONG}, "invalid_request"),
    "unknown response_mode": ({"response_mode": "web_message"}, "invalid_request"),
    "two response_modes": ({"response_mode": "query fragment"}, "invalid_request"),
    "unknown scope": ({"scope": "openid admin"}, "invalid_scope"),
    "scope of another client": ({"scope": "openid payments"}, "invalid_scope"),
    "two blanks": ({"scope": "openid  profile"}, "invalid_scope"),
    "scope by comma": ({"scope": "openid,profile"}, "invalid_scope"),
    "line break in scope": ({"scope": "openid\nprofile"}, "invalid_scope"),
    "over-long scope": ({"scope": LONG}, "invalid_request"),
    "over-long state": ({"state": LONG}, "invalid_request"),
    "over-long nonce": ({"nonce": LONG}, "invalid_request"),
    "over-long unknown parameter": ({"foo": LONG}, "invalid_request"),
    "unknown prompt": ({"prompt": "create"}, "invalid_request"),
    "prompt in upper case": ({"prompt": "LOGIN"}, "invalid_request"),
    "none with login": ({"prompt": "none login"}, "invalid_request"),
    "max_age in words": ({"max_age": "abc"}, "invalid_request"),
    "negative max_age": ({"max_age": "-1"}, "invalid_request"),
    "fractional max_age": ({"max_age": "1.5"}, "invalid_request"),
    "max_age with a sign": ({"max_age": "+1"}, "invalid_request"),
    "full-width max_age": ({"max_age": "１"}, "invalid_request"),
    "endless max_age": ({"max_age": "9" * 5000}, "invalid_request"),
    "claims that are no JSON": ({"claims": "{"}, "invalid_request"),
    "claims that are a list": ({"claims": "[]"}, "invalid_request"),
    "claims that are null": ({"claims": "null"}, "invalid_request"),
    "id_token that is a list": ({"claims": '{"id_token": []}'}, "invalid_request"),
    "acr that is a string": ({"claims": '{"id_token": {"acr": "two-factor"}}'}, "invalid_request"),
    "acr values that are a string": ({"claims": '{"id_token": {"acr": {"values": "x"}}}'}, "invalid_request"),
    "acr value that is a number": ({"claims": '{"id_token": {"acr": {"value": 1}}}'}, "invalid_request"),
    "essential that is a string": (
        {"claims": json.dumps({"id_token": {"acr": {**ACR, "essential": "false"}}})},
        "invalid_request",
    ),
    "many acr values": (
        {"claims": json.dumps({"id_token": {"acr": {**ACR, "values": ["v"] * 21}}})},
        "invalid_request",
    ),
    "deep claims": ({"claims": "[" * 8000}, "invalid_request"),
    "deep objects in claims": ({"claims": '{"id_token":' * 600}, "invalid_request"),
    "long number in claims": ({"claims": '{"id_token": {"acr": ' + "9" * 6000 + "}}"}, "invalid_request"),
    "request object": ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
    "request_uri": ({"request_uri": "https://evil.test/request"}, "request_uri_not_supported"),
    "registration": ({"registration": "{}"}, "registration_not_supported"),
}


# RFC 6749 section 4.1.2.1: neither quotation mark nor backslash nor anything that is no ASCII.
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")


def location(page: Page, mark: str = "?") -> dict[str, str]:
    """The parameters of a redirect to the portal, each of which it carries once."""
    assert page.status == 303
    assert page.location
    assert page.location.startswith(f"http://localhost:8081/callback{mark}")
    parts = urlsplit(page.location)
    pairs = parse_qsl(parts.query if mark == "?" else parts.fragment, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@pytest.mark.attack
@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_parameter_goes_back_to_the_client(
    standing_portal: Portal, passer_by: Visitor, standing: RunningServer, case: str
) -> None:
    changed, error = MALFORMED[case]

    page = standing_portal.send(passer_by, **changed)

    answer = location(page)
    assert DESCRIPTION.fullmatch(answer.pop("error_description", ""))
    assert answer == {"error": error, "state": changed.get("state", "a state"), "iss": standing.issuer()}


@pytest.mark.parametrize("response_mode", [None, "fragment", "query"])
@pytest.mark.parametrize("response_type", ["token", "id_token", "id_token token", "code id_token", "token code"])
def test_who_asks_for_tokens_is_refused_where_they_would_have_come(
    standing_portal: Portal,
    passer_by: Visitor,
    standing: RunningServer,
    response_type: str,
    response_mode: str | None,
) -> None:
    """RFC 6749 section 4.2.2.1; Multiple Response Types sections 2.1 and 5: the fragment, unless they say otherwise."""
    page = standing_portal.send(passer_by, response_type=response_type, response_mode=response_mode)

    answer = location(page, "?" if response_mode == "query" else "#")
    assert DESCRIPTION.fullmatch(answer.pop("error_description", ""))
    assert answer == {"error": "unsupported_response_type", "state": "a state", "iss": standing.issuer()}


@pytest.mark.parametrize(("response_type", "mark"), [("none", "?"), ("token", "#")])
def test_a_signed_refusal_comes_the_same_way(
    standing_portal: Portal, passer_by: Visitor, response_type: str, mark: str
) -> None:
    """JARM section 2.3.4."""
    page = standing_portal.send(passer_by, response_type=response_type, response_mode="jwt")

    signed = location(page, mark)
    assert signed.keys() == {"response"}
    assert standing_portal.verified(signed["response"])["error"] == "unsupported_response_type"


ONCE = (
    *("response_type", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "response_mode"),
    *("prompt", "max_age", "acr_values", "claims", "login_hint", "ui_locales", "display", "foo"),
)


@pytest.mark.parametrize("name", ONCE)
def test_a_parameter_that_is_sent_twice_goes_back_to_the_client(
    standing_portal: Portal, passer_by: Visitor, standing: RunningServer, name: str
) -> None:
    twice = [*standing_portal.request().items(), (name, "one"), (name, "two")]

    answer = location(passer_by.get(f"{standing.endpoint('auth')}?{urlencode(twice)}"))

    assert (answer["error"], answer["error_description"]) == ("invalid_request", f"{name} is sent twice.")
    assert answer["iss"] == standing.issuer()


@pytest.mark.parametrize("twice", ["client_id", "redirect_uri"])
@pytest.mark.parametrize("same", [True, False])
def test_what_names_the_client_is_sent_once_or_nobody_is_redirected(
    standing_portal: Portal, passer_by: Visitor, standing: RunningServer, twice: str, same: bool
) -> None:
    request = standing_portal.request()
    pairs = [*request.items(), (twice, request[twice] if same else "billing")]

    page = passer_by.get(f"{standing.endpoint('auth')}?{urlencode(pairs)}")

    assert (page.status, page.location) == (400, None)


UNKNOWN_CLIENTS: dict[str, str | None] = {
    "missing": None,
    "empty": "",
    "unknown": "nobody",
    "other case": "Portal",
    "blank behind": "portal ",
    "over-long": LONG,
    "full-width": "ｐortal",
    "markup": '"><img src=x onerror=alert(1)>',
    "of another realm's kind": "demo/portal",
}


@pytest.mark.parametrize("case", UNKNOWN_CLIENTS)
@pytest.mark.parametrize("prompt", [None, "none"])
def test_nobody_is_redirected_for_a_client_that_is_not_known(
    standing_portal: Portal, passer_by: Visitor, case: str, prompt: str | None
) -> None:
    page = standing_portal.send(passer_by, client_id=UNKNOWN_CLIENTS[case], prompt=prompt)

    assert (page.status, page.location) == (400, None)
    assert "refresh" not in page.response.headers
    assert "onerror" not in page.html
    assert "localhost:8081" not in page.html


EMPTY = (
    *("scope", "state", "nonce", "prompt", "max_age", "acr_values", "claims", "request", "request_uri"),
    *("response_mode", "login_hint", "ui_locales", "display", "id_token_hint", "registration", "foo"),
)


@pytest.mark.parametrize("name", EMPTY)
def test_a_parameter_without_a_value_counts_as_not_sent(standing_portal: Portal, passer_by: Visitor, name: str) -> None:
    assert standing_portal.send(passer_by, **{name: ""}).step == "password"


UNUSUAL: dict[str, dict[str, Any]] = {
    "an unknown parameter": {"foo": "bar"},
    "a page": {"display": "page"},
    "a popup": {"display": "popup"},
    "a touch screen": {"display": "touch"},
    "a telephone": {"display": "wap"},
    "an unknown display": {"display": "hologram"},
    "unknown languages": {"ui_locales": "tlh xx-YY"},
    "unknown acr values": {"acr_values": "urn:mace:incommon:iap:silver loa-9"},
    "very many acr values": {"acr_values": " ".join(f"v{n}" for n in range(1000))},
    "claims of nothing": {"claims": "{}"},
    "claims of null members": {"claims": '{"id_token": null, "userinfo": null}'},
    "members of claims that nobody here knows": {"claims": '{"verified": [1], "id_token": {"name": {"purpose": [2]}}}'},
    "an acr without conditions": {"claims": '{"id_token": {"acr": null}}'},
    "the longest max_age": {"max_age": "9999999999"},
    "the ordinary response mode": {"response_mode": "query"},
    "languages for claims": {"claims_locales": "tlh xx-YY"},
    "the same prompt twice": {"prompt": "login login"},
    "no state": {"state": None},
    "no scope": {"scope": None},
    "no openid in scope": {"scope": "profile"},
}


@pytest.mark.parametrize("case", UNUSUAL)
def test_an_unusual_request_is_a_request(standing_portal: Portal, passer_by: Visitor, case: str) -> None:
    assert standing_portal.send(passer_by, **UNUSUAL[case]).step == "password"


@pytest.mark.parametrize("origin", [None, "https://portal.test", "null"])
def test_a_request_may_be_posted_from_anywhere(
    standing_portal: Portal, passer_by: Visitor, standing: RunningServer, origin: str | None
) -> None:
    headers = {} if origin is None else {"origin": origin}

    assert passer_by.post(standing.endpoint("auth"), standing_portal.request(), headers=headers).step == "password"


@pytest.mark.attack
def test_parameters_of_the_query_do_not_add_to_those_of_a_posted_request(
    standing_portal: Portal, passer_by: Visitor, standing: RunningServer
) -> None:
    request = standing_portal.request(redirect_uri=None)
    address = f"{standing.endpoint('auth')}?{urlencode({'redirect_uri': standing_portal.redirect_uri})}"

    assert passer_by.post(address, request).status == 400


STATES = ["a&code=evil&iss=evil", "a#b", "ü€𝄞 +%20", "\r\nLocation: https://evil.test/", "<script>", "{'\\\"}", "a=b;c"]


@pytest.mark.attack
@pytest.mark.parametrize("number", range(len(STATES)))
def test_the_state_comes_back_as_it_was_sent_and_adds_nothing(
    standing_portal: Portal, passer_by: Visitor, standing: RunningServer, number: int
) -> None:
    page = standing_portal.send(passer_by, state=STATES[number], prompt="none")

    assert location(page) == {"error": "login_required", "state": STATES[number], "iss": standing.issuer()}
    assert "evil.test" not in page.response.headers


def test_the_state_of_a_successful_response_comes_back_as_it_was_sent(portal: Portal, visitor: Visitor) -> None:
    answer = location(visitor.sign_in(portal.send(visitor, state=STATES[0])))

    assert answer["state"] == STATES[0]
    assert answer.keys() == {"state", "iss", "code", "session_state"}


def test_the_code_is_the_last_parameter(portal: Portal, visitor: Visitor) -> None:
    page = visitor.sign_in(portal.send(visitor))

    assert page.location
    assert parse_qsl(urlsplit(page.location).query)[-1][0] == "code"


def test_a_response_without_a_state_has_none(portal: Portal, visitor: Visitor) -> None:
    assert "state" not in visitor.sign_in(portal.send(visitor, state=None)).parameters()


def test_every_response_names_the_issuer_that_discovery_names(portal: Portal, visitor: Visitor) -> None:
    issuer = portal.http.get(f"{portal.server.issuer()}/.well-known/openid-configuration").json()["issuer"]

    refused = portal.send(visitor, prompt="none")
    signed_in = visitor.sign_in(portal.send(visitor))
    silent = portal.send(visitor, prompt="none")
    cancelled = visitor.submit(portal.send(visitor, prompt="login"), action="cancel")

    assert [location(p).get("error") for p in (refused, signed_in, silent, cancelled)] == [
        "login_required",
        None,
        None,
        "access_denied",
    ]
    assert {location(p)["iss"] for p in (refused, signed_in, silent, cancelled)} == {issuer}


def test_the_order_of_scopes_does_not_matter(portal: Portal, visitor: Visitor) -> None:
    """RFC 6749 section 3.3."""
    tokens = portal.sign_in(visitor, scope="email openid")

    assert "id_token" in tokens.body
    assert portal.userinfo(tokens.access).json()["email"] == "alice@example.com"


def test_a_client_that_may_not_use_codes_is_told_so(start: Start, register: Callable[..., Portal]) -> None:
    """RFC 6749 section 4.1.2.1."""
    device = demo_client("portal") | {"grant_types": ["urn:ietf:params:oauth:grant-type:device_code"]}
    portal = register(start(demo_realm(clients=[device], second_factor={"rules": []})), device)

    answer = location(Page(portal.http.get(portal.url())))

    assert (answer["error"], answer["state"]) == ("unauthorized_client", "a state")
    assert DESCRIPTION.fullmatch(answer["error_description"])


def test_a_request_without_a_scope_gets_all_that_the_client_registered(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor, scope=None)

    assert tokens.body["scope"] == "openid profile email"


def test_a_request_without_openid_gets_no_id_token(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor, scope="profile")

    assert "id_token" not in tokens.body
    assert tokens.access_claims["scope"] == "profile"


@pytest.mark.attack
def test_a_scope_of_very_many_words_is_refused(standing_portal: Portal, passer_by: Visitor) -> None:
    """As long as a parameter may be, so that it is the scope itself that is refused."""
    page = standing_portal.send(passer_by, scope="a " * 4000)

    assert location(page)["error"] == "invalid_scope"


@pytest.mark.attack
@pytest.mark.parametrize(
    "query",
    ["redirect_uri=%zz", "client_id=%ff%fe", "client_id=portal%00", "&&&", "=", "a" * 33000, "&".join(["a=b"] * 101)],
    ids=["bad escape", "no UTF-8", "NUL", "nothing", "no name", "too long", "too many"],
)
def test_a_query_that_cannot_be_read_is_refused(passer_by: Visitor, standing: RunningServer, query: str) -> None:
    page = passer_by.get(f"{standing.endpoint('auth')}?{query}")

    assert (400 <= page.status < 500, page.location) == (True, None)
