"""For whom a token comes of an issuer's word, and what it says: nothing of a sign-in (RFC 7523 section 2.1)."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from idp.store import tables
from idp.store.database import Database
from tests.account.owner import Owner
from tests.conftest import Log, Start
from tests.portal import Portal
from tests.protocol import forge
from tests.protocol.administrator import Administrator
from tests.protocol.dpop.holder import Holder
from tests.protocol.jwt_bearer.issuer import (
    BATCH,
    BOUND,
    FRESH,
    GRANT,
    GUARDED,
    ISSUER,
    PAIRED,
    SIGNER,
    STRONG,
    WITH_REFRESH,
    claims,
    for_,
    issuer,
    present,
    realm,
)
from tests.protocol.token_exchange.test_token_exchange import ACCESS
from tests.protocol.token_exchange.test_token_exchange import GRANT as EXCHANGE
from tests.running import RunningServer
from tests.visitor import Visitor

Register = Callable[..., Portal]
SIGN_IN = {"acr", "amr", "auth_time", "sid"}


def test_a_client_gets_a_token_for_somebody_who_is_not_there(batch: Portal) -> None:
    tokens = for_(batch)

    said = batch.verified(tokens.access)
    assert (tokens.status, tokens.body["token_type"], tokens.body["scope"]) == (200, "Bearer", "openid profile")
    assert (said["client_id"], said["aud"], said["scope"]) == ("batch", "batch", "openid profile")
    assert batch.userinfo(tokens.access).json()["preferred_username"] == "alice"
    assert batch.introspect(tokens.access)["username"] == "alice"


@pytest.mark.attack
def test_an_issuers_word_is_no_proof(server: RunningServer, register: Register) -> None:
    """Also where the client gets refresh tokens and ID tokens by another grant."""
    both = register(server, WITH_REFRESH)

    tokens = for_(both)

    assert tokens.body.keys() == {"access_token", "token_type", "expires_in", "scope", "not-before-policy"}
    assert not SIGN_IN & tokens.access_claims.keys()
    assert not SIGN_IN & both.introspect(tokens.access).keys()


@pytest.mark.attack
def test_what_else_an_issuer_says_changes_nothing(batch: Portal) -> None:
    """RFC 7523 section 3 (8)."""
    wished = {"scope": "admin", "client_id": "portal", "azp": "portal", "roles": ["admin"], "cnf": {"jkt": "x"}}
    proven = {"acr": "phishing-resistant", "amr": ["mfa"], "auth_time": batch.server.clock(), "sid": "x", "gid": "x"}
    by_clock = ("jti", "gid")

    plain, more = (present(batch, SIGNER.sign(claims(batch.server) | said)) for said in ({}, wished | proven))

    assert (more.status, more.body.keys()) == (200, plain.body.keys())
    assert {n: v for n, v in more.access_claims.items() if n not in by_clock} == {
        n: v for n, v in plain.access_claims.items() if n not in by_clock
    }
    assert more.access_claims["gid"] != "x"


def test_the_person_is_the_one_that_signs_in_elsewhere(
    server: RunningServer, register: Register, visit: Callable[..., Visitor]
) -> None:
    both = register(server, WITH_REFRESH)

    assert for_(both).access_claims["sub"] == both.sign_in(visit(server)).access_claims["sub"]


def test_a_pairwise_client_learns_no_more_than_its_own_sub(server: RunningServer, register: Register) -> None:
    paired = register(server, PAIRED)

    named, pairwise = for_(register(server, BATCH)).access_claims, for_(paired).access_claims
    assert pairwise["sub"] != named["sub"]
    assert named["sub"] not in str(pairwise)


@pytest.mark.attack
@pytest.mark.parametrize("client", [GUARDED, STRONG, FRESH], ids=["a rule", "a default acr", "a default age"])
def test_where_anything_is_to_be_proven_nothing_comes_of_it(
    server: RunningServer, register: Register, client: dict[str, Any]
) -> None:
    """Even where the password would do."""
    assert for_(register(server, client)).error == "invalid_grant"


@pytest.mark.attack
def test_a_rule_for_a_role_binds(batch: Portal) -> None:
    assert for_(batch, "ada").error == "invalid_grant"


@pytest.mark.attack
def test_a_rule_for_where_people_are_binds(batch: Portal) -> None:
    """Who presents an assertion is a server: nobody knows where the person is."""
    assertion = SIGNER.sign(claims(batch.server))

    assert present(batch, assertion, scope="payments").error == "invalid_grant"


@pytest.mark.attack
def test_an_invitation_that_is_a_duty_binds(start: Start, register: Register) -> None:
    due = {"when": {"roles": ["developer"]}, "level": "two-factor", "until": "2020-01-01"}
    server = start(realm(second_factor={"encourage": due}))

    assert for_(register(server, BATCH)).error == "invalid_grant"


@pytest.mark.attack
@pytest.mark.parametrize("befall", ["disable_for_a_moment", "reset_factors", "disable", "delete"])
def test_the_token_ends_with_what_befalls_the_person(
    start: Start, register: Register, administer: Callable[..., Administrator], befall: str
) -> None:
    server = start(realm())
    batch = register(server, BATCH)
    token = for_(batch).access
    assert batch.introspect(token)["active"]

    getattr(administer(server), befall)("alice")

    assert batch.introspect(token) == {"active": False}
    assert batch.userinfo(token).status_code == 401
    is_there = befall in ("disable_for_a_moment", "reset_factors")
    assert for_(batch).error == (None if is_there else "invalid_grant")


@pytest.mark.attack
def test_a_disabled_person_gets_none(
    start: Start, register: Register, administer: Callable[..., Administrator]
) -> None:
    server = start(realm())
    batch = register(server, BATCH)
    administer(server).disable("alice")

    assert for_(batch).error == "invalid_grant"
    administer(server).enable("alice")
    assert for_(batch).status == 200


@pytest.mark.attack
def test_a_subject_is_the_exact_name_of_somebody(batch: Portal) -> None:
    """What this server takes for one name may be two people's at the issuer."""
    others = (
        "nobody",
        "Alice",
        "ALICE",
        " alice",
        "alice ",
        "ａｌｉｃｅ",
        "alice@example.com",
        "' or 1=1--",
        "a" * 4000,
    )

    for other in others:
        assert for_(batch, other).error == "invalid_grant", other


@pytest.mark.attack
def test_an_address_names_who_has_verified_it(start: Start, register: Register) -> None:
    server = start(realm(trusted_issuers=[issuer(subject="email")]))
    batch, address = register(server, BATCH), "alice@example.com"
    assert for_(batch, address).error == "invalid_grant"

    database = Database(server.settings.database)
    with database.write() as tx:
        tx.execute(update(tables.users).values(email_verified=True))
    database.close()

    assert for_(batch, address).status == 200
    for other in ("alice", "Alice@example.com", "alice@EXAMPLE.com", "carol@example.com"):
        assert for_(batch, other).error == "invalid_grant", other


@pytest.mark.attack
def test_the_scopes_are_the_clients(batch: Portal) -> None:
    for scope in ("offline_access", "openid offline_access", "x"):
        assert present(batch, SIGNER.sign(claims(batch.server)), scope=scope).error == "invalid_scope"


@pytest.mark.attack
def test_it_cannot_be_exchanged(start: Start, register: Register) -> None:
    """Rules are decided over proofs, and there are none."""
    both = BATCH | {"grant_types": [GRANT, EXCHANGE]}
    server = start(realm(clients=[both], trusted_issuers=[issuer(clients=["batch"])], second_factor={}))
    batch = register(server, both)

    exchanged = batch.token(grant_type=EXCHANGE, subject_token=for_(batch).access, subject_token_type=ACCESS)

    assert exchanged.error == "invalid_request"


@pytest.mark.attack
def test_the_person_sees_it_and_ends_it(
    server: RunningServer, batch: Portal, register: Register, visit: Callable[..., Visitor]
) -> None:
    owner, other = Owner(visit(server)), for_(register(server, WITH_REFRESH)).access
    token = for_(batch).access

    page = owner.open("/applications")
    assert "batch" in page.text
    assert "See your name" in page.text
    owner.change("/applications/batch/withdraw")

    assert "batch" not in owner.open("/applications").text
    assert batch.introspect(token) == {"active": False}
    assert batch.userinfo(token).status_code == 401
    assert batch.userinfo(other).status_code == 200


@pytest.mark.attack
def test_signing_out_leaves_it(server: RunningServer, batch: Portal, visit: Callable[..., Visitor]) -> None:
    """It rests on no session."""
    owner, token = Owner(visit(server)), for_(batch).access
    owner.open()
    visitor = owner.visitor
    visitor.submit(visitor.get(server.endpoint("logout")))

    assert batch.introspect(token)["active"] is True


def test_it_can_be_revoked(batch: Portal) -> None:
    token, other = for_(batch).access, for_(batch).access

    assert batch.call("revoke", token=token).status_code == 200

    assert [batch.introspect(t)["active"] for t in (token, other)] == [False, True]


def test_a_client_of_bound_tokens_gets_a_bound_one(server: RunningServer, register: Register) -> None:
    holder = Holder(register(server, BOUND))
    form = {"grant_type": GRANT, "scope": "openid"}

    bound = holder.token(**form, assertion=SIGNER.sign(claims(server)))

    assert bound.access_claims["cnf"] == {"jkt": holder.jkt}
    assert holder.portal.token(**form, assertion=SIGNER.sign(claims(server))).error == "invalid_request"


def test_it_is_told_whose_token_was_issued(batch: Portal, log: Log) -> None:
    for_(batch)

    (issued,) = log.events("token.issued")
    assert (issued["grant_type"], issued["username"], issued["client_id"]) == ("jwt-bearer", "alice", "batch")


def test_the_grant_is_offered_where_somebody_is_trusted(
    server: RunningServer, start: Start, register: Register
) -> None:
    def metadata(of: RunningServer) -> list[str]:
        with of.http() as http:
            url = f"{of.issuer()}/.well-known/openid-configuration"
            offered: list[str] = http.get(url).json()["grant_types_supported"]
            return offered

    trusting_nobody = start()
    assert GRANT in metadata(server)
    assert GRANT not in metadata(trusting_nobody)
    assert present(register(trusting_nobody, "portal"), "x").error == "unsupported_grant_type"


def test_a_name_of_the_server_among_the_trusted_is_nobodys(start: Start) -> None:
    """Somebody trusts this realm's own keys: its tokens are no assertions for all that."""
    own = start(realm(), public_url="http://localhost:1")
    host = {"host": "localhost:1"}
    with own.http() as http:
        keys = http.get(f"{own.address}/realms/demo/protocol/openid-connect/certs", headers=host).json()["keys"]
    public = {n: v for n, v in next(k for k in keys if k["alg"] == "ES256").items() if n != "key_ops"}
    trusting = own.issuer()
    own.reload(realm(trusted_issuers=[issuer(trusting, jwks={"keys": [public]}), issuer(ISSUER)]))
    key = forge.own_keys(own)["ES256"]
    form = {"grant_type": GRANT, "scope": "openid"}

    def status(name: str, assertion: str) -> int:
        with own.http() as http:
            url = f"{own.address}/realms/demo/protocol/openid-connect/token"
            auth = (BATCH["client_id"], BATCH["client_secret"])
            return http.post(url, data=form | {"assertion": assertion}, auth=auth, headers=host).status_code

    said = claims(own, iss=trusting)
    assert status("own", forge.signed(key, {"alg": "ES256", "kid": public["kid"], "typ": "JWT"}, said)) == 400
    assert status("issuer", SIGNER.sign(claims(own))) == 200
