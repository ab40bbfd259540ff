"""A password changed by its owner: by the rules of new passwords, and everything that knew the old one is out."""

import pytest

from tests.account.conftest import Visit
from tests.account.owner import Owner, Scene, state
from tests.running import RunningServer
from tests.visitor import PASSWORD

NEW = "an entirely different phrase"


def change(owner: Owner, password: str = NEW, repeated: str | None = None) -> str:
    """What the page says, empty where it is done."""
    page = owner.change("/password", new_password=password, repeated=password if repeated is None else repeated)
    return page.alert or ("" if "Your password is changed" in page.html else page.html)


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("", "Something is missing"),
        ("too short", "at least 15 characters"),
        ("password1password1", "data breach"),
        ("abc123abc123abc123", "repeats"),
        ("x" * 1025, "too long"),
    ],
    ids=["empty", "short", "breached", "repeated", "long"],
)
def test_a_password_that_is_easily_guessed_is_refused(
    owner: Owner, server: RunningServer, password: str, said: str
) -> None:
    owner.open()
    before = state(server)
    assert said in change(owner, password)
    assert state(server) == before


def test_a_password_is_typed_twice(owner: Owner, server: RunningServer) -> None:
    owner.open()
    before = state(server)
    assert "not the same" in change(owner, NEW, NEW + "!")
    assert state(server) == before


def test_it_ends_every_session_and_grant_and_the_trust_of_browsers(scene: Scene) -> None:
    session = scene.owner.visitor.cookies()["idp-session-demo"]
    assert change(scene.owner) == ""
    assert "idp-session-demo" not in scene.owner.visitor.cookies()
    scene.owner.visitor.http.cookies.set("idp-session-demo", session)
    assert scene.owner.open(signs_in=False).step == "password"
    assert scene.phone.open(signs_in=False).step == "password"
    assert scene.billing.refresh(scene.tokens.refresh).error == "invalid_grant"


def test_the_new_one_signs_in_and_the_old_one_does_not(scene: Scene, server: RunningServer) -> None:
    change(scene.owner)
    server.clock.advance(30)
    page = scene.phone.open(signs_in=False)
    page = scene.phone.visitor.submit(page, username="alice", password=PASSWORD)
    assert "not right" in page.alert
    page = scene.phone.visitor.submit(page, username="alice", password=NEW)
    assert "Second factors" in page.html
    assert "Tablet" in page.html


@pytest.mark.attack
def test_whoever_owns_nothing_else_types_the_old_one_again(owner: Owner, server: RunningServer) -> None:
    owner.open()
    server.clock.advance(301)
    assert owner.open("/password", signs_in=False).step == "password"


@pytest.mark.attack
def test_an_old_session_does_not_come_back_with_the_old_form(scene: Scene, server: RunningServer, visit: Visit) -> None:
    """The page of a change, left open while the password is changed elsewhere."""
    page = scene.owner.open(scene.changes["withdraw"])
    form = scene.owner.open("/password")
    scene.owner.post(form, data={**form.form.fields, "new_password": NEW, "repeated": NEW})
    before = state(server)
    answer = scene.owner.post(page)
    assert answer.status in (303, 403)
    assert state(server) == before
