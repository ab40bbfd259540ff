"""People sign in at a portal: with a password, with what their role asks for, with a factor set up on the way."""

from collections.abc import Callable

from tests.clock import START, Clock
from tests.conftest import Start
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.running import RunningServer, demo_realm, every_factor
from tests.visitor import PASSWORD, Page, Visitor


def test_whoever_cannot_go_on_is_told_whom_to_ask(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    """Ada has lost her app, and the device of Alice holds no passkey; where the realm says how, asking is a link."""
    address = "mailto:help@example.com"
    passkeys = every_factor("other", support_url=address)
    passkeys["second_factor"]["rules"] = [{"name": "passkeys", "level": "phishing-resistant"}]
    server = start(demo_realm(), passkeys)
    for realm, username, step in (("demo", "ada", "totp"), ("other", "alice", "webauthn-enrol")):
        portal, visitor = register(server, "portal", realm=realm), visit(server, realm=realm)
        page = visitor.submit(portal.send(visitor), username=username, password=PASSWORD)
        assert page.step == step
        assert "This does not work for you?" in page.text
        assert "Ask your administrator" in page.text
        assert (address in page.links) is (realm == "other")
        assert ("or see “Another way” below." in page.text) is (realm == "other")


def test_alice_signs_in_with_her_password(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor, "alice")

    claims = portal.verified(tokens.body["id_token"])
    assert (claims["acr"], claims["amr"]) == ("password", ["pwd"])
    assert (claims["nonce"], claims["auth_time"]) == ("a nonce", START)
    assert claims.keys() >= {"sid", "at_hash", "sub"}


def test_she_is_sent_back_with_what_the_portal_needs_to_know_its_own_request(portal: Portal, visitor: Visitor) -> None:
    page = visitor.sign_in(portal.send(visitor, state="where I was"), "alice")

    assert page.status == 303
    assert page.location is not None
    assert page.location.startswith(f"{portal.redirect_uri}?")
    assert page.parameters()["state"] == "where I was"
    assert page.parameters()["iss"] == portal.server.issuer()


def test_the_e_mail_address_is_as_good_as_the_user_name(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor, " Alice@Example.COM ")

    assert tokens.id_claims["preferred_username"] == "alice"


def test_a_wrong_password_shows_the_form_again(portal: Portal, visitor: Visitor) -> None:
    page = visitor.submit(portal.send(visitor), username="alice", password="a guess")

    assert (page.status, page.step) == (200, "password")
    assert page.alert == "The user name or the password is not right. Check both and try again."
    assert page.form.fields["username"] == "alice"
    assert page.form.fields["password"] == ""
    assert "code" in visitor.sign_in(page, "alice").parameters()


def test_ada_is_asked_for_her_second_factor_by_her_role(portal: Portal, visitor: Visitor) -> None:
    page = visitor.submit(portal.send(visitor), username="ada", password=PASSWORD)
    assert page.step == "totp"
    assert "The rule “administrators” asks for a second factor." in page.text

    tokens = portal.redeem(visitor.sign_in(page, "ada").parameters()["code"])

    assert (tokens.id_claims["acr"], tokens.id_claims["amr"]) == ("two-factor", ["pwd", "otp", "mfa"])
    assert (tokens.access_claims["acr"], tokens.access_claims["amr"]) == ("two-factor", ["pwd", "otp", "mfa"])


def test_ada_has_no_session_before_her_second_factor(portal: Portal, visitor: Visitor) -> None:
    page = visitor.submit(portal.send(visitor), username="ada", password=PASSWORD)

    assert "idp-session-demo" not in visitor.cookies()
    assert portal.send(visitor, prompt="none").parameters()["error"] == "login_required"
    assert "code" in visitor.sign_in(page, "ada").parameters()


def test_alice_sets_up_her_second_factor_on_the_way_to_the_billing_portal(billing: Portal, visitor: Visitor) -> None:
    page = visitor.submit(billing.send(visitor), username="alice", password=PASSWORD)
    assert page.step == "totp-enrol"
    assert len(page.totp_secret) == 32
    visitor.secrets["alice"] = page.totp_secret
    page = visitor.submit(page, code=visitor.code("alice"))
    assert len(page.recovery_codes) == 10
    assert "idp-session-demo" not in visitor.cookies()

    tokens = billing.redeem(visitor.submit(page).parameters()["code"])

    assert (tokens.id_claims["acr"], tokens.id_claims["amr"]) == ("two-factor", ["pwd", "otp", "mfa"])


def test_the_set_up_page_tells_an_app_all_it_needs(billing: Portal, visitor: Visitor) -> None:
    page = visitor.submit(billing.send(visitor), username="alice", password=PASSWORD)

    uri = next(link for link in page.links if link.startswith("otpauth:"))
    assert f"secret={page.totp_secret}" in uri
    assert "issuer=Example" in uri
    assert "alice%40example.com" in uri
    assert "<svg" in page.html
    assert "SHA-1, 6 digits, 30 seconds" in page.text


def test_the_new_app_is_asked_for_at_the_next_sign_in(
    server: RunningServer, billing: Portal, visit: Callable[..., Visitor], clock: Clock
) -> None:
    first, second = visit(server), visit(server)
    billing.sign_in(first)
    second.secrets = first.secrets
    clock.advance(30)

    page = second.submit(billing.send(second), username="alice", password=PASSWORD)

    assert page.step == "totp"
    assert "code" in second.sign_in(page).parameters()


def test_a_wrong_first_code_keeps_the_secret_that_was_scanned(billing: Portal, visitor: Visitor) -> None:
    page = visitor.submit(billing.send(visitor), username="alice", password=PASSWORD)
    again = visitor.submit(page, code="000000")

    assert again.alert == "That code is not right. Type the one that your app shows now."
    assert again.totp_secret == page.totp_secret


def test_a_factor_can_be_set_up_inside_a_session(portal: Portal, billing: Portal, visitor: Visitor) -> None:
    before = portal.sign_in(visitor)

    page = billing.send(visitor)
    assert page.step == "totp-enrol"
    tokens = billing.redeem(visitor.sign_in(page).parameters()["code"])

    assert tokens.id_claims["acr"] == "two-factor"
    assert tokens.id_claims["sid"] == before.id_claims["sid"]


def test_an_old_session_has_to_prove_the_password_again_before_setting_up(
    portal: Portal, billing: Portal, visitor: Visitor, clock: Clock
) -> None:
    portal.sign_in(visitor)
    clock.advance(901)

    page = billing.send(visitor)
    assert page.step == "password"
    page = visitor.submit(page, password=PASSWORD)

    assert page.step == "totp-enrol"
    assert "code" in visitor.sign_in(page).parameters()


def test_a_rule_for_everyone_locks_nobody_out(
    start: Callable[..., RunningServer], register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    server = start(demo_realm(second_factor={"rules": [{"name": "everyone", "level": "two-factor"}]}))

    for username in ("alice", "ada"):
        assert register(server, "portal").sign_in(visit(server), username).id_claims["acr"] == "two-factor"


def test_nobody_walks_around_a_rule_by_enrolling_in_a_second_window(
    server: RunningServer, billing: Portal, visit: Callable[..., Visitor], administrator: Administrator
) -> None:
    owner, intruder = visit(server), visit(server)
    hers = owner.submit(billing.send(owner), username="alice", password=PASSWORD)
    his = intruder.submit(billing.send(intruder), username="alice", password=PASSWORD)
    assert (hers.step, his.step) == ("totp-enrol", "totp-enrol")
    intruder.secrets["alice"] = his.totp_secret
    assert "code" in owner.sign_in(hers).parameters()

    refused = intruder.submit(his, code=intruder.code("alice"))

    assert refused.step == "totp"
    assert refused.alert == "That form was out of date. Here it is again: please repeat your answer."
    assert intruder.submit(refused, code=intruder.code("alice")).step == "totp"
    assert "idp-session-demo" not in intruder.cookies()
    assert len(administrator.people.show("alice").factors) == 1


def test_ada_is_not_led_to_set_up_another_factor(billing: Portal, visitor: Visitor) -> None:
    page = visitor.submit(billing.send(visitor), username="ada", password=PASSWORD)

    assert page.step == "totp"
    assert "totp-secret" not in page.html
    refused = visitor.post(page.form.action, {**page.form.fields, "step": "totp-enrol", "code": "123456"})
    assert (refused.step, "totp-secret" in refused.html) == ("totp", False)


def test_a_disabled_person_is_told_no_more_than_a_stranger(
    portal: Portal, visitor: Visitor, administrator: Administrator
) -> None:
    administrator.disable("alice")

    page = visitor.submit(portal.send(visitor), username="alice", password=PASSWORD)

    assert page.alert == "The user name or the password is not right. Check both and try again."


def test_disabling_ends_the_session_and_the_sign_in_under_way(
    server: RunningServer,
    portal: Portal,
    visit: Callable[..., Visitor],
    administrator: Administrator,
    clock: Clock,
) -> None:
    signed_in, half_way = visit(server), visit(server)
    portal.sign_in(signed_in, "ada")
    clock.advance(30)
    page = half_way.submit(portal.send(half_way), username="ada", password=PASSWORD)

    administrator.disable("ada")

    assert half_way.submit(page, code=half_way.code("ada")).status == 400
    assert portal.send(signed_in, prompt="none").parameters()["error"] == "login_required"
    administrator.enable("ada")
    assert portal.send(signed_in, prompt="none").parameters()["error"] == "login_required"
    assert half_way.submit(page, code=half_way.code("ada")).status == 400


def test_a_new_password_ends_the_sessions_and_lets_its_owner_in(
    server: RunningServer, portal: Portal, visit: Callable[..., Visitor], administrator: Administrator
) -> None:
    before, after = visit(server), visit(server)
    portal.sign_in(before)

    administrator.set_password("alice", "an entirely different phrase")

    assert portal.send(before, prompt="none").parameters()["error"] == "login_required"
    assert after.submit(portal.send(after), username="alice", password=PASSWORD).step == "password"
    assert "code" in after.sign_in(portal.send(after), password="an entirely different phrase").parameters()


def test_after_signing_out_everything_is_asked_again(portal: Portal, visitor: Visitor, clock: Clock) -> None:
    first = portal.sign_in(visitor, "ada")
    clock.advance(30)

    done = visitor.get(f"{portal.server.endpoint('logout')}?id_token_hint={first.body['id_token']}")
    assert done.status == 200
    page = portal.send(visitor)
    assert page.step == "password"
    second = portal.redeem(_through(visitor, page).parameters()["code"])

    assert second.id_claims["sid"] != first.id_claims["sid"]
    assert second.id_claims["auth_time"] == START + 30


def test_whoever_cancels_is_sent_back_without_a_code(portal: Portal, visitor: Visitor) -> None:
    page = portal.send(visitor)

    sent = visitor.submit(page, action="cancel").parameters()

    assert (sent["error"], sent["state"]) == ("access_denied", "a state")
    assert "code" not in sent


def _through(visitor: Visitor, page: Page) -> Page:
    page = visitor.submit(page, username="ada", password=PASSWORD)
    assert page.step == "totp"
    return visitor.submit(page, code=visitor.code("ada"))
