"""Why a client could not prove to be it: in the log for who runs the server, and nowhere else."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import Log
from tests.databases import Databases
from tests.protocol.client_authentication.certificates import Certificate
from tests.protocol.client_authentication.test_assertions import KEYED, OTHER, TYPE, claims, client
from tests.protocol.client_authentication.test_certificates import BANK, PROXY, SELF, realm
from tests.protocol.signer import Signer
from tests.running import RunningServer, running

CLIENTS = [client("keyed", jwks=KEYED.jwks), client("by-post", "client_secret_post", client_secret="hush" * 8)]
EXPIRED = Certificate("CN=whoever", key=SELF.key, days=(-9, -1))


@pytest.fixture(scope="module")
def server(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    described = realm()
    described["clients"] = [*described["clients"], *CLIENTS]
    with running(databases, tmp_path_factory.mktemp("config"), described, trusted_proxies=PROXY) as server:
        yield server


@pytest.fixture(scope="module")
def http(server: RunningServer) -> Iterator[httpx.Client]:
    with server.http() as http:
        yield http


def by_secret(client_id: str, secret: str) -> dict[str, Any]:
    return {"data": {"client_id": client_id, "client_secret": secret}}


def by_certificate(client_id: str, certificate: Certificate) -> dict[str, Any]:
    return {"data": {"client_id": client_id}, "headers": certificate.header}


UNPROVEN: dict[str, tuple[dict[str, Any], str | None]] = {
    "no such client": (by_secret("nobody", "x"), None),
    "another secret": (by_secret("portal", "x"), "portal"),
    "none in place of client_secret_basic": ({"data": {"client_id": "portal"}}, "portal"),
    "client_secret_post in place of none": (by_secret("cli", "x"), "cli"),
    "client_secret_basic in place of private_key_jwt": ({"auth": ("keyed", "x")}, "keyed"),
    "client_secret_basic in place of client_secret_post": ({"auth": ("by-post", "hush" * 8)}, "by-post"),
    "an Authorization header that is not Basic (RFC 7617)": ({"headers": {"authorization": "Bearer x"}}, None),
    "the client_id is not the client_assertion's subject": (
        {"data": {"client_id": "keyed", "client_assertion_type": TYPE, "client_assertion": "x"}},
        None,
    ),
    "tls_client_auth: there was none": ({"data": {"client_id": "bank"}}, "bank"),
    "tls_client_auth: no authority of the realm has issued it": (by_certificate("bank", SELF), "bank"),
    "tls_client_auth: another name": (by_certificate("by-dns", BANK), "by-dns"),
    "self_signed_tls_client_auth: none of the client's keys": (by_certificate("self", BANK), "self"),
    "self_signed_tls_client_auth: expired, or not valid yet": (by_certificate("self", EXPIRED), "self"),
}
WRONG: dict[str, tuple[Signer, dict[str, Any]]] = {
    "no key has signed it": (OTHER, {}),
    "another audience": (KEYED, {"aud": "https://elsewhere.example"}),
    "another issuer": (KEYED, {"iss": "other"}),
    "no exp, or expired, or too far away": (KEYED, {"exp": 0}),
    "no jti": (KEYED, {"jti": None}),
    "its jti was used before": (KEYED, {"jti": "twice"}),
}


def ask(http: httpx.Client, server: RunningServer, request: dict[str, Any], endpoint: str = "token") -> httpx.Response:
    form = {"grant_type": "client_credentials", "token": "x"} | request.get("data", {})
    return http.post(server.endpoint(endpoint), **request | {"data": form})


@pytest.mark.parametrize("reason", UNPROVEN)
def test_the_log_says_why_and_the_answer_does_not(
    http: httpx.Client, server: RunningServer, log: Log, reason: str
) -> None:
    request, known = UNPROVEN[reason]
    answer = ask(http, server, request)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert reason not in answer.text
    assert [(e.get("client_id"), e["reason"]) for e in log.events("client.refused")] == [(known, reason)]


@pytest.mark.parametrize("reason", WRONG)
def test_the_log_says_what_is_wrong_with_an_assertion(
    http: httpx.Client, server: RunningServer, log: Log, reason: str
) -> None:
    signer, changed = WRONG[reason]
    assertions = [signer.sign(claims(server, **changed)) for _ in range(2)]
    forms = [{"client_assertion_type": TYPE, "client_assertion": assertion} for assertion in assertions]
    *_, answer = [ask(http, server, {"data": form}) for form in forms]

    assert answer.json()["error_description"] == "Client authentication failed."
    assert log.events("client.refused")[-1]["reason"] == f"private_key_jwt: {reason}"
    assert not any(a in json.dumps(log.events("client.refused")) for a in assertions)


@pytest.mark.parametrize("endpoint", ["token", "token/introspect", "revoke", "ext/par/request", "auth/device"])
def test_it_is_said_at_every_endpoint_for_clients(
    http: httpx.Client, server: RunningServer, log: Log, endpoint: str
) -> None:
    assert ask(http, server, by_secret("portal", "x"), endpoint).status_code == 401
    assert [e["client_id"] for e in log.events("client.refused")] == ["portal"]


def test_a_public_client_is_told_apart_where_it_may_not_come(
    http: httpx.Client, server: RunningServer, log: Log
) -> None:
    assert ask(http, server, {"data": {"client_id": "cli"}}, "token/introspect").status_code == 401
    assert [e["reason"] for e in log.events("client.refused")] == ["a public client"]
