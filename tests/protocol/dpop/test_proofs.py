"""A proof is made for one request, by its own key, now, and is good once (RFC 9449 section 4.3)."""

import json
import threading
import warnings
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from joserfc.jwk import OctKey, RSAKey

from tests.clock import Clock
from tests.conftest import Start
from tests.portal import Portal, Tokens
from tests.protocol import forge
from tests.protocol.dpop.holder import Holder
from tests.protocol.signer import Signer, make_key
from tests.running import RunningServer, demo_client, demo_realm

BAD = (400, "invalid_dpop_proof")


def outcome(holder: Holder, *proofs: str) -> tuple[int, str | None]:
    tokens = Tokens(holder.post(*proofs, grant_type="client_credentials"))
    return tokens.status, tokens.error


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "PS256", "RS256", "EdDSA"])
def test_each_named_algorithm_is_taken(holder_of: Callable[..., Holder], alg: str) -> None:
    """Keys of RSA make headers longer than many a library takes."""
    holder = holder_of("job", alg)

    tokens = holder.token(grant_type="client_credentials")

    assert tokens.body["token_type"] == "DPoP"
    assert tokens.access_claims["cnf"] == {"jkt": holder.jkt}


@pytest.mark.attack
def test_a_proof_is_good_once(job: Holder) -> None:
    job.fetch_nonce()
    proof = job.proof()

    assert outcome(job, proof) == (200, None)
    assert outcome(job, proof) == BAD


def test_a_parameter_of_the_header_that_nobody_knows_is_ignored(job: Holder) -> None:
    job.fetch_nonce()

    assert outcome(job, job.sign(job.claims("token"), foo="bar")) == (200, None)


@pytest.mark.attack
def test_a_proof_is_good_once_for_all_servers_of_a_database(start: Start) -> None:
    """On another machine, or after a restart."""
    job = demo_client("nightly-report") | {"client_id": "job", "dpop_bound_access_tokens": True}
    demo = demo_realm()
    realm = demo | {"clients": [*demo["clients"], job]}
    first = start(realm)
    # The address that a proof is made for is that of all of them.
    second = start(realm, public_url=first.url)
    holder = Holder(Portal(first, job))
    holder.fetch_nonce()
    proof = holder.proof()
    path = "/realms/demo/protocol/openid-connect/token"

    def status(server: RunningServer, proof: str) -> int:
        auth = ("job", str(holder.portal.secret))
        form, headers = {"grant_type": "client_credentials"}, {"dpop": proof, "host": first.url.removeprefix("http://")}
        return httpx.post(server.address + path, data=form, headers=headers, auth=auth).status_code

    assert [status(first, proof), status(second, proof), status(second, holder.proof())] == [200, 400, 200]
    holder.portal.close()


@pytest.mark.attack
def test_an_identifier_is_good_once_for_its_key_and_no_other(holder_of: Callable[..., Holder]) -> None:
    first, second = holder_of("job"), holder_of("job")
    first.fetch_nonce(), second.fetch_nonce()

    assert outcome(first, first.proof(jti="the same")) == (200, None)
    assert outcome(second, second.proof(jti="the same")) == (200, None)
    assert outcome(first, first.proof(jti="the same")) == BAD


@pytest.mark.attack
def test_of_many_at_once_one_is_taken(job: Holder, server: RunningServer) -> None:
    job.fetch_nonce()
    proof = job.proof()
    outcomes: list[tuple[int, str | None]] = []

    def send() -> None:
        portal = Portal(server, job.portal.registered)
        outcomes.append(outcome(Holder(portal, signer=job.signer), proof))
        portal.close()

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes, key=str) == sorted([(200, None), *[BAD] * 9], key=str)


@pytest.mark.attack
@pytest.mark.parametrize(
    ("seconds", "good"), [(-61, False), (-60, True), (0, True), (10, True), (11, False), (86400, False)]
)
def test_a_proof_is_made_now(job: Holder, server: RunningServer, seconds: int, good: bool) -> None:
    job.fetch_nonce()

    answer = outcome(job, job.proof(iat=server.clock() + seconds))

    assert answer == ((200, None) if good else BAD)


def test_a_nonce_may_come_from_a_machine_whose_clock_is_a_little_ahead(job: Holder, server: RunningServer) -> None:
    job.fetch_nonce()
    server.clock.advance(-10)
    in_time = outcome(job, job.proof())
    server.clock.advance(-1)
    too_far = outcome(job, job.proof())
    server.clock.advance(11)

    assert (in_time, too_far) == ((200, None), (400, "use_dpop_nonce"))


@pytest.mark.attack
def test_a_proof_is_good_for_no_longer_than_it_says(job: Holder, server: RunningServer) -> None:
    job.fetch_nonce()
    now = server.clock()
    wrong: list[dict[str, Any]] = [
        *({"exp": now}, {"exp": now - 1}, {"nbf": now + 11}, {"exp": str(now + 9)}, {"nbf": True}),
        *({"exp": now - 0.5}, {"nbf": now + 11.5}, {"nbf": 1e300}, {"exp": float("nan")}, {"nbf": float("nan")}),
    ]
    for claims in wrong:
        assert outcome(job, job.proof(**claims)) == BAD, claims

    assert outcome(job, job.proof(exp=now + 1, nbf=now + 10)) == (200, None)


@pytest.mark.attack
def test_a_time_may_have_a_fraction(job: Holder, server: RunningServer) -> None:
    """RFC 7519 section 2, NumericDate. It is remembered for as long as it is good."""
    job.fetch_nonce()
    made = server.clock() - 0.25
    proof = job.proof(iat=made, exp=made + 59.5)

    assert outcome(job, proof) == (200, None)
    assert outcome(job, proof) == BAD
    assert outcome(job, job.proof(iat=float("nan"))) == BAD


MODULI: tuple[Any, ...] = ("A" * 341 + "E", "*" * 400, 7, [])
WRONG: dict[str, list[Any]] = {
    "htm": [None, "GET", "post", "", 7],
    "htu": [None, "", "https://elsewhere.example/token", "not a URL", 7, "http://[", "javascript:x"],
    "iat": [None, "9", True, 1e300, -1],
    "jti": [None, "", 7, "j" * 256],
    "nonce": [7, True],
}


@pytest.mark.attack
@pytest.mark.parametrize("name", WRONG)
def test_a_claim_that_is_missing_or_wrong_is_refused(job: Holder, name: str) -> None:
    job.fetch_nonce()

    for value in WRONG[name]:
        assert outcome(job, job.proof(**{name: value})) == BAD, value


@pytest.mark.attack
def test_a_proof_for_another_address_is_refused(job: Holder, server: RunningServer) -> None:
    job.fetch_nonce()
    for htu in (
        server.endpoint("token", "other"),
        server.endpoint("token/introspect"),
        server.endpoint("token") + "/",
        server.endpoint("token").replace("/realms/", "/Realms/"),
        server.endpoint("token").replace("http:", "https:"),
        server.endpoint("token").replace("localhost", "user@localhost"),
    ):
        assert outcome(job, job.proof(htu=htu)) == BAD, htu


def test_the_address_is_compared_without_query_and_case_of_the_host(job: Holder, server: RunningServer) -> None:
    job.fetch_nonce()
    url = server.endpoint("token")

    for htu in (url + "?a=b", url + "#c", url.replace("http://localhost", "HTTP://LOCALHOST")):
        assert outcome(job, job.proof(htu=htu)) == (200, None), htu


@pytest.mark.attack
def test_a_header_that_is_not_a_proofs_is_refused(job: Holder) -> None:
    job.fetch_nonce()
    private = dict(job.signer.key.as_dict(private=True))
    headers: list[dict[str, Any]] = [
        *({"typ": "JWT"}, {"typ": None}, {"typ": "DPOP+JWT"}, {"typ": 7}),
        *({"jwk": None}, {"jwk": private}, {"jwk": Signer("ES256").jwk}, {"jwk": {}}, {"jwk": "x"}, {"jwk": []}),
        *({"jwk": {"kty": "oct", "k": "AAAA"}}, {"jwk": job.signer.jwk | {"x": "AAAA"}}),
        *({"crit": []}, {"crit": ["b64"], "b64": False}, {"jwk": {"kty": "RSA", "e": "AQAB", "n": "A" * 342}}),
        *({"alg": "RS256", "jwk": {"kty": "RSA", "e": "AQAB", "n": n}} for n in MODULI),
        *({"alg": alg} for alg in ("none", "HS256", "ES384", "RS256", "ES256K", "", None, 7)),
    ]
    for header in headers:
        assert outcome(job, job.sign(job.claims("token"), **header)) == BAD, header


@pytest.mark.attack
def test_a_symmetric_key_proves_nothing(job: Holder) -> None:
    job.fetch_nonce()
    secret = OctKey.generate_key(256)
    header = {"typ": "dpop+jwt", "alg": "HS256", "jwk": secret.as_dict()}

    assert outcome(job, forge.mac_with(secret.raw_value, header, job.claims("token"))) == BAD


@pytest.mark.attack
def test_a_weak_key_proves_nothing(holder_of: Callable[..., Holder]) -> None:
    holder = holder_of("job")
    holder.fetch_nonce()
    with warnings.catch_warnings(action="ignore"):
        weak = Holder(holder.portal, signer=Signer("PS256", key=RSAKey.generate_key(1024), kid=None))
    weak.nonce = holder.nonce

    assert outcome(weak, weak.proof()) == BAD


@pytest.mark.attack
def test_what_is_no_compact_jwt_is_refused(job: Holder) -> None:
    job.fetch_nonce()
    good = job.proof()
    header, payload, signature = good.split(".")
    for proof in (
        "",
        "x",
        "..",
        "." * 4000,
        good + ".",
        f"{header}.{payload}.",
        good[:-2],
        f"{header}..{signature}",
        json.dumps({"protected": header, "payload": payload, "signature": signature}),
        json.dumps({"payload": payload, "signatures": []}),
        "ä",
    ):
        assert outcome(job, proof) == BAD, proof[:30]
    assert outcome(job, good, good) == BAD
    assert outcome(job, good, "x") == BAD


@pytest.mark.attack
def test_a_proof_needs_a_nonce_of_this_server_not_older_than_five_minutes(start: Start, clock: Clock) -> None:
    job = {"client_id": "job", "client_secret": "the secret of the job", "grant_types": ["client_credentials"]}
    demo = demo_realm()
    clients = [*demo["clients"], job | {"scope": "payments", "dpop_bound_access_tokens": True}]
    server = start(demo | {"clients": clients}, demo_realm("other") | {"clients": clients})
    holder, elsewhere = (Holder(Portal(server, clients[-1], realm=name)) for name in ("demo", "other"))
    nonce, foreign = holder.fetch_nonce(), elsewhere.fetch_nonce()
    needs = (400, "use_dpop_nonce")

    written, _, tag = nonce.partition(".")
    for wrong in (
        None,
        "",
        "x",
        foreign,
        tag,
        written,
        f"{int(written) + 1}.{tag}",
        f"{written}.{tag}A",
        "1" * 99,
    ):
        assert outcome(holder, holder.proof(nonce=wrong)) == needs, wrong
    assert outcome(holder, holder.proof()) == (200, None)
    clock.advance(300)
    assert outcome(holder, holder.proof()) == (200, None)
    clock.advance(1)
    assert outcome(holder, holder.proof()) == needs
    for each in (holder, elsewhere):
        each.portal.close()


def test_every_good_answer_brings_the_next_nonce(job: Holder) -> None:
    answer = job.token(grant_type="client_credentials").response

    job.nonce = answer.headers["dpop-nonce"]
    assert job.token(grant_type="client_credentials").status == 200


def test_asking_for_a_nonce_uses_nothing_up(
    holder_of: Callable[..., Holder], server: RunningServer, visit: Callable[..., Any]
) -> None:
    holder = holder_of("cli")
    code = holder.portal.code(visit(server), scope="openid")
    from tests.portal import VERIFIER

    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    form["redirect_uri"] = holder.portal.redirect_uri
    first = Tokens(holder.post(holder.proof(), **form))
    assert first.error == "use_dpop_nonce"
    holder.nonce = first.response.headers["dpop-nonce"]

    assert Tokens(holder.post(holder.proof(), **form)).status == 200


@pytest.mark.attack
def test_a_key_made_for_another_algorithm_does_not_verify(job: Holder) -> None:
    """The header's algorithm and the header's key have to fit."""
    job.fetch_nonce()
    other = Signer("ES384", key=make_key("ES384", None), kid=None)

    assert outcome(job, other.sign(job.claims("token"), typ="dpop+jwt", jwk=other.jwk, alg="ES256")) == BAD
