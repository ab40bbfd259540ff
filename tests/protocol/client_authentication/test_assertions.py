"""Clients that sign who they are (OpenID Connect Core section 9, RFC 7523 section 3)."""

import base64
import json
import secrets
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from joserfc.jwk import OctKey

from idp.store.database import Database
from idp.store.expiry import remove_expired
from idp.store.tables import used_identifiers
from tests.conftest import Start
from tests.protocol import forge
from tests.protocol.client_authentication.certificates import Certificate
from tests.protocol.party import Party
from tests.protocol.signer import Signer
from tests.running import RunningServer, demo_realm

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SECRET = "a secret of thirty-two characters at least"
REFUSED = (401, "invalid_client")
KEYED = Signer("ES256")
OTHER = Signer("ES256")
MAC = Signer("HS256", key=OctKey.import_key(SECRET), kid=None)
RSA = Signer("PS256")
ED = Signer("EdDSA")


def client(client_id: str, method: str = "private_key_jwt", **fields: Any) -> dict[str, Any]:
    named = {"client_id": client_id, "token_endpoint_auth_method": method}
    return named | {"grant_types": ["client_credentials"], "scope": "payments"} | fields


CLIENTS = [
    client("keyed", jwks=KEYED.jwks),
    client("other", jwks=OTHER.jwks),
    client("macced", "client_secret_jwt", client_secret=SECRET),
    client("rsa", jwks=RSA.jwks),
    client("ed", jwks=ED.jwks),
    client("narrow", jwks={"keys": [KEYED.jwk, RSA.jwk | {"kid": "rsa"}]}, token_endpoint_auth_signing_alg="ES256"),
    client("fapi", jwks=KEYED.jwks, profile="fapi2"),
    client("shut", jwks=KEYED.jwks, enabled=False),
]


@pytest.fixture(scope="module")
def server(standing: RunningServer) -> RunningServer:
    demo = demo_realm()
    standing.reload(
        demo | {"clients": [*demo["clients"], *CLIENTS]},
        demo_realm("other") | {"clients": [*demo["clients"], *CLIENTS]},
    )
    return standing


@pytest.fixture(scope="module")
def http(server: RunningServer) -> Iterator[httpx.Client]:
    with server.http() as http:
        yield http


def claims(server: RunningServer, client_id: str = "keyed", **changed: Any) -> dict[str, Any]:
    now = server.clock()
    good = {
        "iss": client_id,
        "sub": client_id,
        "aud": server.issuer(),
        "iat": now,
        "exp": now + 60,
        "jti": secrets.token_hex(8),
    } | changed
    return {name: value for name, value in good.items() if value is not None}


def present(http: httpx.Client, server: RunningServer, assertion: str, **form: Any) -> tuple[int, str | None]:
    """What becomes of a token request with that assertion."""
    body = {"grant_type": "client_credentials", "client_assertion_type": TYPE, "client_assertion": assertion} | form
    endpoint = body.pop("endpoint", "token")
    response = http.post(server.endpoint(endpoint), data={k: v for k, v in body.items() if v is not None})
    return response.status_code, response.json().get("error") if response.content else None


@pytest.mark.parametrize("endpoint", ["token", "revoke", "token/introspect"])
def test_an_assertion_is_taken_at_every_endpoint_for_clients(
    http: httpx.Client, server: RunningServer, endpoint: str
) -> None:
    assert present(http, server, KEYED.sign(claims(server)), endpoint=endpoint, token="x") == (200, None)


@pytest.mark.parametrize(
    ("client_id", "signer"),
    [
        *(("keyed", KEYED), ("macced", MAC), ("rsa", RSA), ("rsa", Signer("RS256", key=RSA.key)), ("ed", ED)),
        ("narrow", KEYED),
    ],
    ids=["ES256", "HS256", "PS256", "RS256", "EdDSA", "registered alg"],
)
def test_each_algorithm_that_goes_with_the_method_is_taken(
    http: httpx.Client, server: RunningServer, client_id: str, signer: Signer
) -> None:
    assert present(http, server, signer.sign(claims(server, client_id))) == (200, None)


def test_a_parameter_of_the_header_that_nobody_knows_is_ignored(http: httpx.Client, server: RunningServer) -> None:
    assert present(http, server, KEYED.sign(claims(server), foo="bar")) == (200, None)


def test_the_audience_is_the_issuer_or_the_token_endpoint(http: httpx.Client, server: RunningServer) -> None:
    for audience in (server.issuer(), server.endpoint("token"), [server.issuer()]):
        assert present(http, server, KEYED.sign(claims(server, aud=audience))) == (200, None)


@pytest.mark.attack
def test_any_other_audience_is_refused(http: httpx.Client, server: RunningServer) -> None:
    issuer = server.issuer()
    others: tuple[Any, ...] = (
        *(None, "", 7, {}, [], [7], issuer + "/", issuer.upper(), server.issuer("other"), server.endpoint("auth")),
        *("https://elsewhere.example", [issuer, "https://elsewhere.example"], ["https://elsewhere.example", issuer]),
        *(server.endpoint("token/introspect"), server.endpoint("token", "other"), server.endpoint("ext/par/request")),
        *([issuer, server.endpoint("ext/par/request")], server.endpoint("token") + "/", server.url),
    )
    for audience in others:
        assert present(http, server, KEYED.sign(claims(server, aud=audience))) == REFUSED, audience


@pytest.mark.attack
def test_under_fapi_the_audience_is_the_issuer_as_a_single_string(http: httpx.Client, server: RunningServer) -> None:
    """FAPI 2.0 Security Profile section 5.3.2.1. What comes after the client is known is another error."""
    assert present(http, server, KEYED.sign(claims(server, "fapi"))) != REFUSED

    for audience in (server.endpoint("token"), [server.issuer()]):
        assert present(http, server, KEYED.sign(claims(server, "fapi", aud=audience))) == REFUSED, audience


WRONG: dict[str, list[Any]] = {
    "exp": [None, "9", True, 1e300, 0, -1],
    "iat": ["9", True, 1e300],
    "nbf": ["9", False, 1e300],
    "iss": [None, "other", "KEYED", 7, ["keyed"]],
    "sub": [None, "other", "KEYED", 7, ["keyed"]],
    "jti": [None, "", 7, "j" * 256],
}


@pytest.mark.attack
@pytest.mark.parametrize("name", WRONG)
def test_a_claim_that_is_missing_or_of_another_type_is_refused(
    http: httpx.Client, server: RunningServer, name: str
) -> None:
    for value in WRONG[name]:
        assert present(http, server, KEYED.sign(claims(server, **{name: value}))) == REFUSED, value


@pytest.mark.attack
@pytest.mark.parametrize(
    "changed",
    [{"exp": 0}, {"exp": -60}, {"exp": 86400}, {"iat": 61}, {"nbf": 61}],
    ids=["ends now", "ended", "a day", "issued later", "begins later"],
)
def test_a_time_that_is_not_now_is_refused(http: httpx.Client, server: RunningServer, changed: dict[str, int]) -> None:
    moved: dict[str, Any] = {name: server.clock() + seconds for name, seconds in changed.items()}

    assert present(http, server, KEYED.sign(claims(server, **moved))) == REFUSED


def test_a_time_may_have_a_fraction(http: httpx.Client, server: RunningServer) -> None:
    """RFC 7519 section 2, NumericDate."""
    now = server.clock()

    assert present(http, server, KEYED.sign(claims(server, iat=now + 0.5, nbf=now - 0.25, exp=now + 59.75)))[0] == 200
    assert present(http, server, KEYED.sign(claims(server, exp=now + 0.5))) == REFUSED


def test_a_clock_that_is_ten_seconds_ahead_is_forgiven(http: httpx.Client, server: RunningServer) -> None:
    now = server.clock()

    assert present(http, server, KEYED.sign(claims(server, iat=now + 10, nbf=now + 10))) == (200, None)


@pytest.mark.attack
def test_an_assertion_is_good_once(http: httpx.Client, server: RunningServer) -> None:
    assertion = KEYED.sign(claims(server))

    assert present(http, server, assertion) == (200, None)
    assert present(http, server, assertion) == REFUSED
    assert present(http, server, assertion, endpoint="token/introspect", token="x") == REFUSED


@pytest.mark.attack
def test_an_identifier_is_good_once_whatever_else_the_assertion_says(http: httpx.Client, server: RunningServer) -> None:
    first = claims(server)

    assert present(http, server, KEYED.sign(first)) == (200, None)
    assert present(http, server, KEYED.sign(first | {"exp": server.clock() + 70})) == REFUSED


@pytest.mark.attack
def test_nobody_uses_up_another_clients_identifier(http: httpx.Client, server: RunningServer) -> None:
    identifier = secrets.token_hex(8)

    assert present(http, server, OTHER.sign(claims(server, "other", jti=identifier))) == (200, None)
    assert present(http, server, KEYED.sign(claims(server, jti=identifier))) == (200, None)


@pytest.mark.attack
def test_of_many_at_once_one_is_taken(server: RunningServer) -> None:
    assertion = KEYED.sign(claims(server))
    outcomes: list[tuple[int, str | None]] = []

    def ask() -> None:
        with server.http() as http:
            outcomes.append(present(http, server, assertion))

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == sorted([(200, None), *[REFUSED] * 11])


@pytest.mark.attack
def test_an_assertion_stays_used_after_a_restart(start: Start) -> None:
    demo = demo_realm()
    realm = demo | {"clients": [*demo["clients"], client("keyed", jwks=KEYED.jwks)]}
    server = start(realm)
    assertion = KEYED.sign(claims(server, aud="http://localhost:1/realms/demo"))
    first, again = start(realm, public_url="http://localhost:1"), start(realm, public_url="http://localhost:1")
    host = {"host": "localhost:1"}

    def outcome(server: RunningServer) -> int:
        form = {"grant_type": "client_credentials", "client_assertion_type": TYPE, "client_assertion": assertion}
        path = "/realms/demo/protocol/openid-connect/token"
        return httpx.post(server.address + path, data=form, headers=host).status_code

    assert [outcome(first), outcome(again)] == [200, 401]


@pytest.mark.attack
def test_the_realm_of_another_does_not_take_it(http: httpx.Client, server: RunningServer) -> None:
    assertion = KEYED.sign(claims(server))
    form = {"grant_type": "client_credentials", "client_assertion_type": TYPE, "client_assertion": assertion}

    assert http.post(server.endpoint("token", "other"), data=form).status_code == 401
    assert present(http, server, assertion) == (200, None)


@pytest.mark.attack
def test_unsigned_and_foreign_signatures_are_refused(http: httpx.Client, server: RunningServer) -> None:
    good = claims(server)
    stranger, party = Signer("ES256"), Party()
    empty = [f"{forge.encoded({'alg': alg, 'kid': 'key'})}.{forge.encoded(good)}." for alg in ("none", "nOnE", "")]
    for assertion in (
        *empty,
        stranger.sign(good),
        stranger.sign(good, jwk=stranger.jwk),
        stranger.sign(good, jku=f"{party.address}/keys", x5u=f"{party.address}/cert"),
        stranger.sign(good, x5c=[base64.b64encode(Certificate("CN=keyed").der).decode()]),
        stranger.sign(good, kid="other"),
        OTHER.sign(good),
        KEYED.sign(good)[:-2],
        KEYED.sign(good) + "A",
    ):
        assert present(http, server, assertion) == REFUSED, assertion
    party.close()
    assert party.heard_nothing()


@pytest.mark.attack
def test_the_public_key_is_no_secret(http: httpx.Client, server: RunningServer) -> None:
    for client_id, signer in (("keyed", KEYED), ("rsa", RSA)):
        pem, der = signer.key.as_pem(private=False), signer.key.as_der(private=False)  # type: ignore[union-attr]
        number = signer.jwk.get("n") or signer.jwk["x"]
        forms = (pem, pem.strip(), b" " + pem, pem.replace(b"\n", b"\r\n"), der, json.dumps(signer.jwk).encode(), b"")
        for secret in (*forms, number.encode(), base64.urlsafe_b64decode(number + "==")):
            assertion = forge.mac_with(secret, {"alg": "HS256", "kid": "key"}, claims(server, client_id))
            assert present(http, server, assertion) == REFUSED


@pytest.mark.attack
def test_an_algorithm_that_is_not_the_registered_one_is_refused(http: httpx.Client, server: RunningServer) -> None:
    by_rsa = Signer("PS256", key=RSA.key, kid="rsa")

    for signer in (by_rsa, Signer("RS256", key=RSA.key, kid="rsa"), Signer("ES384"), Signer("EdDSA"), Signer("ES512")):
        assert present(http, server, signer.sign(claims(server, "narrow"))) == REFUSED, signer.alg
    assert present(http, server, Signer("ES256", key=KEYED.key).sign(claims(server, "narrow"))) == (200, None)


@pytest.mark.attack
def test_under_fapi_only_its_algorithms_are_taken(http: httpx.Client, start: Start) -> None:
    """FAPI 2.0 Security Profile section 5.4.1: RS256 and ES384 are none of them."""
    demo = demo_realm()
    keys = {"keys": [RSA.jwk]}
    fapi = client("fapi", jwks=keys, profile="fapi2")
    server = start(demo | {"clients": [*demo["clients"], fapi]})

    assert present(http, server, Signer("RS256", key=RSA.key).sign(claims(server, "fapi"))) == REFUSED
    assert present(http, server, RSA.sign(claims(server, "fapi"))) != REFUSED


def test_two_keys_of_one_name_are_told_apart(http: httpx.Client, start: Start) -> None:
    """FAPI 2.0 Security Profile section 5.4.2: by what else they say."""
    demo = demo_realm()
    keys = {"keys": [OTHER.jwk, RSA.jwk, KEYED.jwk, ED.jwk]}
    assert {key["kid"] for key in keys["keys"]} == {"key"}
    server = start(demo | {"clients": [*demo["clients"], client("twins", jwks=keys)]})

    for signer in (KEYED, RSA, ED):
        assert present(http, server, signer.sign(claims(server, "twins"))) == (200, None), signer.alg


@pytest.mark.attack
def test_a_kid_that_is_no_key_finds_none(http: httpx.Client, server: RunningServer) -> None:
    kids: tuple[Any, ...] = ("../../dev/null", "' UNION SELECT 'key'--", "k" * 3000, 0, ["key"], {}, "")
    for kid in kids:
        assert present(http, server, KEYED.sign(claims(server), kid=kid)) == REFUSED, kid


@pytest.mark.attack
def test_a_header_with_an_extension_is_refused(http: httpx.Client, server: RunningServer) -> None:
    headers: list[dict[str, Any]] = [
        *({"crit": ["bork"], "bork": 1}, {"crit": []}, {"crit": ["b64"], "b64": False}, {"b64": False}),
    ]
    for header in headers:
        assert present(http, server, KEYED.sign(claims(server), **header)) == REFUSED, header


@pytest.mark.attack
def test_what_is_no_compact_jwt_is_refused(http: httpx.Client, server: RunningServer) -> None:
    protected, payload, signature = KEYED.sign(claims(server)).split(".")
    nested = base64.urlsafe_b64encode(b"[" * 1900).decode().rstrip("=")
    for assertion in (
        *("x", ".", "..", "...", "." * 8000, "a" * 8192, "\x7f", f"{nested}.{nested}.{nested}"),
        f"{protected}.{nested}.{signature}",
        f"{protected}.{forge.encoded([])}.{signature}",
        json.dumps({"payload": payload, "signatures": []}),
        json.dumps({"payload": payload, "signatures": [{"protected": protected, "signature": signature}]}),
        json.dumps({"payload": payload, "protected": protected, "signature": signature}),
    ):
        assert present(http, server, assertion) == REFUSED, assertion[:40]


@pytest.mark.attack
def test_one_method_a_client(http: httpx.Client, server: RunningServer) -> None:
    """A secret is no key, a key no secret, and the name alone proves nothing."""
    good = claims(server, "portal")

    assert present(http, server, KEYED.sign(good)) == REFUSED
    assert present(http, server, MAC.sign(good)) == REFUSED
    assert present(http, server, MAC.sign(claims(server))) == REFUSED
    assert present(http, server, KEYED.sign(claims(server, "macced"))) == REFUSED
    assert present(http, server, KEYED.sign(claims(server, "cli"))) == REFUSED
    url, form = server.endpoint("token"), {"grant_type": "client_credentials"}
    for named in ({"client_id": "keyed"}, {"client_id": "macced"}, {"client_id": "macced", "client_secret": SECRET}):
        assert http.post(url, data=form | named).status_code == 401
    assert http.post(url, data=form, auth=("macced", SECRET)).status_code == 401


@pytest.mark.attack
def test_two_methods_at_once_are_refused(http: httpx.Client, server: RunningServer) -> None:
    assertion = KEYED.sign(claims(server))
    form = {"grant_type": "client_credentials", "client_assertion_type": TYPE, "client_assertion": assertion}

    assert present(http, server, assertion, client_secret="x") == (400, "invalid_request")
    assert http.post(server.endpoint("token"), data=form, auth=("keyed", "x")).status_code == 400
    assert present(http, server, assertion) == (200, None)


def test_the_client_id_beside_it_must_be_the_same(http: httpx.Client, server: RunningServer) -> None:
    assert present(http, server, KEYED.sign(claims(server)), client_id="keyed") == (200, None)
    assert present(http, server, KEYED.sign(claims(server)), client_id="other") == REFUSED


def test_another_type_of_assertion_is_not_offered(http: httpx.Client, server: RunningServer) -> None:
    assertion = KEYED.sign(claims(server))

    for kind in ("urn:ietf:params:oauth:client-assertion-type:saml2-bearer", "x", None):
        assert present(http, server, assertion, client_assertion_type=kind) == (400, "invalid_request")
    assert present(http, server, "", client_assertion=None) == REFUSED


@pytest.mark.attack
def test_a_client_that_is_shut_does_not_get_in(http: httpx.Client, server: RunningServer) -> None:
    assert present(http, server, KEYED.sign(claims(server, "shut"))) == REFUSED


@pytest.mark.attack
def test_what_was_used_stays_used_where_the_clock_is_behind_that_of_the_machine_which_tidies_up(
    http: httpx.Client, server: RunningServer
) -> None:
    assertion = KEYED.sign(claims(server, exp=server.clock() + 1))
    assert present(http, server, assertion) == (200, None)

    tidied(server, server.clock() + 10)

    assert present(http, server, assertion) == REFUSED


def test_what_is_remembered_goes_some_time_after_its_own(http: httpx.Client, server: RunningServer) -> None:
    present(http, server, KEYED.sign(claims(server)))

    assert tidied(server, server.clock() + 3661 + 300) == 0


def tidied(server: RunningServer, now: int) -> int:
    """How many identifiers a machine remembers after it has tidied up, at that time by its clock."""
    database = Database(server.settings.database)
    with database.write() as tx:
        remove_expired(tx, now=now, longest=1, longest_session=1, longest_trust=0)
        left = len(tx.execute(used_identifiers.select()).all())
    database.close()
    return left
