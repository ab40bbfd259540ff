"""The metadata says what is served, and what it does not say is not served (OpenID Connect Discovery, RFC 8414)."""

import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key
from joserfc.jwk import RSAKey
from starlette.routing import Route

from tests.portal import Portal
from tests.protocol.client_authentication.test_assertions import CLIENTS, KEYED, MAC, TYPE, claims, client
from tests.running import RunningServer, demo_client, demo_realm
from tests.visitor import Visitor

ASSERTIVE = {"keyed": KEYED, "macced": MAC}
WELL_KNOWN = (
    "/realms/{}/.well-known/openid-configuration",
    "/realms/{}/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/realms/{}",
)


@pytest.fixture(scope="module")
def http(standing: RunningServer) -> Iterator[httpx.Client]:
    demo = demo_realm()
    posts = demo_client("portal") | {"client_id": "posts", "token_endpoint_auth_method": "client_secret_post"}
    certified = client("certified", "self_signed_tls_client_auth", jwks=KEYED.jwks)
    assertive = [c for c in CLIENTS if c["client_id"] in ASSERTIVE]
    bare = {"realm": "bare", "factors": {"password": {}}}
    standing.reload(demo | {"clients": [*demo["clients"], posts, certified, *assertive]}, bare)
    with standing.http() as http:
        yield http


@pytest.fixture(scope="module")
def document(http: httpx.Client) -> dict[str, Any]:
    body: dict[str, Any] = http.get(WELL_KNOWN[0].format("demo")).json()
    return body


@pytest.mark.parametrize("path", WELL_KNOWN)
def test_every_form_of_the_address_answers_with_the_same_document(
    http: httpx.Client, document: dict[str, Any], path: str
) -> None:
    response = http.get(path.format("demo"))

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.json() == document


def test_the_issuer_is_where_the_document_was_found(document: dict[str, Any], standing: RunningServer) -> None:
    assert document["issuer"] == standing.issuer()


def test_what_the_specifications_demand_is_there(document: dict[str, Any]) -> None:
    """OpenID Connect Discovery section 3, RFC 8414 section 2, RFC 9207 section 3."""
    assert document.keys() >= {
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
        "authorization_response_iss_parameter_supported",
        "code_challenge_methods_supported",
        "acr_values_supported",
    }
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert document["authorization_response_iss_parameter_supported"] is True


@pytest.mark.parametrize("realm", ["demo", "bare"])
def test_nothing_in_it_is_empty(http: httpx.Client, realm: str) -> None:
    """OpenID Connect Discovery section 4.2, RFC 8414 section 3.2."""
    document = http.get(WELL_KNOWN[0].format(realm)).json()

    assert {name: value for name, value in document.items() if value in ([], {}, "", None)} == {}
    lists = [value for name, value in document.items() if name.endswith("s_supported") and value not in (True, False)]
    assert len(lists) > 20
    assert all(isinstance(value, str) and value for values in lists for value in values)


def test_a_realm_names_no_acr_that_nobody_there_can_have(http: httpx.Client) -> None:
    """The levels of whoever lists none are two, and the second needs a second factor."""
    assert http.get(WELL_KNOWN[0].format("bare")).json()["acr_values_supported"] == ["password"]


def test_it_says_what_is_not_there_where_silence_would_mean_that_it_is(http: httpx.Client) -> None:
    """OpenID Connect Discovery section 3: what is left out counts as its default."""
    document = http.get(WELL_KNOWN[0].format("bare")).json()

    assert document["request_uri_parameter_supported"] is False
    assert document["request_parameter_supported"] is True
    assert document["claims_parameter_supported"] is True
    assert document.keys() >= {"grant_types_supported", "response_modes_supported"}
    assert document.keys() >= {"token_endpoint_auth_methods_supported"}


@pytest.mark.parametrize("realm", ["demo", "bare"])
def test_it_says_that_nothing_goes_without_a_signature(http: httpx.Client, realm: str) -> None:
    """For requests too, also where no client of the realm file could sign one: clients may register with their keys."""
    document = http.get(WELL_KNOWN[0].format(realm)).json()
    lists = {n: values for n, values in document.items() if n.endswith("_signing_alg_values_supported")}

    assert lists.keys() >= {
        f"{what}_signing_alg_values_supported" for what in ("id_token", "request_object", "userinfo")
    }
    assert [name for name, values in lists.items() if "none" in values] == []
    assert document["require_signed_request_object"] is False


def test_a_realm_says_of_itself_what_clients_of_keycloak_read(
    http: httpx.Client, document: dict[str, Any], standing: RunningServer
) -> None:
    answer = http.get(standing.issuer())

    said = answer.json()
    signing = load_der_public_key(base64.b64decode(said.pop("public_key")))
    published = http.get(document["jwks_uri"]).json()["keys"]
    assert signing in [RSAKey.import_key(key).raw_value for key in published if key["alg"] == "RS256"]
    assert said == {
        "realm": "demo",
        "token-service": document["token_endpoint"].removesuffix("/token"),
        "account-service": f"{standing.issuer()}/account",
        "tokens-not-before": 0,
    }
    assert (answer.headers["vary"], answer.headers["access-control-allow-origin"]) == ("Accept", "*")


def test_whoever_opens_a_realm_is_led_to_their_account(http: httpx.Client, standing: RunningServer) -> None:
    answer = http.get(standing.issuer(), headers={"accept": "text/html,application/xhtml+xml"})

    assert (answer.status_code, answer.headers["location"]) == (302, f"{standing.issuer()}/account")


def test_every_realm_has_its_own(http: httpx.Client, document: dict[str, Any], standing: RunningServer) -> None:
    other = http.get(WELL_KNOWN[0].format("other")).json()

    assert other["issuer"] == standing.issuer("other")
    assert [name for name, v in document.items() if name.endswith(("_endpoint", "_uri")) and other[name] == v] == []


@pytest.mark.parametrize("path", WELL_KNOWN)
def test_a_realm_that_does_not_exist_has_none(http: httpx.Client, path: str) -> None:
    assert http.get(path.format("nowhere")).status_code == 404


def test_every_address_answers(http: httpx.Client, document: dict[str, Any], standing: RunningServer) -> None:
    addresses = {n: v for n, v in document.items() if n.endswith("_endpoint") or n == "jwks_uri"}
    assert len(addresses) == 1 + 9

    for name, address in addresses.items():
        assert address.startswith(f"{standing.issuer()}/"), name
        assert "#" not in address, name
        assert {http.get(address).status_code, http.post(address).status_code}.isdisjoint({404, 500}), name


def test_no_endpoint_is_served_that_is_not_named(document: dict[str, Any], standing: RunningServer) -> None:
    named = {urlsplit(v).path for v in document.values() if isinstance(v, str)}
    served = {
        route.path.replace("{realm}", "demo")
        for route in standing.app.routes
        if isinstance(route, Route) and route.path.startswith("/realms/{realm}/protocol/")
    }

    beside = ("/logout-confirm", "/3p-cookies/step1.html", "/login-status-iframe.html/init")
    assert {path for path in served if not path.endswith(beside)} <= named


def test_the_levels_of_the_realm_are_its_acr_values(document: dict[str, Any]) -> None:
    assert document["acr_values_supported"] == ["password", "two-factor"]


def test_the_scopes_of_the_realm_are_named(document: dict[str, Any]) -> None:
    assert document["scopes_supported"] == [
        "openid",
        "profile",
        "email",
        "address",
        "phone",
        "offline_access",
        "payments",
    ]


GRANT_TYPES = {
    "authorization_code": {"code": "x"},
    "refresh_token": {"refresh_token": "x"},
    "client_credentials": {},
    "password": {"username": "alice", "password": "correct horse battery staple"},
    "implicit": {},
    "urn:ietf:params:oauth:grant-type:device_code": {"device_code": "x"},
    "urn:ietf:params:oauth:grant-type:token-exchange": {"subject_token": "x"},
    "urn:ietf:params:oauth:grant-type:jwt-bearer": {"assertion": "x"},
    "urn:openid:params:grant-type:ciba": {"auth_req_id": "x"},
    "urn:ietf:params:oauth:grant-type:uma-ticket": {"ticket": "x"},
}


@pytest.mark.parametrize("grant_type", GRANT_TYPES)
def test_the_grants_that_are_named_are_those_that_are_served(
    document: dict[str, Any], standing_portal: Portal, grant_type: str
) -> None:
    answer = standing_portal.token(grant_type=grant_type, **GRANT_TYPES[grant_type])

    is_served = answer.error != "unsupported_grant_type"
    assert is_served == (grant_type in document["grant_types_supported"])


def assertion(server: RunningServer, client_id: str) -> dict[str, str]:
    signed = ASSERTIVE[client_id].sign(claims(server, client_id))
    return {"client_assertion_type": TYPE, "client_assertion": signed}


@pytest.mark.parametrize("endpoint", ["token", "revocation", "introspection"])
def test_the_ways_to_authenticate_that_are_named_are_those_that_work(
    document: dict[str, Any], http: httpx.Client, standing: RunningServer, endpoint: str
) -> None:
    methods: dict[str, tuple[dict[str, Any], httpx.BasicAuth | None]] = {
        "client_secret_basic": ({}, httpx.BasicAuth("portal", "portal-secret-for-demos-only")),
        "client_secret_post": ({"client_id": "posts", "client_secret": "portal-secret-for-demos-only"}, None),
        "none": ({"client_id": "cli"}, None),
        "client_secret_jwt": (assertion(standing, "macced"), None),
        "private_key_jwt": (assertion(standing, "keyed"), None),
        "tls_client_auth": ({"client_id": "certified"}, None),
        "self_signed_tls_client_auth": ({"client_id": "certified"}, None),
    }
    request = {"grant_type": "refresh_token", "refresh_token": "x", "token": "x"}
    for method, (form, basic) in methods.items():
        auth = basic or httpx.USE_CLIENT_DEFAULT
        response = http.post(document[f"{endpoint}_endpoint"], data=request | form, auth=auth)

        works = response.status_code != 401
        assert works == (method in document[f"{endpoint}_endpoint_auth_methods_supported"]), method


@pytest.mark.parametrize("prompt", ["none", "login", "select_account", "consent", "create"])
def test_the_prompts_that_are_named_are_those_that_work(
    document: dict[str, Any], standing_portal: Portal, passer_by: Visitor, prompt: str
) -> None:
    page = standing_portal.send(passer_by, prompt=prompt)

    works = page.step == "password" or page.parameters()["error"] == "login_required"
    assert works == (prompt in document["prompt_values_supported"])


RESPONSES = (
    "code",
    "token",
    "id_token",
    "id_token token",
    "code id_token",
    "code token",
    "code id_token token",
    "none",
)


@pytest.mark.parametrize("response_type", RESPONSES)
def test_the_response_types_that_are_named_are_those_that_work(
    document: dict[str, Any], standing_portal: Portal, passer_by: Visitor, response_type: str
) -> None:
    works = standing_portal.send(passer_by, response_type=response_type).step == "password"

    assert works == (response_type in document["response_types_supported"])


@pytest.mark.attack
def test_neither_the_implicit_nor_the_password_grant_is_there(standing_portal: Portal, passer_by: Visitor) -> None:
    """RFC 9700 sections 2.1.2 and 2.4."""
    for response_type in ("token", "id_token", "id_token token", "code token", "code id_token", "code id_token token"):
        answer = standing_portal.send(passer_by, response_type=response_type, response_mode="query")
        assert answer.parameters()["error"] == "unsupported_response_type"
    guess = {"username": "alice", "password": "correct horse battery staple", "scope": "openid"}
    assert standing_portal.token(grant_type="password", **guess).error == "unsupported_grant_type"


MODES = ("query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt", "web_message")


@pytest.mark.parametrize("response_mode", MODES)
def test_the_response_modes_that_are_named_are_those_that_work(
    document: dict[str, Any], standing_portal: Portal, passer_by: Visitor, response_mode: str
) -> None:
    works = standing_portal.send(passer_by, response_mode=response_mode).step == "password"

    assert works == (response_mode in document["response_modes_supported"])


@pytest.mark.parametrize("method", ["S256", "plain", "S512"])
def test_the_challenges_that_are_named_are_those_that_work(
    document: dict[str, Any], standing_portal: Portal, passer_by: Visitor, method: str
) -> None:
    works = standing_portal.send(passer_by, code_challenge_method=method).step == "password"

    assert works == (method in document["code_challenge_methods_supported"])


@pytest.mark.parametrize("acr", ["password", "two-factor", "phishing-resistant"])
def test_the_acr_values_that_are_named_are_those_that_can_be_had(
    document: dict[str, Any], portal: Portal, visitor: Visitor, acr: str
) -> None:
    claims = f'{{"id_token": {{"acr": {{"essential": true, "value": "{acr}"}}}}}}'

    page = visitor.sign_in(portal.send(visitor, claims=claims), "ada")

    works = "code" in page.parameters()
    assert works == (acr in document["acr_values_supported"])


def test_the_algorithms_of_the_keys_are_those_that_are_named(
    document: dict[str, Any], standing_portal: Portal, standing: RunningServer
) -> None:
    keys = standing_portal.http.get(standing.endpoint("certs")).json()["keys"]

    assert {key["alg"] for key in keys} == set(document["id_token_signing_alg_values_supported"])
