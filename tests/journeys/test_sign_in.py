"""The stories of the three users, over HTTP."""

from tests.portal import Portal
from tests.visitor import Visitor


def test_alice_signs_in_with_her_password(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor, "alice")

    claims = portal.verified(tokens.body["id_token"])
    assert (claims["acr"], claims["amr"]) == ("password", ["pwd"])
    assert claims["nonce"] == "a nonce"
    assert claims.keys() >= {"auth_time", "sid", "at_hash", "sub"}


def test_ada_is_asked_for_her_second_factor_by_her_role(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor, "ada")

    assert (tokens.id_claims["acr"], tokens.id_claims["amr"]) == ("two-factor", ["pwd", "otp", "mfa"])


def test_alice_sets_up_her_second_factor_on_the_way_to_the_billing_portal(billing: Portal, visitor: Visitor) -> None:
    page = visitor.submit(billing.send(visitor), username="alice", password="correct horse battery staple")
    assert page.step == "totp-enrol"
    assert len(page.totp_secret) == 32
    visitor.secrets["alice"] = page.totp_secret
    page = visitor.submit(page, code=visitor.code("alice"))
    assert len(page.recovery_codes) == 10
    assert "idp-session-demo" not in visitor.cookies()

    tokens = billing.redeem(visitor.submit(page).parameters()["code"])

    assert (tokens.id_claims["acr"], tokens.id_claims["amr"]) == ("two-factor", ["pwd", "otp", "mfa"])
