"""Second factors added, named and removed by their owner, and what rests on a factor that is removed."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from idp.account.account import CONFIRM_WITHIN
from tests.account.conftest import Visit
from tests.account.owner import Owner, Scene, state
from tests.conftest import Log, Start
from tests.journeys.test_sent_codes import code_of, press, soon
from tests.outbound.mailbox import Mailbox
from tests.portal import Portal
from tests.races.test_sign_in import at_once, copies
from tests.running import RunningServer, demo_realm, every_factor
from tests.visitor import Page

HOSTILE = """"><img src=x onerror=alert(1)>'{{7*7}}<!--"""


def remove(owner: Owner, factor: str) -> Page:
    return owner.change(f"/factors/{factor}/remove")


def labels(owner: Owner) -> set[str]:
    return {factor.label for factor in owner.known().factors}


def test_somebody_without_a_factor_sets_one_up_after_the_password(owner: Owner) -> None:
    assert "You have none yet" in owner.open().html
    owner.add_app("My phone")
    page = owner.open()
    assert "It is added." not in page.html, "it is said once"
    assert all(words in page.html for words in ("My phone", "10 codes left", "What if I lose it?"))


def test_a_second_app_is_set_up_after_proving_the_first(owner: Owner, server: RunningServer) -> None:
    owner.add_app("one")
    server.clock.advance(301)
    assert owner.open("/add/totp", signs_in=False).step == "totp"
    owner.add_app("two")
    assert labels(owner) == {"one", "two"}


@pytest.mark.parametrize("factor", ["sms", "recovery-codes", "password", "nonsense"])
def test_what_the_realm_does_not_have_cannot_be_added(owner: Owner, factor: str) -> None:
    owner.open()
    assert owner.open(f"/add/{factor}").status == 404


def test_a_factor_is_renamed(owner: Owner) -> None:
    factor = owner.add_app("My phone")
    page = owner.change(f"/factors/{factor}/rename", label="  My\tnew   phone ")
    assert labels(owner) == {"My new phone"}
    assert "The name is changed." in page.html


def test_a_name_has_an_end(owner: Owner) -> None:
    factor = owner.add_app("My phone")
    assert "too long" in owner.change(f"/factors/{factor}/rename", label="x" * 101).alert
    assert labels(owner) == {"My phone"}


@pytest.mark.attack
def test_a_name_is_text_on_every_page(owner: Owner) -> None:
    factor = owner.add_app(HOSTILE)
    for path in ("", f"/factors/{factor}/rename", f"/factors/{factor}/remove"):
        page = owner.open(path)
        assert "<img src=x" not in page.html
        assert "&lt;img src=x" in page.html


def test_what_is_left_is_said_before_anything_is_removed(scene: Scene) -> None:
    page = scene.owner.open(scene.changes["remove"])
    assert "What you still reach without it" in page.html
    assert "Developer portal" in page.html


@pytest.mark.attack
def test_the_last_factor_that_a_rule_takes_is_not_removed(visit: Visit, server: RunningServer) -> None:
    ada = Owner(visit(server), "ada")
    (app,) = ada.known().factors
    page = ada.open(f"/factors/{app.id}/remove")
    assert "The rule “administrators” asks for it" in page.html
    assert page.form.buttons == []
    before = state(server)
    assert "A rule does not let it go" in ada.visitor.submit(page).alert
    assert state(server) == before


def test_the_rule_that_holds_is_named_to_somebody_without_a_role(owner: Owner) -> None:
    factor = owner.add_app("My phone")
    assert "The rule “the billing portal” asks for it" in owner.open(f"/factors/{factor}/remove").html


def test_a_factor_that_no_rule_needs_is_removed_to_the_last(start: Start, visit: Visit) -> None:
    owner = Owner(visit(start(demo_realm(second_factor={"rules": []}))))
    done = remove(owner, owner.add_app("My phone"))
    assert "It is removed." in done.html
    assert owner.known().factors == ()


@pytest.mark.attack
@pytest.mark.parametrize("between", ["\r\n", "\n", "\u2028", "\x0b", "\x1b[2J"])
def test_a_name_adds_no_line_to_a_letter_or_the_log(
    owner: Owner, server: RunningServer, mailbox: Mailbox, log: Log, between: str
) -> None:
    """HI-01: the letter that tells of the new name says it on one line, in its text."""
    factor = owner.add_app("My phone")
    owner.change(f"/factors/{factor}/rename", label=f"phone{between}Bcc: thief@evil.example")
    (letter,) = soon(lambda: [one for one in mailbox.letters if "new name" in one.message["subject"]])
    assert letter.message["bcc"] is None
    assert letter.recipients == ["alice@example.com"]
    assert any("phone" in line and "Bcc: thief@evil.example" in line for line in letter.text.splitlines())
    assert labels(owner).pop().isprintable()
    assert not [line for line in log.lines if line.startswith("Bcc")]


@pytest.mark.attack
def test_a_hostile_name_is_plain_text_in_a_letter(owner: Owner, server: RunningServer, mailbox: Mailbox) -> None:
    """XS-05: no letter has a part that a mail program would run or show as HTML."""
    owner.add_app(HOSTILE)
    (told,) = soon(lambda: [letter for letter in mailbox.letters if HOSTILE in letter.text])
    assert {letter.message.get_content_type() for letter in mailbox.letters} == {"text/plain"}
    assert HOSTILE not in told.message["subject"]


@pytest.mark.attack
def test_grants_and_trust_that_rest_on_it_end(scene: Scene, server: RunningServer) -> None:
    newest = next(f.id for f in scene.owner.known().factors if f.label == "Tablet")
    assert "Billing portal" in scene.owner.open("/applications").html
    remove(scene.owner, newest)
    assert scene.billing.refresh(scene.tokens.refresh).error == "invalid_grant"
    assert "Billing portal" not in scene.owner.open("/applications").html
    assert "None. Where a rule allows it" in scene.owner.open().html


@pytest.mark.attack
def test_a_session_without_the_factor_that_it_was_proven_with_proves_anew(scene: Scene) -> None:
    tablet = next(f.id for f in scene.owner.known().factors if f.label == "Tablet")
    remove(scene.owner, tablet)
    assert scene.billing.send(scene.owner.visitor).step == "totp"
    assert scene.owner.open("/password", signs_in=False).step == "totp"


@pytest.mark.attack
def test_of_two_removals_at_once_one_leaves_what_a_rule_needs(visit: Visit, server: RunningServer) -> None:
    ada = Owner(visit(server), "ada")
    ada.open()
    ada.add_app("another")
    one, other = (ada.open(f"/factors/{factor.id}/remove") for factor in ada.known().factors)
    ada.visitor.http.timeout = 120
    both: list[Callable[[], Any]] = [
        task for pair in zip(copies(ada.visitor, one), copies(ada.visitor, other), strict=True) for task in pair
    ]
    at_once(server, *both[:64])
    assert len(ada.known().factors) == 1


@pytest.mark.attack
def test_a_code_by_mail_neither_removes_an_app_nor_makes_a_sheet(start: Start, visit: Visit, mailbox: Mailbox) -> None:
    mail = {"server": {"host": "127.0.0.1", "port": mailbox.port}, "from": "Demo <no-reply@a.example>"}
    realm = every_factor(factors={"email": {"lifetime": "10m"}}, mail=mail)
    realm["second_factor"]["rules"][0]["accept"] = ["totp", "recovery-codes"]
    owner = Owner(visit(start(realm)))
    app = owner.add_app("app")
    owner.server.clock.advance(CONFIRM_WITHIN - 50)
    page = press(owner.visitor, owner.open("/add/email", signs_in=False), destination="alice@example.com")
    codes = soon(lambda: [letter for letter in mailbox.letters if re.search(r"\b\d{6}\b", letter.text)])
    shown = owner.visitor.submit(page, code=code_of(codes[0].text))
    assert "a•••@example.com" in shown.html
    assert "alice@example.com" not in shown.html
    owner.server.clock.advance(60)

    assert "new_password" in owner.open("/password", signs_in=False).form.fields
    assert owner.open(f"/factors/{app}/remove", signs_in=False).step == "totp"
    assert owner.open("/recovery-codes", signs_in=False).step == "totp"


@pytest.mark.attack
def test_one_answer_sent_many_times_at_once_sets_one_more_app_up(owner: Owner, server: RunningServer) -> None:
    owner.add_app("one")
    page = owner.open("/add/totp", signs_in=False)
    owner.visitor.secrets["alice"], owner.visitor.http.timeout = page.totp_secret, 120
    results = at_once(server, *copies(owner.visitor, page, code=owner.code(), label="two"))
    assert {result.status for result in results} <= {200, 303, 403}
    assert labels(owner) == {"one", "two"}


def test_new_codes_are_shown_once_and_the_old_ones_are_dead(scene: Scene, server: RunningServer) -> None:
    old = scene.owner.visitor.codes["alice"]
    page = scene.owner.change("/recovery-codes")
    new = page.recovery_codes
    assert len(new) == 10
    assert not set(new) & set(old)
    assert page.response.headers["cache-control"] == "no-store"
    assert not any(code in scene.owner.open().html for code in new)
    use = partial(scene.phone.visitor.submit, scene.billing.send(scene.phone.visitor), step="recovery-codes")
    assert "not right or was used" in use(recovery_code=old[0]).alert
    assert use(recovery_code=new[0]).location


def test_codes_are_made_for_those_only_who_own_what_they_stand_in_for(owner: Owner) -> None:
    owner.open("/password")
    assert owner.open("/recovery-codes").status == 404


def test_somebody_obliged_by_a_rule_at_the_account_pages_meets_it_there(
    start: Start, visit: Visit, register: Callable[..., Portal]
) -> None:
    rule = {"name": "accounts", "when": {"clients": ["account"]}, "level": "two-factor"}
    server = start(demo_realm(second_factor={"rules": [rule]}))
    owner = Owner(visit(server))
    register(server, "portal").sign_in(owner.visitor)
    page = owner.open(signs_in=False)
    assert page.step == "totp-enrol"
    owner.visitor.sign_in(page, "alice")
    (app,) = owner.known().factors
    assert "The rule “accounts” asks for it" in owner.open(f"/factors/{app.id}/remove").html
