"""Which assertions are believed (RFC 7523 section 3), and every forgery of a JWT in their place (RFC 8725)."""

import base64
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import OctKey

from idp.settings import secret_keys
from tests.conftest import Start
from tests.portal import Portal
from tests.protocol import forge
from tests.protocol.jwt_bearer.issuer import (
    BATCH,
    GRANT,
    ISSUER,
    MAILING,
    OTHER,
    RSA,
    SIGNER,
    claims,
    issuer,
    present,
    realm,
)
from tests.protocol.party import Party, Says
from tests.protocol.signer import Signer
from tests.protocol.test_forged_tokens import BOMBS, KIDS
from tests.running import RunningServer

Register = Callable[..., Portal]


@pytest.fixture
def party() -> Iterator[Party]:
    party = Party()
    yield party
    party.close()


def error(portal: Portal, assertion: str | None, **form: Any) -> str | None:
    return present(portal, assertion, **form).error


def changed(portal: Portal, **claim: Any) -> str | None:
    """What becomes of an assertion of which that is different."""
    return error(portal, SIGNER.sign(claims(portal.server, **claim)))


def test_the_audience_is_the_issuer_or_the_token_endpoint(batch: Portal) -> None:
    server = batch.server
    for audience in (server.issuer(), server.endpoint("token"), [server.issuer(), server.endpoint("token")]):
        assert changed(batch, aud=audience) is None


@pytest.mark.attack
def test_any_other_audience_is_refused(batch: Portal) -> None:
    server, own = batch.server, batch.server.issuer()
    others: tuple[Any, ...] = (
        *(None, "", 7, {}, [], [7], own + "/", own.upper(), server.issuer("other"), server.endpoint("auth")),
        *("batch", [own, "https://elsewhere.example"], server.endpoint("token", "other"), ISSUER),
    )
    for audience in others:
        assert changed(batch, aud=audience) == "invalid_grant", audience


@pytest.mark.attack
def test_a_claim_that_is_missing_or_of_another_type_is_refused(batch: Portal) -> None:
    now = batch.server.clock()
    wrong: dict[str, tuple[Any, ...]] = {
        "exp": (None, "9", True, 1e300, now + 0.5, [now + 9], 0, -1, now, now - 1, now + 311, now + 86400),
        "iat": ("9", True, 1e300, now + 61),
        "nbf": ("9", False, 1e300, now + 61),
        "iss": (None, "", 7, ["https://issuer.example"], ISSUER + "/", ISSUER.upper(), "batch", "https://evil.test"),
        "sub": (None, "", 7, ["alice"], {"a": 1}, True),
        "jti": (None, "", 7, "j" * 256),
    }
    for name, values in wrong.items():
        for value in values:
            assert changed(batch, **{name: value}) == "invalid_grant", (name, value)


def test_a_life_as_long_as_the_realm_allows_is_good(batch: Portal, start: Start, register: Register) -> None:
    """A clock that is ten seconds ahead is forgiven."""
    now = batch.server.clock()
    assert changed(batch, exp=now + 310, iat=now + 10, nbf=now + 10) is None

    short = register(start(realm(trusted_issuers=[issuer(max_lifetime="30s")])), BATCH)
    assert changed(short, exp=now + 41) == "invalid_grant"
    assert changed(short, exp=now + 40) is None


@pytest.mark.attack
def test_an_assertion_is_good_once(batch: Portal) -> None:
    first = claims(batch.server)

    assert error(batch, SIGNER.sign(first)) is None
    assert error(batch, SIGNER.sign(first)) == "invalid_grant"
    assert error(batch, SIGNER.sign(first | {"exp": first["exp"] + 5, "sub": "bob"})) == "invalid_grant"


@pytest.mark.attack
def test_of_many_at_once_one_is_taken(server: RunningServer, batch: Portal) -> None:
    assertion, outcomes = SIGNER.sign(claims(server)), list[int]()
    form = {"grant_type": GRANT, "assertion": assertion, "scope": "openid"}

    def ask() -> None:
        with server.http() as http:
            auth = (BATCH["client_id"], BATCH["client_secret"])
            outcomes.append(http.post(server.endpoint("token"), data=form, auth=auth).status_code)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == [200, *[400] * 11]


@pytest.mark.attack
def test_an_assertion_stays_used_after_a_restart(start: Start, register: Register) -> None:
    first = start(realm(), public_url="http://localhost:1")
    again = start(realm(), public_url="http://localhost:1")
    form = {"grant_type": GRANT, "assertion": SIGNER.sign(claims(first)), "scope": "openid"}
    statuses = []
    for server in (first, again):
        with server.http() as http:
            url = f"{server.address}/realms/demo/protocol/openid-connect/token"
            auth = (BATCH["client_id"], BATCH["client_secret"])
            statuses.append(http.post(url, data=form, auth=auth, headers={"host": "localhost:1"}).status_code)

    assert statuses == [200, 400]


@pytest.mark.attack
def test_nobody_uses_up_another_issuers_identifier(start: Start, register: Register) -> None:
    theirs, identifier = Signer("ES256"), secrets.token_hex(8)
    server = start(realm(trusted_issuers=[issuer(), issuer("https://third.example", jwks=theirs.jwks)]))
    batch = register(server, BATCH)

    assert error(batch, theirs.sign(claims(server, iss="https://third.example", jti=identifier))) is None
    assert error(batch, SIGNER.sign(claims(server, jti=identifier))) is None


@pytest.mark.attack
def test_each_issuer_signs_for_itself_and_at_its_own_clients(
    batch: Portal, server: RunningServer, register: Register
) -> None:
    other = register(server, OTHER)

    assert error(batch, SIGNER.sign(claims(server, iss=MAILING))) == "invalid_grant"
    assert error(other, SIGNER.sign(claims(server, "alice@example.com", iss=MAILING))) == "invalid_grant"
    assert error(other, SIGNER.sign(claims(server))) == "invalid_grant"


@pytest.mark.attack
def test_another_realm_does_not_take_it(batch: Portal, server: RunningServer, register: Register) -> None:
    """Although it trusts the same issuer."""
    assertion = SIGNER.sign(claims(server))

    assert error(register(server, BATCH, realm="other"), assertion) == "invalid_grant"
    assert error(batch, assertion) is None


@pytest.mark.attack
def test_only_a_client_that_is_registered_and_proven_may_ask(server: RunningServer, register: Register) -> None:
    assertion = SIGNER.sign(claims(server))
    form = {"grant_type": GRANT, "assertion": assertion}

    assert error(register(server, "portal"), assertion) == "unauthorized_client"
    assert error(register(server, "cli"), assertion) == "invalid_client"
    with server.http() as http:
        url = server.endpoint("token")
        alone = (http.post(url, data=form), http.post(url, data=form | {"client_id": "batch"}))
        wrong = http.post(url, data=form, auth=("batch", "a wrong secret of it"))
    assert [answer.json()["error"] for answer in (*alone, wrong)] == ["invalid_client"] * 3
    assert error(register(server, BATCH), assertion) is None


def test_without_an_assertion_there_is_nothing_to_ask_for(batch: Portal) -> None:
    assert error(batch, None) == "invalid_request"


@pytest.mark.attack
def test_what_nobody_trusted_has_signed_is_refused(batch: Portal) -> None:
    """JW-01, JW-03."""
    good, stranger = claims(batch.server), Signer("ES256")
    for alg in ("none", "None", "nOnE", "", None, 0, ["ES256"]):
        head = forge.encoded({"alg": alg, "kid": "key", "typ": "JWT"})
        assert error(batch, f"{head}.{forge.encoded(good)}.") == "invalid_grant", alg
    with_key: tuple[dict[str, Any], ...] = (
        {},
        {"jwk": stranger.jwk},
        {"jku": "http://127.0.0.1:1/keys"},
        {"x5u": "http://127.0.0.1:1/x"},
        {"x5c": ["AAAA"]},
    )
    for header in with_key:
        assert error(batch, stranger.sign(good, **header)) == "invalid_grant", header
    signed = SIGNER.sign(good)
    for broken in (signed[:-2], signed + "A", signed + ".", signed.swapcase(), signed[: len(signed) // 2]):
        assert error(batch, broken) == "invalid_grant"
    assert error(batch, signed) is None


@pytest.mark.attack
def test_a_public_key_is_no_secret(batch: Portal) -> None:
    """JW-02."""
    pem = RSA.key.as_pem(private=False)  # type: ignore[union-attr]
    der = RSA.key.as_der(private=False)  # type: ignore[union-attr]
    forms = (pem, pem.replace(b"\n", b"\r\n"), pem.strip(), b" " + pem, der, json.dumps(RSA.jwk).encode(), b"")
    for secret in (*forms, base64.urlsafe_b64decode(f"{RSA.jwk['n']}==")):
        assertion = forge.mac_with(secret, {"alg": "HS256", "kid": "rsa"}, claims(batch.server))
        assert error(batch, assertion) == "invalid_grant"


@pytest.mark.attack
def test_the_algorithm_is_the_one_that_the_realm_file_names(batch: Portal) -> None:
    """JW-07: by a key of the issuer, which signs by another one too."""
    assert error(batch, RSA.sign(claims(batch.server))) == "invalid_grant"
    assert error(batch, Signer("PS256", key=RSA.key, kid="rsa").sign(claims(batch.server))) == "invalid_grant"


@pytest.mark.attack
def test_a_kid_is_a_name_of_a_key_and_nothing_more(batch: Portal) -> None:
    """JW-04."""
    for kid in KIDS:
        if kid is not None:
            assert error(batch, SIGNER.sign(claims(batch.server), kid=kid)) == "invalid_grant", kid
    assert error(batch, SIGNER.sign(claims(batch.server), kid="rsa")) == "invalid_grant"
    assert error(batch, SIGNER.sign(claims(batch.server), kid=None)) is None


@pytest.mark.attack
def test_a_demand_that_is_not_understood_is_not_passed_over(batch: Portal) -> None:
    """JW-05."""
    headers: list[dict[str, Any]] = [
        *({"crit": ["bork"], "bork": 1}, {"crit": []}, {"crit": ["b64"], "b64": False}, {"b64": False}),
    ]
    for header in headers:
        assert error(batch, SIGNER.sign(claims(batch.server), **header)) == "invalid_grant", header


@pytest.mark.attack
def test_another_serialization_is_none(batch: Portal) -> None:
    """JW-06, JW-09."""
    head, body, signature = SIGNER.sign(claims(batch.server)).split(".")
    good = {"protected": head, "signature": signature}
    forms: list[dict[str, Any]] = [
        {"payload": body, "signatures": []},
        {"payload": body, "signatures": [good]},
        {"payload": body, "signatures": [{"protected": head, "signature": "AAAA"}, good]},
        {"payload": body, **good},
    ]
    for form in forms:
        assert error(batch, json.dumps(form)) == "invalid_grant"
    sealed = jwe.encrypt_compact({"alg": "dir", "enc": "A128GCM"}, f"{head}.{body}".encode(), OctKey.generate_key(128))
    assert error(batch, sealed) == "invalid_grant"


@pytest.mark.attack
@pytest.mark.parametrize("case", [c for c in BOMBS if c != "NUL"])
def test_what_breaks_parsers_is_refused_like_anything_else(batch: Portal, case: str) -> None:
    """JW-08."""
    assert error(batch, BOMBS[case]) == "invalid_grant"


@pytest.mark.attack
def test_a_text_that_no_database_keeps_is_refused(batch: Portal) -> None:
    for text in ("alice\0", "\ud800"):
        for name in ("sub", "jti", "iss"):
            assert changed(batch, **{name: text}) == "invalid_grant"


@pytest.mark.attack
def test_a_token_of_another_kind_is_no_assertion(batch: Portal) -> None:
    """JW-12: although the issuer has signed it, and everything else is right."""
    others: tuple[Any, ...] = ("at+jwt", "application/at+jwt", "dpop+jwt", "logout+jwt", "secevent+jwt", "", 1, ["JWT"])
    for typ in others:
        assert error(batch, SIGNER.sign(claims(batch.server), typ=typ)) == "invalid_grant", typ
    for good in (None, "JWT", "jwt"):
        assert error(batch, SIGNER.sign(claims(batch.server), typ=good)) is None, good


@pytest.mark.attack
def test_another_spelling_of_a_used_assertion_is_used_too(batch: Portal) -> None:
    """JW-13."""
    assertion = SIGNER.sign(claims(batch.server))
    assert error(batch, assertion) is None

    for spelling in (assertion + "=", assertion + "==", assertion + "\n", assertion + " ", " " + assertion):
        assert error(batch, spelling) == "invalid_grant"


def test_an_issuer_may_publish_its_keys(start: Start, register: Register, party: Party) -> None:
    party.says["/keys"] = Says(body=json.dumps(SIGNER.jwks).encode())
    server = start(realm(trusted_issuers=[issuer(jwks=None, jwks_uri=f"{party.address}/keys")]))
    batch = register(server, BATCH)

    assert error(batch, SIGNER.sign(claims(server))) is None
    assert error(batch, Signer("ES256").sign(claims(server))) == "invalid_grant"
    assert party.next().path == "/keys"
    assert party.heard_nothing()


@pytest.mark.attack
def test_nothing_is_fetched_for_an_issuer_that_nobody_trusts(start: Start, register: Register, party: Party) -> None:
    """JW-03, DR-02: neither what the assertion names, nor for a name that is not in the file."""
    party.says["/keys"] = Says(body=json.dumps(SIGNER.jwks).encode())
    server = start(realm(trusted_issuers=[issuer(jwks=None, jwks_uri=f"{party.address}/keys")]))
    batch, address = register(server, BATCH), f"{party.address}/keys"

    for header in ({}, {"jku": address}, {"x5u": address}):
        assert error(batch, SIGNER.sign(claims(server, iss=party.address), **header)) == "invalid_grant"
    assert party.heard_nothing()


@pytest.mark.attack
def test_keys_in_a_private_network_are_not_fetched(start: Start, register: Register, party: Party) -> None:
    """In production."""
    party.says["/keys"] = Says(body=json.dumps(SIGNER.jwks).encode())
    trusted = issuer(jwks=None, jwks_uri=f"{party.address.replace('http:', 'https:')}/keys")
    production = realm(trusted_issuers=[trusted | {"clients": ["batch"]}], clients=[BATCH], second_factor={}, expect=[])
    del production["users"]
    server = start(production, dev=False, secret_keys=secret_keys({}, dev=True))

    assert error(register(server, BATCH), SIGNER.sign(claims(server))) == "invalid_grant"
    assert party.heard_nothing()
