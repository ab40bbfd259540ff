"""Tokens that are bound to the certificate of the client's connection (RFC 8705 section 3)."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.databases import Databases
from tests.portal import VERIFIER, Portal
from tests.protocol.client_authentication.certificates import Certificate
from tests.protocol.client_authentication.test_certificates import PROXY
from tests.protocol.dpop.holder import Holder
from tests.running import RunningServer, demo_client, demo_realm, running
from tests.visitor import Visitor

MINE, THIEFS = Certificate("CN=mine"), Certificate("CN=thief")
BOUND = {"tls_client_certificate_bound_access_tokens": True}
CLIENTS = [
    demo_client("portal") | BOUND | {"client_id": "bound"},
    demo_client("cli") | BOUND | {"client_id": "public"},
]


@pytest.fixture(scope="module")
def server(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    demo = demo_realm()
    realm = demo | {"clients": [*demo["clients"], *CLIENTS]}
    with running(databases, tmp_path_factory.mktemp("bound"), realm, trusted_proxies=PROXY) as server:
        yield server


def post(portal: Portal, certificate: Certificate | None, **form: Any) -> dict[str, Any]:
    if portal.secret:
        portal.http.auth = httpx.BasicAuth(portal.client_id, portal.secret)
    else:
        form["client_id"] = portal.client_id
    headers = certificate.header if certificate else {}
    body: dict[str, Any] = portal.http.post(portal.server.endpoint("token"), data=form, headers=headers).json()
    return body


def redeemed(portal: Portal, certificate: Certificate | None) -> dict[str, Any]:
    visitor = Visitor(portal.server)
    code = portal.code(visitor, scope="openid profile")
    visitor.close()
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    return post(portal, certificate, **form, redirect_uri=portal.redirect_uri)


def userinfo(portal: Portal, token: str, certificate: Certificate | None, scheme: str = "Bearer") -> int:
    headers = {"authorization": f"{scheme} {token}"} | (certificate.header if certificate else {})
    with portal.server.http() as http:
        return http.get(portal.server.endpoint("userinfo"), headers=headers).status_code


@pytest.mark.parametrize("number", [0, 1], ids=["confidential", "public"])
def test_a_bound_token_names_its_certificate_and_is_good_with_it_alone(server: RunningServer, number: int) -> None:
    portal = Portal(server, CLIENTS[number])
    tokens = redeemed(portal, MINE)
    thumbprint = base64.urlsafe_b64encode(hashlib.sha256(MINE.der).digest()).rstrip(b"=").decode()
    token = tokens["access_token"]

    assert tokens["token_type"] == "Bearer"
    assert portal.verified(token)["cnf"] == {"x5t#S256": thumbprint}
    assert userinfo(portal, token, MINE) == 200
    assert [userinfo(portal, token, other) for other in (THIEFS, None)] == [401, 401]
    assert userinfo(portal, token, MINE, "DPoP") == 401
    portal.close()


def test_introspection_tells_the_certificate(server: RunningServer) -> None:
    """RFC 8705 section 3.2."""
    portal = Portal(server, CLIENTS[0])
    tokens = redeemed(portal, MINE)

    said = portal.introspect(tokens["access_token"])

    assert (said["token_type"], said["cnf"]) == ("Bearer", portal.verified(tokens["access_token"])["cnf"])
    portal.close()


@pytest.mark.attack
def test_another_certificate_is_challenged_as_a_wrong_token_is(server: RunningServer) -> None:
    """RFC 8705 section 3, RFC 6750 section 3.1."""
    portal = Portal(server, CLIENTS[0])
    headers = {"authorization": f"Bearer {redeemed(portal, MINE)['access_token']}"} | THIEFS.header

    with server.http() as http:
        answer = http.get(server.endpoint("userinfo"), headers=headers)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
    portal.close()


@pytest.mark.attack
@pytest.mark.parametrize("number", [0, 1], ids=["confidential", "public"])
def test_with_a_proof_a_token_is_bound_to_key_and_certificate(server: RunningServer, number: int) -> None:
    portal, visitor = Portal(server, CLIENTS[number]), Visitor(server)
    holder, certificate = Holder(portal), portal.http.headers
    certificate.update(MINE.header)
    tokens = holder.redeem(portal.code(visitor, scope="openid profile", dpop_jkt=holder.jkt))
    visitor.close()

    assert tokens.body["token_type"] == "DPoP"
    assert tokens.access_claims["cnf"].keys() == {"jkt", "x5t#S256"}
    assert holder.userinfo(tokens.access).status_code == 200
    assert portal.userinfo(tokens.access).status_code == 401
    certificate.update(THIEFS.header)
    assert holder.userinfo(tokens.access).status_code == 401
    if number == 1:
        assert holder.refresh(tokens.refresh).error == "invalid_grant"
    certificate.pop("client-cert")
    assert holder.userinfo(tokens.access).status_code == 401
    assert holder.refresh(tokens.refresh).error == "invalid_request"
    certificate.update(MINE.header)
    assert holder.refresh(tokens.refresh).access_claims["cnf"] == tokens.access_claims["cnf"]
    portal.close()


@pytest.mark.attack
def test_without_a_certificate_there_is_no_token(server: RunningServer) -> None:
    portal = Portal(server, CLIENTS[0])

    assert redeemed(portal, None)["error"] == "invalid_request"
    portal.close()


@pytest.mark.attack
def test_a_public_clients_refresh_token_is_bound_to_it_too(server: RunningServer) -> None:
    portal = Portal(server, CLIENTS[1])
    refresh = redeemed(portal, MINE)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": refresh}

    assert post(portal, THIEFS, **form)["error"] == "invalid_grant"
    assert "access_token" in post(portal, MINE, **form)
    portal.close()
