"""What the link of a letter does, once and for its person only; nobody is signed in by it."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from idp.app import create_app
from idp.errors import SettingsError
from idp.factors import breached
from tests.conftest import Log, Start
from tests.outbound.mailbox import Mailbox
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.protocol.links.conftest import NEW, Forgetful, with_mail
from tests.running import RunningServer
from tests.visitor import PASSWORD, Page, Visitor

SET, GONE = "Your password is set", "This link does not work any more"
SignsIn = Callable[..., bool]


def key_of(page: Page) -> str:
    return page.form.fields["key"]


def test_a_new_password_is_chosen_and_is_the_only_one(
    forgetful: Forgetful, signs_in: SignsIn, mailbox: Mailbox, log: Log
) -> None:
    page = forgetful.opened()
    assert page.form.autocomplete["password"] == page.form.autocomplete["repeated"] == "new-password"
    assert 'minlength="15"' in page.html
    assert "onpaste" not in page.html
    assert SET in forgetful.choose(page).html
    assert signs_in("alice", NEW)
    assert not signs_in("alice", PASSWORD)
    assert mailbox.next().message["Subject"] == "Your password was changed"
    assert [e["by"] for e in log.events("user.password_set")] == ["link: reset"]


def test_the_way_goes_on_to_the_portal_in_the_browser_that_came_from_it(
    portal: Portal, visitor: Visitor, forgetful: Forgetful
) -> None:
    page = forgetful.choose(forgetful.opened("alice", portal.send(visitor, state="from-the-portal")))
    page = visitor.get(next(link for link in page.links if "/auth?" in link))
    arrived = visitor.sign_in(page, "alice", NEW)
    assert arrived.parameters()["state"] == "from-the-portal"
    assert "code" in arrived.parameters()


@pytest.mark.attack
def test_the_way_back_is_not_shown_in_another_browser(
    portal: Portal, visitor: Visitor, visit: Callable[..., Visitor], forgetful: Forgetful, mailbox: Mailbox
) -> None:
    link = forgetful.letter("alice", portal.send(visitor)).link
    other = Forgetful(visit(portal.server), mailbox)
    done = other.choose(other.visitor.get(link))
    assert SET in done.html
    assert not [link for link in done.links if "/auth?" in link]


@pytest.mark.attack
def test_opening_a_link_changes_nothing(visit: Callable[..., Visitor], forgetful: Forgetful) -> None:
    link = forgetful.letter().link
    for _ in range(3):
        scanner = visit(forgetful.visitor.server)
        assert scanner.http.head(link).status_code == 200
        assert scanner.get(link).status == 200
        assert scanner.cookies() == {}
    assert SET in forgetful.choose(forgetful.visitor.get(link)).html


@pytest.mark.attack
def test_a_link_signs_nobody_in_and_keeps_the_second_factor(
    portal: Portal, visitor: Visitor, forgetful: Forgetful, administrator: Administrator
) -> None:
    page = forgetful.choose(forgetful.opened("ada", portal.send(visitor)))
    assert "idp-session-demo" not in visitor.cookies()
    assert portal.send(visitor, prompt="none").parameters()["error"] == "login_required"
    assert portal.send(visitor).step == "password"
    page = visitor.submit(portal.send(visitor), username="ada", password=NEW)
    assert page.step == "totp"
    assert len(administrator.people.show("ada").factors) == 1


@pytest.mark.attack
def test_everything_that_stood_on_the_old_password_ends(
    portal: Portal, visit: Callable[..., Visitor], forgetful: Forgetful
) -> None:
    thief = visit(portal.server)
    tokens = portal.sign_in(thief)
    half_way = visit(portal.server)
    totp = half_way.submit(portal.send(half_way), username="ada", password=PASSWORD)
    forgetful.choose(forgetful.opened("alice"))
    forgetful.choose(forgetful.opened("ada"))
    assert portal.refresh(tokens.refresh).error == "invalid_grant"
    assert portal.introspect(tokens.access) == {"active": False}
    assert portal.send(thief, prompt="none").parameters()["error"] == "login_required"
    assert half_way.submit(totp, code=half_way.code("ada")).status == 400


@pytest.mark.attack
def test_wrong_codes_stay_counted_and_wrong_passwords_do_not(
    portal: Portal, visitor: Visitor, forgetful: Forgetful, administrator: Administrator, signs_in: SignsIn
) -> None:
    page = visitor.submit(portal.send(visitor), username="ada", password=PASSWORD)
    visitor.submit(page, code="000000")
    for _ in range(7):
        visitor.submit(portal.send(visitor), username="ada", password="wrong")
    assert "Too many tries" in visitor.submit(portal.send(visitor), username="ada", password=PASSWORD).alert
    forgetful.choose(forgetful.opened("ada"))
    assert administrator.people.show("ada").wrong == 1
    assert visitor.submit(portal.send(visitor), username="ada", password=NEW).step == "totp"


@pytest.mark.attack
def test_a_link_is_used_once(forgetful: Forgetful, signs_in: SignsIn) -> None:
    page = forgetful.opened()
    assert SET in forgetful.choose(page).html
    again = forgetful.choose(page, "yet another horse, or two")
    assert (again.status, GONE in again.html) == (400, True)
    assert signs_in("alice", NEW)


@pytest.mark.attack
@pytest.mark.parametrize("end", ["newer", "late", "password", "disabled", "back again", "factors", "deleted"])
def test_a_link_dies(
    server: RunningServer, forgetful: Forgetful, administrator: Administrator, signs_in: SignsIn, end: str
) -> None:
    page = forgetful.opened()
    match end:
        case "newer":
            server.clock.advance(120)
            forgetful.letter()
        case "late":
            server.clock.advance(1800)
        case "password":
            administrator.set_password("alice", "set by an administrator")
        case "disabled":
            administrator.disable("alice")
        case "back again":
            administrator.disable_for_a_moment("alice")
        case "factors":
            administrator.reset_factors("alice")
        case "deleted":
            administrator.delete("alice")
    assert GONE in forgetful.choose(page).html
    assert not signs_in("alice", NEW)


@pytest.mark.attack
def test_a_key_is_no_code_and_a_code_no_key(forgetful: Forgetful, portal: Portal, visitor: Visitor) -> None:
    page = forgetful.opened()
    key, code = key_of(page), portal.code(visitor, "ada")

    assert portal.redeem(key).error == "invalid_grant"
    assert portal.refresh(key).error == "invalid_grant"
    assert GONE in visitor.submit(page, key=code, password=NEW, repeated=NEW).html
    assert portal.redeem(code).status == 200
    assert SET in forgetful.choose(page).html


@pytest.mark.attack
def test_nothing_but_the_whole_key_is_a_key(forgetful: Forgetful, portal: Portal, visitor: Visitor) -> None:
    page = forgetful.opened()
    key = key_of(page)
    code = portal.sign_in(visitor, "alice").access
    wrong = [
        "",
        key[:-1],
        key + "A",
        key.swapcase(),
        key[::-1],
        f"{key}\n",
        code,
        page.form.fields["key"][: len(key) // 2],
    ]
    for value in wrong:
        answer = visitor.submit(page, key=value, password=NEW, repeated=NEW)
        assert (answer.status, GONE in answer.html) == (400, True), value
    assert SET in forgetful.choose(page).html


@pytest.mark.attack
def test_a_form_of_another_site_sets_nothing(forgetful: Forgetful, signs_in: SignsIn) -> None:
    page = forgetful.opened()
    data = {**page.form.fields, "password": NEW, "repeated": NEW}
    answer = forgetful.visitor.post(page.form.action, data, headers={"sec-fetch-site": "cross-site"})
    assert answer.status == 403
    assert signs_in("alice", PASSWORD)


@pytest.mark.parametrize(
    ("password", "repeated", "told"),
    [
        pytest.param("short", None, "at least 15 characters", id="short"),
        pytest.param("", None, "Something is missing", id="empty"),
        pytest.param("123456789012345", None, "data breach", id="breached"),
        pytest.param("Alice Developer 1", None, "little more than your name", id="name"),
        pytest.param("x7" * 10, None, "only repeats", id="repeated"),
        pytest.param("x" * 1025, None, "too long", id="long"),
        pytest.param(NEW, NEW + "!", "not the same", id="differs"),
    ],
)
def test_a_bad_password_is_told_and_the_link_stays_good(
    forgetful: Forgetful, password: str, repeated: str | None, told: str
) -> None:
    page = forgetful.choose(forgetful.opened(), password, repeated)
    assert told in page.alert
    assert SET in forgetful.choose(page).html


def test_the_longer_list_of_an_operator_holds_here_too(
    start: Start, visit: Callable[..., Visitor], mailbox: Mailbox, tmp_path: Path
) -> None:
    listed = tmp_path / "list.bin"
    listed.write_bytes(breached.HEADER + b"".join(breached.of_passwords([NEW, "some other words"])))
    server = start(with_mail(mailbox), breached_passwords=listed)
    forgetful = Forgetful(visit(server), mailbox)
    assert "data breach" in forgetful.choose(forgetful.opened()).alert


def test_a_list_that_cannot_be_read_is_told_at_the_start(server: RunningServer, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no list of breached passwords"):
        create_app(replace(server.settings, breached_passwords=tmp_path / "none.bin"))


@pytest.mark.attack
def test_no_key_is_in_the_log_the_database_or_a_referrer(
    forgetful: Forgetful, log: Log, administrator: Administrator
) -> None:
    logging.getLogger().setLevel(logging.DEBUG)
    page = forgetful.opened()
    key = key_of(page)
    assert page.response.headers["referrer-policy"] == "no-referrer"
    assert page.response.headers["cache-control"] == "no-store"
    assert key not in administrator.everything()
    forgetful.choose(page, "short")
    forgetful.choose(page)
    forgetful.choose(page)
    ours = [line for line in log.lines if json.loads(line).get("logger", "idp").startswith("idp")]
    assert [line for line in ours if key in line or NEW in line] == []
    assert parse_qs(urlsplit(str(page.response.url)).query)["key"] == [key]
