"""Tokens that are bound to a key are good for who has it, and for nobody else (RFC 9449 sections 5 to 10)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.portal import Tokens
from tests.protocol.dpop.holder import Holder
from tests.running import RunningServer
from tests.visitor import Visitor

Visit = Callable[..., Visitor]


@pytest.fixture
def alice(server: RunningServer, visit: Visit) -> Visitor:
    return visit(server)


def signed_in(holder: Holder, visitor: Visitor, **changed: Any) -> Tokens:
    return holder.redeem(holder.portal.code(visitor, scope="openid profile", **changed))


def test_userinfo_takes_a_bound_token_with_its_proof(cli: Holder, alice: Visitor) -> None:
    tokens = signed_in(cli, alice)

    assert tokens.body["token_type"] == "DPoP"
    assert cli.userinfo(tokens.access).status_code == 200


@pytest.mark.attack
def test_userinfo_takes_it_in_no_other_way(cli: Holder, alice: Visitor, holder_of: Callable[..., Holder]) -> None:
    tokens, thief = signed_in(cli, alice), holder_of("cli")
    token, thief.nonce = tokens.access, cli.nonce
    used = cli.proof("userinfo", "GET", token=token)
    assert cli.userinfo(token, used).status_code == 200

    answers = {
        "as a bearer token": (cli.portal.userinfo(token), "invalid_token"),
        "as a bearer token with a proof": (cli.userinfo(token, scheme="Bearer"), "invalid_token"),
        "by another key": (thief.userinfo(token), "invalid_token"),
        "a proof for no token": (cli.userinfo(token, cli.proof("userinfo", "GET")), "invalid_dpop_proof"),
        "a proof for another": (
            cli.userinfo(token, cli.proof("userinfo", "GET", token=token + "x")),
            "invalid_dpop_proof",
        ),
        "a proof for a POST": (cli.userinfo(token, cli.proof("userinfo", "POST", token=token)), "invalid_dpop_proof"),
        "a proof for another place": (
            cli.userinfo(token, cli.proof("token", "GET", token=token)),
            "invalid_dpop_proof",
        ),
        "a proof that was used": (cli.userinfo(token, used), "invalid_dpop_proof"),
        "without a nonce": (
            cli.userinfo(token, cli.proof("userinfo", "GET", token=token, nonce=None)),
            "use_dpop_nonce",
        ),
    }
    for how, (response, error) in answers.items():
        assert (response.status_code, response.json()["error"]) == (401, error), how
        challenge = response.headers["www-authenticate"]
        assert f'error="{error}"' in challenge, how
        assert challenge.startswith(("Bearer" if how.startswith("as a bearer") else "DPoP") + f' error="{error}"'), how
        # The scheme that it did not come by may be used there, too, and has done nothing wrong.
        assert ("Bearer" in challenge, 'algs="ES256 ' in challenge, challenge.count("error=")) == (True, True, 1), how
    assert "dpop-nonce" in answers["without a nonce"][0].headers
    assert (
        cli.portal.http.get(
            cli.portal.server.endpoint("userinfo"), headers={"authorization": f"DPoP {token}"}
        ).status_code
        == 401
    )


@pytest.mark.attack
def test_a_bearer_token_with_a_proof_is_refused(cli: Holder, alice: Visitor) -> None:
    bearer = cli.portal.sign_in(alice, scope="openid")
    cli.fetch_nonce()

    assert bearer.body["token_type"] == "Bearer"
    assert cli.userinfo(bearer.access).status_code == 401


def test_pushing_a_request_and_userinfo_bring_the_next_nonce_too(cli: Holder, alice: Visitor) -> None:
    """RFC 9449 section 8.2."""
    tokens = signed_in(cli, alice)
    par, form = "ext/par/request", cli.portal.request(scope="openid")
    pushed = cli.portal.http.post(cli.portal.server.endpoint(par), data=form, headers={"dpop": cli.proof(par)})
    asked = cli.userinfo(tokens.access)

    assert [pushed.status_code, asked.status_code] == [201, 200]
    for answer in (pushed, asked):
        cli.nonce = answer.headers["dpop-nonce"]
        assert cli.userinfo(tokens.access).status_code == 200


NO_THUMBPRINTS = ("x", "A" * 42, "A" * 44, "A" * 42 + "B", "A" * 42 + "=", "+" + "A" * 42)


@pytest.mark.parametrize("number", range(len(NO_THUMBPRINTS)))
def test_a_key_that_cannot_be_is_refused_before_anybody_is_asked(cli: Holder, alice: Visitor, number: int) -> None:
    changed = {"scope": "openid", "dpop_jkt": NO_THUMBPRINTS[number]}

    pushed = cli.portal.call("ext/par/request", **cli.portal.request(**changed))

    assert (pushed.status_code, pushed.json()["error"]) == (400, "invalid_request")
    assert cli.portal.send(alice, **changed).parameters()["error"] == "invalid_request"


def test_introspection_tells_apis_the_key(holder_of: Callable[..., Holder], alice: Visitor) -> None:
    holder = holder_of("bound")

    said = holder.portal.introspect(signed_in(holder, alice).access)

    assert (said["token_type"], said["cnf"]) == ("DPoP", {"jkt": holder.jkt})


@pytest.mark.attack
@pytest.mark.parametrize("client_id", ["bound", "job"])
def test_a_client_whose_tokens_are_bound_gets_none_without_a_proof(
    holder_of: Callable[..., Holder], alice: Visitor, client_id: str
) -> None:
    holder = holder_of(client_id)
    if client_id == "job":
        assert Tokens(holder.post(grant_type="client_credentials")).error == "invalid_request"
        return
    code = holder.portal.code(alice, scope="openid profile")

    assert holder.portal.redeem(code).error == "invalid_request"
    assert holder.redeem(code).status == 200


@pytest.mark.attack
def test_a_public_clients_refresh_token_is_good_with_its_key_alone(
    cli: Holder, alice: Visitor, holder_of: Callable[..., Holder]
) -> None:
    tokens, thief = signed_in(cli, alice), holder_of("cli")

    assert thief.refresh(tokens.refresh).error == "invalid_grant"
    assert cli.portal.refresh(tokens.refresh).error == "invalid_grant"
    again = cli.refresh(tokens.refresh)
    assert again.access_claims["cnf"] == {"jkt": cli.jkt}
    assert again.refresh != tokens.refresh


@pytest.mark.attack
def test_a_public_clients_used_refresh_token_still_ends_its_family(cli: Holder, alice: Visitor) -> None:
    tokens = signed_in(cli, alice)
    again = cli.refresh(tokens.refresh)

    assert cli.refresh(tokens.refresh).error == "invalid_grant"
    assert cli.refresh(again.refresh).error == "invalid_grant"


def test_a_confidential_client_keeps_its_refresh_token_and_may_change_its_key(
    holder_of: Callable[..., Holder], alice: Visitor
) -> None:
    """FAPI 2.0 Security Profile section 5.3.2.1 forbids rotation where tokens are bound."""
    first, second = holder_of("bound"), holder_of("bound")
    tokens = signed_in(first, alice)

    for holder in (first, second, first):
        again = holder.refresh(tokens.refresh)
        assert "refresh_token" not in again.body
        assert again.access_claims["cnf"] == {"jkt": holder.jkt}
    assert first.portal.refresh(tokens.refresh).error == "invalid_request"


def test_a_refresh_token_that_is_kept_lives_on_by_being_used(start: Callable[..., RunningServer], visit: Visit) -> None:
    from tests.portal import Portal
    from tests.protocol.dpop.conftest import CLIENTS
    from tests.running import demo_realm

    demo = demo_realm(tokens={"refresh_idle": "1h", "refresh_max": "3h"}, sessions={"idle": "12h", "max": "12h"})
    server = start(demo | {"clients": [*demo["clients"], *CLIENTS]})
    holder = Holder(Portal(server, CLIENTS[0]))
    tokens = holder.redeem(holder.portal.code(visit(server), scope="openid"))
    statuses = []
    for _ in range(4):
        server.clock.advance(3000)
        holder.nonce = None
        statuses.append(holder.refresh(tokens.refresh).status)
    holder.portal.close()

    assert statuses == [200, 200, 200, 400]


@pytest.mark.attack
def test_a_code_is_good_with_the_key_that_it_was_asked_for(
    cli: Holder, alice: Visitor, holder_of: Callable[..., Holder]
) -> None:
    """RFC 9449 section 10: the code of somebody's request is no good in another's hands, nor without any."""
    for other in (holder_of("cli").redeem, cli.portal.redeem):
        code = cli.portal.code(alice, scope="openid", dpop_jkt=cli.jkt)
        assert other(code).error == "invalid_grant"
        assert cli.redeem(code).error == "invalid_grant"

    assert signed_in(cli, alice, dpop_jkt=cli.jkt).status == 200


@pytest.mark.attack
def test_another_realm_takes_neither_the_proof_nor_the_nonce(cli: Holder, holder_of: Callable[..., Holder]) -> None:
    elsewhere = holder_of("cli", realm="other", signer=cli.signer)
    elsewhere.nonce = cli.fetch_nonce()

    assert Tokens(elsewhere.post(elsewhere.proof())).error == "use_dpop_nonce"
    assert Tokens(elsewhere.post(cli.proof())).error == "invalid_dpop_proof"


def test_the_metadata_names_the_algorithms(server: RunningServer, cli: Holder) -> None:
    url = f"{server.issuer()}/.well-known/openid-configuration"

    named = cli.portal.http.get(url).json()["dpop_signing_alg_values_supported"]

    assert {"ES256", "PS256", "EdDSA"} <= set(named)
    assert not {"none", "HS256"} & set(named)
