"""Every change of an account: done by its owner with a fresh proof, from its own form, and by nobody else."""

from urllib.parse import urlsplit

import pytest

from idp.web.account_changes import CHANGES
from tests.account.conftest import Visit
from tests.account.owner import Owner, Scene, state
from tests.conftest import Log
from tests.journeys.test_sent_codes import soon
from tests.outbound.mailbox import Mailbox
from tests.running import RunningServer
from tests.visitor import Page

NEW_PASSWORD = {"new_password": "an entirely different phrase", "repeated": "an entirely different phrase"}
FIELDS = {"rename": {"label": "My phone"}, "password": NEW_PASSWORD, "withdraw-parts": {"scope:email": "yes"}}
LETTERS = {
    "rename": "A way of signing in has a new name",
    "recovery-codes": "You have new recovery codes",
    "forget-browser": "A browser is no longer trusted",
    "sign-out": "A browser was signed out",
    "withdraw": "An application lost its access",
    "withdraw-parts": "An application may do less",
    "remove": "A way of signing in was removed from your account",
    "password": "Your password was changed",
}
EVENTS = {
    "rename": "factor.renamed",
    "recovery-codes": "recovery_codes.made",
    "forget-browser": "browser.forgotten",
    "sign-out": "session.signed_out",
    "withdraw": "access.withdrawn",
    "withdraw-parts": "consent.withdrawn",
    "remove": "factor.removed",
    "password": "user.password_set",
}


def filled(scene: Scene, name: str) -> Page:
    """The page of a change, its form filled in."""
    page = scene.owner.open(scene.changes[name])
    page.form.fields |= FIELDS.get(name, {})
    return page


def test_the_scene_has_every_change(scene: Scene) -> None:
    assert scene.changes.keys() == CHANGES.keys()
    assert EVENTS.keys() == LETTERS.keys() == CHANGES.keys() - {"forget-browsers", "sign-out-others"}


def test_every_change_is_done_told_and_on_record(
    scene: Scene, server: RunningServer, mailbox: Mailbox, log: Log
) -> None:
    for name, event in EVENTS.items():
        before = state(server)
        done = scene.owner.change(scene.changes[name], **FIELDS.get(name, {}))
        assert (done.status, done.alert) == (200, ""), name
        assert state(server) != before, name
        assert log.events(event)[-1]["username"] == "alice", name
    assert soon(lambda: set(LETTERS.values()) <= {letter.message["subject"] for letter in mailbox.letters})


def test_all_of_them_at_once_are_forgotten_and_signed_out(
    scene: Scene, server: RunningServer, mailbox: Mailbox, log: Log
) -> None:
    for name, event in {"forget-browsers": "browser.forgotten", "sign-out-others": "session.signed_out"}.items():
        scene.owner.change(scene.changes[name])
        assert log.events(event)[-1]["by"] == "owner"
        assert scene.owner.open(scene.changes[name]).status == 404
    assert scene.phone.open("/devices", signs_in=False).step == "password"
    assert scene.owner.open("/devices", signs_in=False).status == 200
    told = {"Your browsers are no longer trusted", "Your other browsers were signed out"}
    assert soon(lambda: told <= {letter.message["subject"] for letter in mailbox.letters})


@pytest.mark.attack
def test_a_form_without_its_token_is_refused(scene: Scene, server: RunningServer, visit: Visit) -> None:
    stranger = Owner(visit(server), "ada")
    foreign = stranger.open("/password").form.fields["csrf_token"]
    pages, before = {name: filled(scene, name) for name in scene.changes}, state(server)
    for name, page in pages.items():
        for token in ("", foreign, page.form.fields["csrf_token"][::-1]):
            answer = scene.owner.post(page, data={**page.form.fields, "csrf_token": token})
            assert answer.status == 403, name
    assert state(server) == before


@pytest.mark.attack
@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}], ids=["origin", "sec-fetch-site"]
)
def test_a_form_of_another_site_is_refused(scene: Scene, server: RunningServer, headers: dict[str, str]) -> None:
    pages, before = {name: filled(scene, name) for name in scene.changes}, state(server)
    for name, page in pages.items():
        assert scene.owner.post(page, headers=headers).status == 403, name
    assert state(server) == before


@pytest.mark.attack
def test_a_form_without_the_session_is_refused(scene: Scene, server: RunningServer) -> None:
    pages = {name: filled(scene, name) for name in scene.changes}
    before = state(server)
    scene.owner.visitor.http.cookies.clear()
    for name, page in pages.items():
        assert scene.owner.post(page).status == 403, name
    assert state(server) == before


@pytest.mark.attack
def test_a_proof_that_is_too_old_leads_to_the_sign_in_and_back(scene: Scene, server: RunningServer) -> None:
    pages = {name: filled(scene, name) for name in scene.changes}
    before = state(server)
    server.clock.advance(301)
    asked = {}
    for name, page in pages.items():
        answer = scene.owner.post(page)
        assert answer.status == 303, name
        asked[name] = scene.owner.visitor.get(answer.location)
        assert asked[name].step == "totp", name
    assert state(server) == before
    back = scene.owner.visitor.submit(asked["rename"], code=scene.owner.code())
    assert urlsplit(str(back.response.url)).path.endswith(scene.changes["rename"])
    assert back.form.fields["label"] == pages["rename"].form.fields["label"]


@pytest.mark.attack
def test_the_page_itself_asks_for_a_fresh_proof(scene: Scene, server: RunningServer) -> None:
    server.clock.advance(301)
    for name, path in scene.changes.items():
        assert scene.owner.open(path, signs_in=False).step == "totp", name


@pytest.mark.attack
def test_a_password_is_no_fresh_proof_of_somebody_who_owns_a_factor(scene: Scene) -> None:
    """The phone is signed in by the password just now, and by nothing else."""
    for name, path in scene.changes.items():
        assert scene.phone.open(path, signs_in=False).step == "totp", name


@pytest.mark.attack
def test_a_recovery_code_is_no_fresh_proof(scene: Scene, server: RunningServer) -> None:
    page = scene.billing.send(scene.phone.visitor)
    code = scene.owner.visitor.codes["alice"][0]
    arrived = scene.phone.visitor.submit(page, step="recovery-codes", recovery_code=code)
    assert "code" in arrived.parameters()

    before = state(server)
    for name, path in {**scene.changes, "add": "/add/totp"}.items():
        asked = scene.phone.open(path, signs_in=False)
        assert asked.step == "totp", name
        assert "recovery-codes" not in asked.html, name
        again = scene.phone.visitor.submit(
            asked, step="recovery-codes", recovery_code=scene.owner.visitor.codes["alice"][1]
        )
        assert again.step == "totp", name
    assert state(server) == before


@pytest.mark.attack
def test_what_is_somebody_elses_is_not_found_like_what_is_nobodys(
    scene: Scene, server: RunningServer, visit: Visit
) -> None:
    ada = Owner(visit(server), "ada")
    server.clock.advance(30)
    ada.open("/password")
    form = ada.open("/password").form.fields
    of_one = ("rename", "remove", "forget-browser", "sign-out", "withdraw", "withdraw-parts")
    before = state(server)
    for name in of_one:
        theirs = scene.changes[name]
        nobodys = "/".join("unknown" if number == 2 else part for number, part in enumerate(theirs.split("/")))
        for path in (theirs, nobodys):
            url = f"{server.issuer()}/account{path}"
            assert ada.visitor.get(url).status == 404, path
            answer = Page(ada.visitor.http.post(url, data={**form, **FIELDS.get(name, {})}))
            assert answer.status == 404, path
    assert state(server) == before


@pytest.mark.attack
def test_looking_at_a_page_changes_nothing(scene: Scene, server: RunningServer) -> None:
    before = state(server)
    for path in ("", "/devices", "/applications", "/add/totp", *scene.changes.values()):
        scene.owner.open(path, signs_in=False)
        assert scene.owner.visitor.http.delete(f"{server.issuer()}/account{path}").status_code == 405
    assert state(server) == before


@pytest.mark.attack
def test_a_field_that_is_sent_twice_is_no_answer(scene: Scene, server: RunningServer) -> None:
    page, before = filled(scene, "rename"), state(server)
    fields = {**page.form.fields, "label": ["one", "two"]}
    assert scene.owner.post(page, data=fields).status == 400
    assert state(server) == before
