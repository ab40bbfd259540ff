"""Passkeys over HTTP: in place of the password, as the second factor, set up; and every way to cheat with one."""

from collections.abc import Callable
from typing import Any

import pytest

from idp.login.webauthn import CHALLENGE_LASTS
from tests.authenticator import Authenticator
from tests.conftest import Log, Start
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.running import RunningServer, every_factor
from tests.visitor import PASSWORD, Page, Visitor

NOT_KNOWN = "That passkey is not known here. Try another one, or use your password."
NOT_ACCEPTED = "That passkey was not accepted. Try again, or use another way."
COPIED = "That passkey may have been copied and is not accepted. Use another way, and tell an administrator."


@pytest.fixture
def server(start: Start) -> RunningServer:
    return start(every_factor())


@pytest.fixture
def device(server: RunningServer) -> Authenticator:
    return Authenticator(server.url)


def enrol(portal: Portal, visitor: Visitor, device: Authenticator, username: str = "alice", **lies: Any) -> Page:
    """Set up a passkey where one is asked for, up to the page that follows."""
    page = visitor.submit(portal.send(visitor), username=username, password=PASSWORD)
    assert page.step == "enrol-choice"
    page = visitor.submit(page, factor="webauthn")
    assert page.step == "webauthn-enrol"
    return visitor.answer(page, device.create(page.passkey_options, **lies), label="My key")


@pytest.fixture
def owner(billing: Portal, visit: Callable[..., Visitor], server: RunningServer, device: Authenticator) -> Visitor:
    """Alice, who has set up a passkey, at a browser that has forgotten her."""
    visitor = visit(server)
    page = enrol(billing, visitor, device)
    assert page.step == "recovery-codes-new"
    assert "code" in visitor.submit(page).parameters()
    visitor.http.cookies.clear()
    return visitor


def arrived(portal: Portal, page: Page) -> dict[str, Any]:
    return portal.redeem(page.parameters()["code"]).id_claims


def second(portal: Portal, visitor: Visitor, **wanted: str) -> Page:
    """Up to the page that asks for the passkey after the password."""
    page = visitor.submit(portal.send(visitor, **wanted), username="alice", password=PASSWORD)
    assert page.step == "webauthn"
    return page


def test_setting_one_up_counts_as_having_used_it(billing: Portal, visitor: Visitor, device: Authenticator) -> None:
    page = enrol(billing, visitor, device)

    claims = arrived(billing, visitor.submit(page))

    assert claims["amr"] == ["pwd", "hwk", "user", "mfa"]
    assert claims["acr"] == "phishing-resistant"


def test_a_verified_passkey_is_the_whole_sign_in(billing: Portal, owner: Visitor, device: Authenticator) -> None:
    page = billing.send(owner)
    assert (page.step, page.passkey_options["allowCredentials"]) == ("password", [])
    assert page.passkey_options["userVerification"] == "required"

    claims = arrived(billing, owner.answer(page, device.get(page.passkey_options)))

    assert (claims["acr"], claims["amr"]) == ("phishing-resistant", ["hwk", "user", "mfa"])
    assert claims["preferred_username"] == "alice"


def test_a_synced_passkey_says_so(billing: Portal, visitor: Visitor, server: RunningServer) -> None:
    phone = Authenticator(server.url, is_synced=True, counts=False)
    visitor.submit(enrol(billing, visitor, phone))
    visitor.http.cookies.clear()
    page = billing.send(visitor)

    assert arrived(billing, visitor.answer(page, phone.get(page.passkey_options)))["amr"] == ["swk", "user", "mfa"]


def test_it_is_the_second_factor_after_the_password(billing: Portal, owner: Visitor, device: Authenticator) -> None:
    page = second(billing, owner)
    assert len(page.passkey_options["allowCredentials"]) == 1

    claims = arrived(billing, owner.answer(page, device.get(page.passkey_options, verified=False)))

    assert (claims["acr"], claims["amr"]) == ("phishing-resistant", ["pwd", "hwk", "mfa"])


def test_without_javascript_the_page_says_what_to_do(billing: Portal, owner: Visitor) -> None:
    page = second(billing, owner)
    assert '<noscript><p class="note">Passkeys need JavaScript.' in page.html

    again = owner.submit(page)

    assert again.alert.startswith("Your browser sent no passkey.")
    assert "Use a recovery code" in again.text


def test_scripts_are_allowed_where_passkeys_are_asked_for(billing: Portal, owner: Visitor) -> None:
    assert "script-src 'self';" in second(billing, owner).response.headers["content-security-policy"]


def test_a_step_up_takes_the_passkey(
    server: RunningServer, billing: Portal, owner: Visitor, device: Authenticator
) -> None:
    page = owner.submit(billing.send(owner), username="alice", password=PASSWORD)
    assert "code" in owner.answer(page, device.get(page.passkey_options)).parameters()
    server.clock.advance(301)

    page = billing.send(owner, scope="openid payments")
    assert page.step == "webauthn"
    assert "asks for a second factor no older than 5 minutes" in page.text
    claims = arrived(billing, owner.answer(page, device.get(page.passkey_options)))

    assert claims["acr"] == "phishing-resistant"


def test_an_essential_acr_is_met_by_a_passkey(portal: Portal, owner: Visitor, device: Authenticator) -> None:
    wanted = {"claims": '{"id_token":{"acr":{"essential":true,"values":["phishing-resistant"]}}}'}
    page = second(portal, owner, **wanted)

    claims = arrived(portal, owner.answer(page, device.get(page.passkey_options)))

    assert claims["acr"] == "phishing-resistant"


# Cheating


@pytest.mark.attack
def test_an_unverified_passkey_does_not_stand_in_for_the_password(
    billing: Portal, owner: Visitor, device: Authenticator
) -> None:
    page = billing.send(owner)

    refused = owner.answer(page, device.get(page.passkey_options, verified=False))

    assert (refused.step, refused.alert) == ("webauthn", NOT_ACCEPTED)


LIES: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "https://login.example.evil"},
    "an origin that ends like ours": {"origin": "http://evillocalhost"},
    "another host": {"rp_id": "example.evil"},
    "a frame of somebody else": {"cross_origin": True},
    "the ceremony of making a key": {"type": "webauthn.create"},
    "nobody present": {"present": False},
    "another challenge": {"challenge": "AAAA"},
}


@pytest.mark.attack
def test_an_answer_that_is_not_for_this_page_is_refused(billing: Portal, owner: Visitor, device: Authenticator) -> None:
    page = billing.send(owner)
    for lie, said in LIES.items():
        page = owner.answer(page, device.get(page.passkey_options, **said))
        assert (page.step, page.alert) == ("webauthn", NOT_ACCEPTED), lie

    assert "code" in owner.answer(page, device.get(page.passkey_options)).parameters()


@pytest.mark.attack
@pytest.mark.parametrize("lie", ["another origin", "another challenge"])
def test_neither_is_one_after_the_password(billing: Portal, owner: Visitor, device: Authenticator, lie: str) -> None:
    page = second(billing, owner)

    refused = owner.answer(page, device.get(page.passkey_options, **LIES[lie]))

    assert (refused.step, refused.alert) == ("webauthn", NOT_ACCEPTED)
    assert "code" in owner.answer(refused, device.get(refused.passkey_options)).parameters()


@pytest.mark.attack
def test_a_key_that_is_not_made_for_this_page_is_refused(
    billing: Portal, visitor: Visitor, device: Authenticator, server: RunningServer
) -> None:
    page = visitor.submit(billing.send(visitor), username="alice", password=PASSWORD)
    page = visitor.submit(page, factor="webauthn")
    for lie, said in LIES.items():
        changed = {"type": "webauthn.get"} if "type" in said else said
        page = visitor.answer(page, device.create(page.passkey_options, **changed))
        assert (page.step, page.alert) == ("webauthn-enrol", NOT_ACCEPTED), lie

    administrator = Administrator(server)
    assert not administrator.people.show("alice").factors
    administrator.close()


@pytest.mark.attack
def test_the_signature_of_another_key_is_refused(billing: Portal, owner: Visitor, device: Authenticator) -> None:
    mine, other = device.keys[0], Authenticator(device.origin)
    page = second(billing, owner)
    other.create({"user": {"id": "AAAA"}, "rp": {"id": "localhost"}, "challenge": "AAAA"})

    said = other.get(page.passkey_options, key=other.keys[0], id=mine.id, user_handle=mine.user_handle)
    refused = owner.answer(page, said)

    assert refused.alert == NOT_ACCEPTED


@pytest.mark.attack
def test_two_identifiers_are_one_or_the_answer_is_refused(
    billing: Portal, owner: Visitor, device: Authenticator
) -> None:
    """WA-02: whichever of the two is looked up, the other one must not say who signed."""
    mine, stranger = device.keys[0], Authenticator(device.origin)
    stranger.create({"user": {"id": "AAAA"}, "rp": {"id": "localhost"}, "challenge": "AAAA"})
    foreign = {"key": stranger.keys[0], "user_handle": mine.user_handle}

    for both in ({"id": mine.id, "raw_id": stranger.keys[0].id}, {"id": stranger.keys[0].id, "raw_id": mine.id}):
        for said in (both, both | foreign):
            page = billing.send(owner)
            assert owner.answer(page, device.get(page.passkey_options, **said)).alert in (NOT_KNOWN, NOT_ACCEPTED)


@pytest.mark.attack
@pytest.mark.parametrize("alg", [-47, -65535, 0, 7])
def test_a_key_for_an_algorithm_that_was_not_offered_is_refused(
    billing: Portal, visitor: Visitor, device: Authenticator, alg: int
) -> None:
    """WA-06."""
    refused = enrol(billing, visitor, device, alg=alg)

    assert (refused.step, refused.alert) == ("webauthn-enrol", NOT_ACCEPTED)


@pytest.mark.attack
def test_a_counter_that_goes_back_is_refused_and_told(
    billing: Portal, owner: Visitor, device: Authenticator, log: Log
) -> None:
    page = second(billing, owner)
    assert "code" in owner.answer(page, device.get(page.passkey_options, counter=7)).parameters()
    owner.http.cookies.clear()
    page = second(billing, owner)

    refused = owner.answer(page, device.get(page.passkey_options, counter=7))

    assert refused.alert == COPIED
    assert [e["reason"] for e in log.events("factor.refused")] == ["passkey-copied"]
    first = billing.send(owner)
    assert owner.answer(first, device.get(first.passkey_options, counter=3)).alert == COPIED


LATE = "This page was open for too long to take a passkey. It is fresh again: press the button once more."


@pytest.mark.attack
def test_a_challenge_is_good_for_five_minutes(
    server: RunningServer, billing: Portal, owner: Visitor, device: Authenticator
) -> None:
    """WA-01: the first page stands for half an hour."""
    page = billing.send(owner)
    server.clock.advance(CHALLENGE_LASTS)

    late = owner.answer(page, device.get(page.passkey_options))

    assert (late.step, late.alert) == ("webauthn", LATE)
    server.clock.advance(CHALLENGE_LASTS - 1)
    assert "code" in owner.answer(late, device.get(late.passkey_options)).parameters()


@pytest.mark.attack
def test_a_key_that_is_made_too_late_is_made_anew_and_its_name_is_kept(
    server: RunningServer, billing: Portal, visitor: Visitor, device: Authenticator
) -> None:
    page = visitor.submit(billing.send(visitor), username="alice", password=PASSWORD)
    page = visitor.submit(page, factor="webauthn")
    server.clock.advance(CHALLENGE_LASTS)

    late = visitor.answer(page, device.create(page.passkey_options), label="My laptop")

    assert (late.step, late.alert) == ("webauthn-enrol", LATE)
    assert late.form.fields["label"] == "My laptop"
    assert late.passkey_options["challenge"] != page.passkey_options["challenge"]
    assert visitor.answer(page, device.create(page.passkey_options)).alert == NOT_ACCEPTED
    assert visitor.answer(late, device.create(late.passkey_options)).step == "recovery-codes-new"


@pytest.mark.attack
def test_a_key_that_says_it_is_somebody_elses_is_refused(
    billing: Portal, owner: Visitor, device: Authenticator
) -> None:
    page = billing.send(owner)
    refused = owner.answer(page, device.get(page.passkey_options, user_handle=b"somebody else"))
    assert refused.alert == NOT_KNOWN
    refused = owner.answer(refused, device.get(refused.passkey_options, user_handle=None))
    assert refused.alert == NOT_KNOWN
    owner.http.cookies.clear()
    page = second(billing, owner)
    assert owner.answer(page, device.get(page.passkey_options, user_handle=b"somebody else")).alert == NOT_KNOWN


@pytest.mark.attack
def test_an_unknown_key_is_refused(billing: Portal, owner: Visitor, server: RunningServer) -> None:
    stranger = Authenticator(server.url)
    stranger.create({"user": {"id": "AAAA"}, "rp": {"id": "localhost"}, "challenge": "AAAA"})
    page = billing.send(owner)

    refused = owner.answer(page, stranger.get(page.passkey_options))

    assert refused.alert == NOT_KNOWN


@pytest.mark.attack
def test_the_key_of_another_person_is_no_second_factor(
    server: RunningServer, billing: Portal, portal: Portal, owner: Visitor, device: Authenticator
) -> None:
    page = owner.submit(portal.send(owner), username="ada", password=PASSWORD)
    assert page.step == "totp"

    fields = {**page.form.fields, "step": "webauthn"}
    first = billing.send(owner)
    fields["credential"] = device.get(first.passkey_options)

    assert owner.post(page.form.action, fields).step == "totp"


@pytest.mark.attack
def test_the_key_of_another_realm_is_not_known(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    server = start(every_factor(), every_factor("other"))
    device, there = Authenticator(server.url), visit(server, realm="other")
    there.submit(enrol(register(server, "billing", realm="other"), there, device))
    here = visit(server)
    page = register(server, "billing").send(here)

    assert here.answer(page, device.get(page.passkey_options)).alert == NOT_KNOWN


@pytest.mark.attack
def test_an_answer_is_no_answer_to_another_sign_in(
    billing: Portal, owner: Visitor, device: Authenticator, visit: Callable[..., Visitor], server: RunningServer
) -> None:
    first, other = billing.send(owner), billing.send(visit(server))

    assert owner.answer(first, device.get(other.passkey_options)).alert == NOT_ACCEPTED


@pytest.mark.attack
def test_an_answer_to_the_first_page_is_used_up(billing: Portal, visitor: Visitor, server: RunningServer) -> None:
    phone = Authenticator(server.url, counts=False)
    visitor.submit(enrol(billing, visitor, phone))
    visitor.http.cookies.clear()
    page = billing.send(visitor)
    cookies, answer = dict(visitor.http.cookies), phone.get(page.passkey_options)
    assert "code" in visitor.answer(page, answer).parameters()
    visitor.http.cookies.clear()
    visitor.http.cookies.update(cookies)

    again = visitor.answer(page, answer)

    assert again.step == "webauthn"
    assert again.alert == "That form was out of date. Here it is again: please repeat your answer."
    assert "code" in visitor.answer(again, phone.get(again.passkey_options)).parameters()


@pytest.mark.attack
def test_an_answer_to_the_second_page_is_used_up_without_an_alarm(
    billing: Portal, owner: Visitor, device: Authenticator, log: Log
) -> None:
    page = second(billing, owner)
    answer = device.get(page.passkey_options)
    assert "code" in owner.answer(page, answer).parameters()

    assert owner.answer(page, answer).status in (400, 403)
    assert log.events("factor.refused") == []


@pytest.mark.attack
def test_who_is_disabled_is_a_stranger(
    billing: Portal, owner: Visitor, device: Authenticator, server: RunningServer
) -> None:
    administrator = Administrator(server)
    administrator.disable("alice")
    administrator.close()
    page = billing.send(owner)

    assert owner.answer(page, device.get(page.passkey_options)).alert == NOT_KNOWN


@pytest.mark.attack
def test_a_key_whose_identifier_is_taken_is_refused(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    server = start(every_factor(), every_factor("other"))
    device, alice = Authenticator(server.url), visit(server)
    alice.submit(enrol(register(server, "billing"), alice, device))
    thief, there = Authenticator(server.url), visit(server, realm="other")

    refused = enrol(register(server, "billing", realm="other"), there, thief, id=device.keys[0].id)

    assert (refused.step, refused.alert) == ("webauthn-enrol", NOT_ACCEPTED)


@pytest.mark.attack
def test_nonsense_is_refused(billing: Portal, owner: Visitor, device: Authenticator) -> None:
    page = second(billing, owner)
    good = device.get(page.passkey_options)
    for nonsense in (
        "{}",
        "[]",
        "null",
        "7",
        '"',
        '{"rawId":7}',
        '{"rawId":"ä"}',
        good.replace("response", "r"),
        "x" * 20000,
    ):
        page = owner.answer(page, nonsense)
        assert page.step == "webauthn", nonsense
        owner.server.clock.advance(3600)
        owner.http.cookies.clear()
        page = second(billing, owner)
    first = billing.send(owner)
    for nonsense in ("{}", "[]", "null", "7", '"', '{"rawId":7}', '{"rawId":"ä"}', '{"rawId":{"a":1}}'):
        first = owner.answer(first, nonsense)
        assert first.alert == NOT_KNOWN, nonsense
