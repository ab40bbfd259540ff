"""Clients that a certificate proves, behind a proxy that ends TLS (RFC 8705, RFC 9440)."""

import base64
import ipaddress
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from cryptography.x509 import ObjectIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.clock import Clock
from tests.databases import Databases
from tests.protocol import raw
from tests.protocol.client_authentication import certificates
from tests.protocol.client_authentication.certificates import Certificate
from tests.protocol.client_authentication.test_assertions import client
from tests.running import RunningServer, demo_realm, write_realms

PROXY = (ipaddress.ip_network("127.0.0.1/32"),)
AUTHORITY = Certificate("CN=authority", ca=True)
EXPIRED = Certificate("CN=authority", ca=True, days=(-9, -1), key=AUTHORITY.key)
GONE = Certificate("CN=gone", ca=True, days=(-9, -1))
SUBJECT = "CN=bank,O=Example"
BANK = Certificate(SUBJECT, issuer=AUTHORITY)
SELF = Certificate("CN=whoever")
VERSION_3, VERSION_87 = b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x56"
BY_NAME: dict[str, tuple[str, Certificate]] = {
    "dns": ("bank.example", Certificate("CN=x", issuer=AUTHORITY, names=(certificates.dns("bank.example"),))),
    "uri": ("urn:bank", Certificate("CN=x", issuer=AUTHORITY, names=(certificates.uri("urn:bank"),))),
    "ip": ("2001:db8::1", Certificate("CN=x", issuer=AUTHORITY, names=(certificates.address("2001:db8::1"),))),
    "email": ("b@bank.example", Certificate("CN=x", issuer=AUTHORITY, names=(certificates.mail("b@bank.example"),))),
}
CLIENTS = [
    client("bank", "tls_client_auth", tls_client_auth_subject_dn=SUBJECT),
    client("self", "self_signed_tls_client_auth", jwks={"keys": [SELF.jwk]}),
    *(
        client(f"by-{kind}", "tls_client_auth", **{f"tls_client_auth_san_{kind}": name})
        for kind, (name, _) in BY_NAME.items()
    ),
]


def realm() -> dict[str, Any]:
    demo = demo_realm()
    authorities = [EXPIRED.pem, AUTHORITY.pem, GONE.pem]
    return demo | {"client_certificate_authorities": authorities, "clients": [*demo["clients"], *CLIENTS]}


@pytest.fixture(scope="module")
def servers(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[bool, RunningServer]]:
    """By whether the tests' own address is a trusted proxy."""
    url = databases.fresh()
    config = tmp_path_factory.mktemp("mtls")
    write_realms(config, realm())
    running = {
        trusted: RunningServer(config=config, database=url, clock=Clock(), trusted_proxies=PROXY if trusted else ())
        for trusted in (True, False)
    }
    yield running
    for server in running.values():
        server.stop()
    databases.drop(url)


@pytest.fixture(scope="module")
def server(servers: dict[bool, RunningServer]) -> RunningServer:
    return servers[True]


def status(server: RunningServer, client_id: str, header: Any, **form: str) -> int:
    body = {"grant_type": "client_credentials", "client_id": client_id} | form
    with server.http() as http:
        return http.post(server.endpoint("token"), data=body, headers=header).status_code


def test_a_certificate_of_the_authority_with_the_subject_is_taken(server: RunningServer) -> None:
    """Its authority's own was renewed with the same key, and the old one is still in the file, in front."""
    assert status(server, "bank", BANK.header) == 200


@pytest.mark.parametrize("kind", BY_NAME)
def test_each_kind_of_name_is_taken(server: RunningServer, kind: str) -> None:
    assert status(server, f"by-{kind}", BY_NAME[kind][1].header) == 200


@pytest.mark.attack
@pytest.mark.parametrize("kind", BY_NAME)
def test_a_certificate_without_the_name_is_refused(server: RunningServer, kind: str) -> None:
    for other in (BANK, *(certificate for name, (_, certificate) in BY_NAME.items() if name != kind)):
        assert status(server, f"by-{kind}", other.header) == 401


def test_a_registered_key_is_taken_whoever_signed_its_certificate(server: RunningServer) -> None:
    assert status(server, "self", SELF.header) == 200


@pytest.mark.attack
def test_a_certificate_of_another_key_is_refused(server: RunningServer) -> None:
    assert status(server, "self", Certificate("CN=whoever").header) == 401
    assert status(server, "self", BANK.header) == 401


@pytest.mark.attack
def test_a_certificate_that_the_authority_did_not_issue_is_refused(server: RunningServer) -> None:
    impostor = Certificate("CN=authority", ca=True)
    below = Certificate("CN=below", issuer=AUTHORITY, ca=True)
    for certificate in (
        Certificate(SUBJECT),
        Certificate(SUBJECT, issuer=impostor),
        Certificate(SUBJECT, issuer=BANK),
        Certificate(SUBJECT, issuer=below),
        Certificate(SUBJECT, issuer=GONE),
        Certificate(SUBJECT, issuer=AUTHORITY, ca=True),
        Certificate(SUBJECT, issuer=AUTHORITY, days=(-9, -1)),
        Certificate(SUBJECT, issuer=AUTHORITY, days=(1, 9)),
    ):
        assert status(server, "bank", certificate.header) == 401


@pytest.mark.attack
def test_a_certificate_that_was_issued_for_something_else_is_refused(server: RunningServer) -> None:
    """By the same authority, with the same subject."""
    client_auth, server_auth, mail, anything = (
        *(ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH),
        *(ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE),
    )

    def status_of(*usage: ObjectIdentifier) -> int:
        return status(server, "bank", Certificate(SUBJECT, issuer=AUTHORITY, usage=usage).header)

    assert [status_of(client_auth), status_of(server_auth, client_auth)] == [200, 200]
    assert [status_of(server_auth), status_of(mail), status_of(anything)] == [401, 401, 401]


@pytest.mark.attack
def test_another_subject_is_refused(server: RunningServer) -> None:
    for subject in (
        "CN=bank",
        "CN=bank,O=Example,C=DE",
        "O=Example,CN=bank",
        "CN=bank2,O=Example",
        "CN=Bank,O=Example",
    ):
        assert status(server, "bank", Certificate(subject, issuer=AUTHORITY).header) == 401, subject


@pytest.mark.attack
def test_a_header_that_is_not_one_certificate_is_refused(server: RunningServer) -> None:
    good = BANK.header["client-cert"]
    for value in (
        "",
        ":",
        "::",
        good[1:],
        good[:-1],
        f"{good}, {good}",
        good.strip(":"),
        ":AAAA:",
        ":%:",
        f"{good};a=1",
        f":{base64.b64encode(BANK.der.replace(VERSION_3, VERSION_87, 1)).decode()}:",
        f":{base64.b64encode(BANK.der[:-1]).decode()}:",
        f":{base64.b64encode(BANK.der + b'x').decode()}:",
        f":{base64.b64encode(b'0' * 20000).decode()}:",
        good.replace(":", "-----BEGIN CERTIFICATE-----", 1),
    ):
        assert status(server, "bank", {"client-cert": value}) == 401, value
    assert status(server, "bank", [("client-cert", good), ("client-cert", good)]) == 401
    assert status(server, "bank", {}) == 401


@pytest.mark.attack
def test_nobody_but_the_proxy_says_what_the_certificate_was(servers: dict[bool, RunningServer]) -> None:
    der = base64.b64encode(BANK.der).decode()
    names = ("client-cert", "x-client-cert", "ssl-client-cert", "x-ssl-client-cert", "x-forwarded-client-cert")

    for name in names:
        assert status(servers[False], "bank", {name: f":{der}:"}) == 401
        assert status(servers[False], "bank", {name: f":{der}:", "x-forwarded-for": "127.0.0.1"}) == 401
    for name in names[1:]:
        assert status(servers[True], "bank", {name: f":{der}:"}) == 401
    for server in servers.values():
        said = {"ssl-client-verify": "SUCCESS", "x-ssl-client-s-dn": SUBJECT, "x-ssl-cert": BANK.header["client-cert"]}
        assert status(server, "bank", said | {"ssl_client_verify": "SUCCESS", "client_cert": f":{der}:"}) == 401


@pytest.mark.attack
def test_what_follows_a_body_is_no_word_of_the_proxy(server: RunningServer) -> None:
    """RFC 9110 section 6.5.1: a proxy that replaces headers may hand trailers on as they are."""
    body = "grant_type=client_credentials&client_id=bank"
    lines = [
        "POST /realms/demo/protocol/openid-connect/token HTTP/1.1",
        f"Host: localhost:{server.settings.port}",
        "Content-Type: application/x-www-form-urlencoded",
        "Transfer-Encoding: chunked",
        "",
        f"{len(body):x}",
        body,
        "0",
        f"Client-Cert: {BANK.header['client-cert']}",
        "",
        "",
    ]

    assert raw.send(server, "\r\n".join(lines).encode()).status == 401


@pytest.mark.attack
def test_a_certificate_is_no_second_method(server: RunningServer) -> None:
    assert status(server, "bank", BANK.header, client_secret="x") == 401
    assert status(server, "portal", BANK.header) == 401
    assert status(server, "nightly-report", BANK.header) == 401


def test_it_is_advertised_where_a_proxy_is_trusted(servers: dict[bool, RunningServer]) -> None:
    for trusted, server in servers.items():
        document = httpx.get(f"{server.issuer()}/.well-known/openid-configuration", trust_env=False).json()
        for endpoint in ("token", "revocation", "introspection"):
            methods = document[f"{endpoint}_endpoint_auth_methods_supported"]
            assert ("tls_client_auth" in methods) == ("self_signed_tls_client_auth" in methods) == trusted
        assert document["tls_client_certificate_bound_access_tokens"] is trusted


@pytest.mark.attack
def test_a_certificate_without_a_client_id_proves_nobody(server: RunningServer) -> None:
    """RFC 8705 section 2: one certificate may be that of several clients."""
    assert [status(server, client_id, BANK.header) for client_id in ("", "self", "nobody")] == [401, 401, 401]


@pytest.mark.attack
def test_a_certificate_with_a_key_of_no_known_kind_is_refused(server: RunningServer) -> None:
    elliptic, unknown = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d027f")
    made_up = base64.b64encode(SELF.der.replace(elliptic, unknown)).decode()

    assert status(server, "self", {"client-cert": f":{made_up}:"}) == 401


def test_a_certificate_proves_its_client_for_signing_out_too(server: RunningServer) -> None:
    with server.http() as http:
        form = {"client_id": "self", "refresh_token": "x"}
        answers = [http.post(server.endpoint("logout"), data=form, headers=h) for h in (SELF.header, {})]

    assert [a.json()["error"] for a in answers] == ["invalid_grant", "invalid_client"]
