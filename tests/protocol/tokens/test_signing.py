"""ID tokens, UserInfo and introspection by every algorithm that a realm signs by (RFC 7518, RFC 8037, RFC 9701)."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import JWKRegistry

from tests.databases import Databases
from tests.portal import Portal, Tokens
from tests.protocol import forge
from tests.running import RunningServer, demo_client, demo_realm, running
from tests.visitor import Visitor

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
CLIENTS = [
    demo_client("portal")
    | {
        "client_id": f"by-{alg}",
        "id_token_signed_response_alg": alg,
        "userinfo_signed_response_alg": alg,
        "introspection_signed_response_alg": alg,
    }
    for alg in ALGORITHMS
]
HASHES = {"256": "sha256", "384": "sha384", "512": "sha512", "DSA": "sha512"}


@pytest.fixture(scope="module")
def server(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A realm that signs by everything."""
    demo = demo_realm()
    keys = {"rsa_bits": 2048, "algorithms": list(ALGORITHMS)}
    realm = demo | {"keys": keys, "clients": [*demo["clients"], *CLIENTS]}
    with running(databases, tmp_path_factory.mktemp("signing"), realm) as server:
        yield server


@pytest.fixture(scope="module")
def alice(server: RunningServer) -> Iterator[Visitor]:
    visitor = Visitor(server)
    yield visitor
    visitor.close()


def published(server: RunningServer) -> dict[str, dict[str, Any]]:
    with server.http() as http:
        return {key["kid"]: key for key in http.get(server.endpoint("certs")).json()["keys"]}


def verified(server: RunningServer, token: str, alg: str, typ: str) -> dict[str, Any]:
    """The claims of a token whose header is right and whose signature the published key verifies."""
    header, claims = forge.parts(token)
    key = published(server)[header["kid"]]
    message, _, signature = token.rpartition(".")
    decoded = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    assert (header["alg"], header["typ"], key["alg"], key["use"]) == (alg, typ, alg, "sig")
    assert jws.JWSRegistry.algorithms[alg].verify(message.encode(), decoded, JWKRegistry.import_key(key))
    return claims


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_id_token_userinfo_and_introspection_are_signed_as_registered(
    server: RunningServer, alice: Visitor, alg: str
) -> None:
    portal = Portal(server, next(c for c in CLIENTS if c["client_id"] == f"by-{alg}"))
    tokens: Tokens = portal.sign_in(alice)

    said = verified(server, tokens.body["id_token"], alg, "JWT")
    hashed = hashlib.new(HASHES[alg[-3:]], tokens.access.encode()).digest()
    assert said["at_hash"] == base64.urlsafe_b64encode(hashed[: len(hashed) // 2]).rstrip(b"=").decode()

    answer = portal.userinfo(tokens.access)
    assert answer.headers["content-type"] == "application/jwt"
    person = verified(server, answer.text, alg, "userinfo+jwt")
    assert (person["iss"], person["aud"], person["sub"]) == (server.issuer(), portal.client_id, said["sub"])
    assert person["email"] == "alice@example.com"

    accept = {"accept": "application/token-introspection+jwt"}
    form, auth = {"token": tokens.access}, (portal.client_id, str(portal.secret))
    answer = portal.http.post(server.endpoint("token/introspect"), data=form, headers=accept, auth=auth)
    assert answer.headers["content-type"] == accept["accept"]
    evidence = verified(server, answer.text, alg, "token-introspection+jwt")
    assert (evidence["iss"], evidence["aud"]) == (server.issuer(), portal.client_id)
    assert (evidence["token_introspection"]["active"], "exp" in evidence, "sub" in evidence) == (True, False, False)
    assert portal.introspect(tokens.access)["active"]
    portal.close()


def test_access_tokens_are_signed_by_what_every_api_understands(server: RunningServer, alice: Visitor) -> None:
    portal = Portal(server, CLIENTS[-1])

    assert forge.parts(portal.sign_in(alice).access)[0]["alg"] == "RS256"
    portal.close()


def test_an_inactive_token_is_inactive_in_signed_form_too(server: RunningServer) -> None:
    accept = {"accept": "application/token-introspection+jwt"}
    with server.http(auth=("by-ES256", "portal-secret-for-demos-only")) as http:
        answer = http.post(server.endpoint("token/introspect"), data={"token": "x"}, headers=accept)

    assert verified(server, answer.text, "ES256", "token-introspection+jwt")["token_introspection"] == {"active": False}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/token-introspection+jwt;q=1", "application/token-introspection+jwt"),
        ("application/json;q=0.5, Application/Token-Introspection+JWT", "application/token-introspection+jwt"),
        ("application/json, application/token-introspection+jwt;q=0", "application/json"),
        ("*/*", "application/json"),
    ],
)
def test_a_signed_answer_is_for_who_accepts_one(server: RunningServer, accept: str, kind: str) -> None:
    with server.http(auth=("by-ES256", "portal-secret-for-demos-only")) as http:
        answer = http.post(server.endpoint("token/introspect"), data={"token": "x"}, headers={"accept": accept})

    assert answer.headers["content-type"] == kind


@pytest.mark.attack
def test_whoever_is_no_client_gets_no_signed_answer(server: RunningServer) -> None:
    accept = {"accept": "application/token-introspection+jwt"}
    with server.http(auth=("by-ES256", "wrong")) as http:
        answer = http.post(server.endpoint("token/introspect"), data={"token": "x"}, headers=accept)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.attack
def test_signed_userinfo_and_introspection_are_no_tokens(server: RunningServer, alice: Visitor) -> None:
    portal = Portal(server, next(c for c in CLIENTS if c["client_id"] == "by-ES256"))
    tokens = portal.sign_in(alice)
    accept = {"accept": "application/token-introspection+jwt"}
    auth = httpx.BasicAuth(portal.client_id, str(portal.secret))
    evidence = portal.http.post(
        server.endpoint("token/introspect"), data={"token": tokens.access}, headers=accept, auth=auth
    ).text

    for token in (portal.userinfo(tokens.access).text, evidence):
        assert portal.introspect(token) == {"active": False}
        assert portal.userinfo(token).status_code == 401
        assert portal.refresh(token).error == "invalid_grant"
        hint = portal.http.get(server.endpoint("logout"), params={"id_token_hint": token})
        assert hint.status_code == 400
    portal.close()


def test_the_metadata_names_what_the_realm_signs_by(server: RunningServer) -> None:
    with server.http() as http:
        document = http.get(f"{server.issuer()}/.well-known/openid-configuration").json()

    for what in ("id_token", "userinfo", "introspection", "authorization"):
        assert document[f"{what}_signing_alg_values_supported"] == list(ALGORITHMS)
    assert {key["alg"] for key in published(server).values()} == set(ALGORITHMS)


def test_an_algorithm_that_the_realm_takes_up_has_a_key_at_once(
    start: Callable[..., RunningServer], visit: Callable[..., Visitor]
) -> None:
    server = start(demo_realm())
    assert {key["alg"] for key in published(server).values()} == {"RS256", "ES256"}
    client = demo_client("portal") | {"client_id": "later", "id_token_signed_response_alg": "EdDSA"}
    demo = demo_realm(keys={"rsa_bits": 2048, "algorithms": ["RS256", "ES256", "EdDSA"]})

    server.reload(demo | {"clients": [*demo["clients"], client]})

    portal = Portal(server, client)
    verified(server, portal.sign_in(visit(server)).body["id_token"], "EdDSA", "JWT")
    portal.close()
