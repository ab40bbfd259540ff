"""Signed authorization requests (RFC 9101; FAPI 2.0 Message Signing section 5.3.1)."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc.jwk import OctKey

from tests.portal import Portal
from tests.protocol import forge
from tests.protocol.feature import portal_of
from tests.protocol.party import Party, Says
from tests.protocol.request_objects.keys import OTHER, OWN, PUBLISHED, RSA, TYP, claims, signed
from tests.protocol.signer import Signer
from tests.running import RunningServer
from tests.visitor import Page, Visitor

PAR = "ext/par/request"


@pytest.fixture(scope="module")
def portals(standing: RunningServer) -> Iterator[Callable[[str], Portal]]:
    with ExitStack() as stack:
        yield lambda client_id: stack.enter_context(portal_of(standing, __file__, client_id))


@pytest.fixture(scope="module")
def passer_by(standing: RunningServer) -> Iterator[Visitor]:
    visitor = Visitor(standing)
    yield visitor
    visitor.close()


def send(portal: Portal, visitor: Visitor, token: str, **outside: Any) -> Page:
    """With what OpenID Connect Core section 6.1 wants outside, and the redirect URI for errors."""
    query = {
        "client_id": portal.client_id,
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": portal.redirect_uri,
        "request": token,
    } | outside
    encoded = urlencode({name: value for name, value in query.items() if value is not None})
    return visitor.get(f"{portal.server.endpoint('auth')}?{encoded}")


@pytest.mark.parametrize("signer", [OWN, RSA], ids=["ES256", "PS256"])
@pytest.mark.parametrize("typ", [TYP, f"application/{TYP}", "JWT", None])
def test_a_signed_request_is_the_request(portal: Portal, visitor: Visitor, signer: Signer, typ: str | None) -> None:
    token = signed(portal, signer, header={"typ": typ}, max_age=600, claims={"id_token": {"email": None}})

    answer = visitor.sign_in(send(portal, visitor, token)).parameters()

    assert answer["state"] == "a state"
    tokens = portal.redeem(answer["code"])
    assert (tokens.id_claims["nonce"], tokens.id_claims["email"]) == ("a nonce", "alice@example.com")
    assert tokens.body["scope"] == "openid profile email"


def test_what_nobody_here_knows_is_ignored(portal: Portal, passer_by: Visitor) -> None:
    token = signed(portal, OWN, header={"foo": "bar"}, unknown=True, other={"a": [1]}, third=[1])

    assert send(portal, passer_by, token).step == "password"


def test_the_server_may_be_one_of_several_that_it_is_for(portal: Portal, passer_by: Visitor) -> None:
    several = [portal.server.issuer(), "https://other.example", "invalid"]

    assert send(portal, passer_by, signed(portal, OWN, aud=several)).step == "password"


def test_the_client_id_is_all_that_must_stand_outside(portal: Portal, passer_by: Visitor) -> None:
    page = send(portal, passer_by, signed(portal), response_type=None, scope=None, redirect_uri=None)

    assert page.step == "password"


@pytest.mark.parametrize("client", ["portal", "strict"])
def test_a_signed_request_can_be_pushed(portals: Callable[[str], Portal], visitor: Visitor, client: str) -> None:
    portal = portals(client)
    portal.server.clock.advance(30)
    response = portal.call(PAR, client_id=client, request=signed(portal, acr_values="two-factor"))
    assert response.status_code == 201, response.text

    query = urlencode({"client_id": client, "request_uri": response.json()["request_uri"]})
    page = visitor.sign_in(visitor.get(f"{portal.server.endpoint('auth')}?{query}"), "ada")

    assert portal.redeem(page.parameters()["code"]).id_claims["acr"] == "two-factor"


def test_the_page_can_be_reloaded_when_the_request_has_expired(
    portal: Portal, visitor: Visitor, standing: RunningServer
) -> None:
    page = send(portal, visitor, signed(portal, login_hint="c4n4ry"))
    assert "c4n4ry" not in str(page.response.url)
    standing.clock.advance(600)

    again = visitor.get(str(page.response.url))

    assert "code" in visitor.sign_in(again).parameters()


OUTSIDE = {
    "redirect_uri": "http://localhost:8081/other",
    "state": "another state",
    "nonce": "another nonce",
    "prompt": "none",
    "max_age": "99999",
    "acr_values": "password",
    "response_mode": "fragment",
    "response_type": "token",
    "code_challenge": "A" * 43,
    "claims": '{"id_token": {"acr": {"essential": true, "value": "password"}}}',
    "login_hint": "mallory",
    "display": "popup",
    "resource": "https://evil.test/",
    "authorization_details": '[{"type": "unknown"}]',
}


@pytest.mark.attack
def test_what_stands_outside_changes_nothing(portal: Portal, visitor: Visitor) -> None:
    portal.server.clock.advance(30)
    page = send(portal, visitor, signed(portal, acr_values="two-factor"), **OUTSIDE)
    assert "mallory" not in page.html

    page = visitor.sign_in(page, "ada")

    assert page.location
    assert page.location.startswith(portal.redirect_uri + "?")
    assert page.parameters()["state"] == "a state"
    tokens = portal.redeem(page.parameters()["code"])
    assert (tokens.id_claims["acr"], tokens.id_claims["nonce"]) == ("two-factor", "a nonce")


@pytest.mark.attack
@pytest.mark.parametrize("name", ["code_challenge", "redirect_uri", "response_type"])
def test_what_is_missing_inside_is_not_taken_from_outside(portal: Portal, passer_by: Visitor, name: str) -> None:
    page = send(portal, passer_by, signed(portal, OWN, **{name: None}), **{name: portal.request()[name]})

    if name == "redirect_uri":
        assert (page.status, page.location) == (400, None)
    else:
        assert page.parameters()["error"] == "invalid_request"


def test_an_error_goes_where_the_signed_request_says(portal: Portal, passer_by: Visitor) -> None:
    token = signed(portal, scope="openid admin", redirect_uri="http://localhost:8081/other", state="inside")

    page = send(portal, passer_by, token, state="outside")

    assert page.location
    assert page.location.startswith("http://localhost:8081/other?")
    assert (page.parameters()["error"], page.parameters()["state"]) == ("invalid_scope", "inside")


CLAIMS: dict[str, dict[str, Any]] = {
    "no iss": {"iss": None},
    "another iss": {"iss": "other"},
    "no client_id": {"client_id": None},
    "another client_id": {"client_id": "other"},
    "no aud": {"aud": None},
    "another aud": {"aud": "https://evil.test"},
    "an aud of another spelling": {"aud": "HTTP://LOCALHOST/REALMS/DEMO"},
    "an aud that is a number": {"aud": 7},
    "an exp that is a list": {"exp": [9999999999]},
    "an nbf that is true": {"nbf": True},
    "an iss that is a list": {"iss": ["portal"]},
    "a client_id that is a list": {"client_id": ["portal"]},
    "another realm": {"aud": "http://localhost/realms/other"},
    "several audiences": {"aud": ["https://evil.test", "http://localhost"]},
    "no exp": {"exp": None},
    "expired": {"exp": timedelta()},
    "an exp in two hours": {"exp": timedelta(seconds=7200)},
    "an exp that is text": {"exp": "9999999999"},
    "an exp that is true": {"exp": True},
    "an endless exp": {"exp": 1e300},
    "an nbf in a minute": {"nbf": timedelta(seconds=61)},
    "an nbf of two hours ago": {"nbf": timedelta(seconds=-7200)},
    "an nbf that is text": {"nbf": "now"},
    "an iat in a minute": {"iat": timedelta(seconds=61)},
    "a client assertion": {"sub": "portal"},
    "a request inside": {"request": "x"},
    "a request_uri inside": {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
    "a state that is a list": {"state": ["a"]},
    "a scope that is a list": {"scope": ["openid"]},
    "a nonce that is true": {"nonce": True},
    "a max_age with a point": {"max_age": 1.5},
}


@pytest.mark.attack
@pytest.mark.parametrize("case", CLAIMS)
def test_a_request_object_that_is_not_for_here_and_now_is_refused(
    portal: Portal, passer_by: Visitor, case: str
) -> None:
    token = signed(portal, OWN, **CLAIMS[case])

    assert send(portal, passer_by, token).parameters()["error"] == "invalid_request_object"
    response = portal.call(PAR, client_id="portal", request=token)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request_object")


Forge = Callable[[Portal], str]
FORGED: dict[str, Forge] = {
    "alg none": lambda portal: f"{forge.encoded({'alg': 'none', 'typ': TYP})}.{forge.encoded(claims(portal))}.",
    "alg None": lambda portal: f"{forge.encoded({'alg': 'None', 'typ': TYP})}.{forge.encoded(claims(portal))}.",
    "no signature": lambda portal: signed(portal).rpartition(".")[0] + ".",
    "cut": lambda portal: signed(portal)[:-1],
    "JSON": lambda portal: json.dumps({"payload": signed(portal).split(".")[1], "signatures": []}),
    "another's key": lambda portal: signed(portal, OTHER),
    "a public key as a secret": lambda portal: forge.mac_with(
        json.dumps(OWN.jwk).encode(), {"alg": "HS256", "typ": TYP}, claims(portal)
    ),
    "the client's secret": lambda portal: Signer("HS256", key=OctKey.import_key(portal.secret or ""), kid=None).sign(
        claims(portal), typ=TYP
    ),
    "a key in the header": lambda portal: signed(portal, OTHER, header={"jwk": OTHER.jwk, "kid": None}),
    "an address in the header": lambda portal: signed(
        portal, OTHER, header={"jku": "http://127.0.0.1:9/keys", "kid": "key"}
    ),
    "a public key in PEM as a secret": lambda portal: forge.mac_with(
        OWN.key.as_pem(private=False),  # type: ignore[union-attr]
        {"alg": "HS256", "typ": TYP},
        claims(portal),
    ),
    "a public key in DER as a secret": lambda portal: forge.mac_with(
        OWN.key.as_der(private=False),  # type: ignore[union-attr]
        {"alg": "HS256", "typ": TYP},
        claims(portal),
    ),
    "a certificate in the header": lambda portal: signed(portal, OTHER, header={"x5c": ["AAAA"], "kid": "key"}),
    "an extension of no name": lambda portal: signed(portal, header={"crit": []}),
    "unencoded": lambda portal: signed(portal, header={"crit": ["b64"], "b64": False}),
    "JSON with one good signature": lambda portal: json.dumps(
        dict(zip(("protected", "payload", "signature"), signed(portal).split("."), strict=True))
    ),
    "an extension": lambda portal: signed(portal, header={"crit": ["bork"], "bork": 1}),
    "an access token": lambda portal: signed(portal, header={"typ": "at+jwt"}),
    "a logout token": lambda portal: signed(portal, header={"typ": "logout+jwt"}),
    "a typ that is a list": lambda portal: signed(portal, header={"typ": [TYP]}),
    "an unknown kid": lambda portal: signed(portal, header={"kid": "../../dev/null"}),
}


@pytest.mark.attack
@pytest.mark.parametrize("case", FORGED)
def test_what_the_client_has_not_signed_is_refused(portal: Portal, passer_by: Visitor, case: str) -> None:
    page = send(portal, passer_by, FORGED[case](portal))

    assert page.parameters()["error"] == "invalid_request_object"


@pytest.mark.attack
def test_a_bad_request_object_sends_nobody_to_an_address_that_is_not_registered(
    portal: Portal, passer_by: Visitor
) -> None:
    for token in ("nonsense", signed(portal, OTHER), signed(portal, redirect_uri="https://evil.test/")):
        page = send(portal, passer_by, token, redirect_uri="https://evil.test/")

        assert (page.status, page.location) == (400, None)
        assert "evil.test" not in page.html


@pytest.mark.attack
def test_the_request_of_another_client_is_refused(portals: Callable[[str], Portal], passer_by: Visitor) -> None:
    portal, other = portals("portal"), portals("other")

    page = send(portal, passer_by, signed(other, OTHER))

    assert page.parameters()["error"] == "invalid_request_object"


@pytest.mark.attack
@pytest.mark.parametrize(("signer", "is_good"), [(OWN, True), (RSA, False)], ids=["ES256", "PS256"])
def test_a_client_signs_by_the_algorithm_that_it_is_registered_with(
    portals: Callable[[str], Portal], passer_by: Visitor, signer: Signer, is_good: bool
) -> None:
    narrow = portals("narrow")

    assert (send(narrow, passer_by, signed(narrow, signer)).step == "password") == is_good


@pytest.mark.attack
def test_a_client_that_must_sign_is_served_in_no_other_way(
    portals: Callable[[str], Portal], passer_by: Visitor
) -> None:
    strict = portals("strict")

    assert strict.send(passer_by).parameters()["error"] == "invalid_request"
    response = strict.call(PAR, **strict.request())
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert send(strict, passer_by, signed(strict)).step == "password"


@pytest.mark.parametrize("alg", ["none", "ES256"])
def test_a_client_without_keys_cannot_send_any(portals: Callable[[str], Portal], passer_by: Visitor, alg: str) -> None:
    keyless = portals("keyless")
    unsigned = f"{forge.encoded({'alg': 'none'})}.{forge.encoded(claims(keyless))}."

    page = send(keyless, passer_by, unsigned if alg == "none" else signed(keyless))

    assert page.parameters()["error"] == "request_not_supported"


@pytest.mark.attack
def test_a_request_by_value_and_by_reference_is_refused(portal: Portal, passer_by: Visitor) -> None:
    page = send(portal, passer_by, signed(portal), request_uri="https://evil.test/request")

    assert page.parameters()["error"] == "invalid_request"


@pytest.mark.attack
def test_a_request_that_is_sent_twice_is_refused(portal: Portal, passer_by: Visitor) -> None:
    pairs = [("client_id", "portal"), ("redirect_uri", portal.redirect_uri), *[("request", signed(portal))] * 2]

    page = passer_by.get(f"{portal.server.endpoint('auth')}?{urlencode(pairs)}")

    assert page.parameters()["error"] == "invalid_request"


def test_keys_may_be_published(
    portals: Callable[[str], Portal], passer_by: Visitor, party: Party, standing: RunningServer
) -> None:
    published = portals("published")
    token = signed(published, PUBLISHED)
    party.says["/keys"] = Says(500)

    while_away = send(published, passer_by, token)
    party.says["/keys"] = Says(body=json.dumps(PUBLISHED.jwks).encode())
    too_early = send(published, passer_by, token)
    standing.clock.advance(60)
    later = send(published, passer_by, token)
    party.says["/keys"] = Says(500)
    standing.clock.advance(60)
    away_again = send(published, passer_by, token)
    pushed = published.call(PAR, client_id="published", request=token)

    assert while_away.parameters()["error"] == too_early.parameters()["error"] == "invalid_request_object"
    assert later.step == away_again.step == "password"
    assert pushed.status_code == 201
    assert party.received.qsize() == 3


def test_discovery_names_what_is_taken(portal: Portal, standing: RunningServer) -> None:
    document = portal.http.get(f"{standing.issuer()}/.well-known/openid-configuration").json()

    assert document["request_parameter_supported"] is True
    assert document["request_uri_parameter_supported"] is False
    assert document["require_signed_request_object"] is False
    assert {"RS256", "ES256", "PS256", "EdDSA"} <= set(document["request_object_signing_alg_values_supported"])
    assert not {"none", "HS256"} & set(document["request_object_signing_alg_values_supported"])
